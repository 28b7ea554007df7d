"""A gate is told to people and to machines, whatever labels and annotations hold."""

import json
import xml.etree.ElementTree as ET

import msgspec

from alertdrill.gate import CaseVerdict, Change, Gated, Kind, markdown, tell
from alertdrill.model import Verdict

CHANGES = (
    Change(
        alert="A",
        kind=Kind.NOW_FIRES,
        case="pods/crash-loop",
        severity="critical",
        sentence="A fires now, first at 1h",
        details=('now: A{name="|<b>@all\x1b[31m"} from 1h on',),
        place="rules/a.yaml:3",
    ),
    Change(alert="B", kind=Kind.UNSEEN, sentence="B was changed", approved="It is *wanted*."),
)
GATED = Gated(
    changes=CHANGES,
    cases=(CaseVerdict(case="pods/crash-loop", old=Verdict.PASS, new=Verdict.FAIL),),
    same=("C was changed, and does the same where it is active: pods/crash-loop",),
    notes=("gate.txt:1: this approval approves nothing that changed; remove it",),
)


def test_a_terminal_gets_a_paragraph_each() -> None:
    """Those that wake people come first, and the last line counts."""
    said = tell.text(GATED).splitlines()
    assert "now-fires       A (critical)  [pods/crash-loop]" == said[0]
    assert "FAIL: 1 now-fires, 1 unseen; 1 of 2 not approved; cases they were held against: 1" == said[-1]
    assert "\x1b" not in tell.text(GATED)


def test_a_comment_is_a_table_with_its_details_folded() -> None:
    """What labels hold is shown as it is: it ends no cell, mentions nobody and is no markup."""
    said = markdown.markdown(GATED)
    assert r"| A | critical | **fires now** | pods/crash-loop | **no** |" in said
    assert r"| B |  | changed, not seen | rules | It is \*wanted\*. |" in said
    assert r'{name="\|\<b\>\@all\\x1b\[31m"\}' in said
    assert 3 == said.count("<details>") == said.count("</details>")


def test_a_comment_fits_where_it_goes() -> None:
    """However much changed, the table and the cut are there."""
    many = Gated(changes=CHANGES * 500)
    said = markdown.markdown(many)
    assert len(said) < 65_536
    assert ("and 900 more" in said, "Details are cut here" in said) == (True, True)


def test_machines_get_all_of_it() -> None:
    """JSON has every change with its approval, and JUnit a case for each."""
    data = json.loads(tell.as_json(GATED))
    assert ("fail", ["", "It is *wanted*."]) == (
        data["verdict"],
        [one["approved"] for one in data["changes"]],
    )
    suite = ET.fromstring(tell.junit(GATED))
    assert ("2", "1", "0") == tuple(suite.get(name) for name in ("tests", "failures", "errors"))
    unseen = Gated(changes=(msgspec.structs.replace(CHANGES[1], approved=""),))
    assert "1" == ET.fromstring(tell.junit(unseen)).get("errors")


def test_nothing_is_told_as_nothing() -> None:
    """A gate with no change passes and says on what."""
    assert "PASS: nothing that alerts do has changed; both say the same" == tell.text(Gated(changes=()))
    assert "### PASS: nothing that alerts do has changed; both say the same\n" == markdown.markdown(
        Gated(changes=())
    )
    assert "1" == ET.fromstring(tell.junit(Gated(changes=()))).get("tests")
