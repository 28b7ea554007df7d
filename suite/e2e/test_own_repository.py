"""The page on rules of one's own, followed from an empty folder to verdicts, in this session's lab.

It comes first in the session: who follows the page shares the lab by its name, and so waits while others
play in it.
"""

import re
from pathlib import Path

from e2e import document


def test_the_page_leads_to_verdicts(standing_lab: str, tmp_path: Path) -> None:
    """Every live command ends well, and each scenario of the example passes, played alone and by pytest."""
    printed = document.follow(tmp_path, frozenset({"live"}), words=lambda text: typed(text, standing_lab))
    verdicts = sorted(re.findall(r"^(PASS|FAIL|UNKNOWN) +(\S+)", printed, re.MULTILINE))
    names = ["all-lost", "moved", "one-lost", "one-lost"]
    assert [("PASS", f"checkout/{name}") for name in names] == verdicts, printed
    assert "1 passed, 2 deselected" in printed


def typed(text: str, lab: str) -> str:
    """Return the commands as typed for this session's lab, which is up, and stays."""
    kept = [line for line in text.splitlines() if line not in {"alertdrill up", "alertdrill down"}]
    named = [line.replace("alertdrill play", f"alertdrill play --name {lab}") for line in kept]
    return "\n".join(line.replace("pytest ", f"pytest --drill-name {lab} ") for line in named) + "\n"
