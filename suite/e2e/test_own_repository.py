"""The page on rules of one's own, followed from an empty folder to verdicts, as somebody new would."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill import data, lab
from alertdrill.progress import Progress
from e2e import document

EVERY = frozenset({"install", "here", "live"})


@pytest.fixture
def name(pytestconfig: pytest.Config) -> Iterator[str]:
    """Yield the name of the lab that the page is followed with; whatever happens, it is gone after."""
    named = str(pytestconfig.getoption("drill_name") or pytestconfig.getini("drill_name"))
    yield named
    lab.down(named, Progress())


def test_the_page_leads_to_verdicts(name: str, tmp_path: Path) -> None:
    """Every command ends well; each scenario of the example passes, and one of them in pytest, too."""
    more = {"ALERTDRILL": str(data.CHECKOUT)}
    printed = document.follow(tmp_path, EVERY, words=lambda text: typed(text, name), more=more)
    verdicts = sorted(re.findall(r"^(PASS|FAIL|UNKNOWN) +(\S+)", printed, re.MULTILINE))
    names = ["all-lost", "moved", "one-lost", "one-lost"]
    assert [("PASS", f"checkout/{one}") for one in names] == verdicts, printed
    assert "1 passed, 2 deselected" in printed


def typed(text: str, name: str) -> str:
    """Return the commands as typed by somebody whose lab has another name than the usual one."""
    named = re.sub(
        r"^alertdrill (up|down|play(?= --rules))", rf"alertdrill \1 --name {name}", text, flags=re.MULTILINE
    )
    return re.sub(r"^pytest -k", f"pytest --drill-name {name} -k", named, flags=re.MULTILINE)
