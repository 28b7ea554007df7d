"""The page on the gate, followed from an empty folder."""

import re
import subprocess
from pathlib import Path

import pytest

from alertdrill import data
from alertdrill.machine import tools
from e2e import document

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAGE = data.CHECKOUT / "docs" / "gate.md"
SHOWN = re.compile(r"(?<=<!-- gate -->\n```text\n).*?(?=\n```\n<!-- /gate -->)", re.DOTALL)


def test_the_page_leads_where_it_says(tmp_path: Path) -> None:
    """Each command ends as it says, the gate's words are those shown, and promtool passes the export."""
    words = {"ALERTDRILL": str(data.CHECKOUT), "GIT_CONFIG_GLOBAL": "/dev/null"}
    printed = document.follow(tmp_path, frozenset({"here"}), page=PAGE, more=words)
    (shown,) = SHOWN.findall(PAGE.read_text())
    assert shown in printed
    assert "approved: With the old window it could not fire at all." in printed
    assert {"gate.md", "gate.xml"} <= {one.name for one in tmp_path.iterdir()}
    (test,) = tmp_path.glob("regression/*.test.yaml")
    command = [str(tools.promtool()), "test", "rules", str(test)]
    assert 0 == subprocess.run(command, capture_output=True, check=False).returncode
