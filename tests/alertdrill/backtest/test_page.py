"""The page on backtests is followed, before a real Prometheus."""

import re
from pathlib import Path

import pytest

from alertdrill import data

from ..pages import commands, files, run, write
from .conftest import Past

BACKTEST = data.CHECKOUT / "docs" / "backtest.md"


def test_the_page_on_backtests_can_be_followed(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command of it runs against a real Prometheus, and ends as the page says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    for name, text in files(BACKTEST).items():
        write(tmp_path, name, text)
    ended = []
    for words in commands(BACKTEST):
        here = [past.prometheus.url if word == "http://localhost:9090" else word for word in words]
        here = ["1h" if word == "7d" else word for word in here]
        ended.append(run(here))
    assert [0, 0, 0, 0] == [one.exit_code for one in ended], [one.output for one in ended]
    assert "in chunks as the server has them" in ended[0].stdout
    assert "fired  for  longest  alert" in re.sub(" +", "  ", ended[1].stdout)
    assert "for: 1s  for: 5s  for: 1m  alert" in re.sub("  +", "  ", ended[2].stdout)
