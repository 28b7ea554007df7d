"""Dashboards show something: every query of every panel has data in the drill that was just played."""

import json
from typing import Any

import pytest

from alertdrill import data
from alertdrill import lab as labs
from alertdrill.incident import Incident

BOARDS = sorted(data.path("manifests", "base", "dashboards").glob("*.json"))
QUERIES = [
    (board.stem, panel["title"], target["expr"])
    for board in BOARDS
    for panel in json.loads(board.read_text())["panels"]
    for target in panel["targets"]
]
LATELY = "20m"  # the scenarios of this session, long or short


@pytest.mark.parametrize(("board", "title", "query"), QUERIES, ids=lambda value: str(value)[:40])
def test_a_panel_shows_something(
    board: str, title: str, query: str, drill_lab: labs.Lab, incidents: dict[str, Incident]
) -> None:
    """What the drill breaks, and what watches it, can be seen on each panel."""
    assert incidents, "nothing was played before"
    found: list[dict[str, Any]] = drill_lab.prometheus().query(f"last_over_time(({query})[{LATELY}:10s])")
    assert found, f"{board}: {title}: {query} has no data"
