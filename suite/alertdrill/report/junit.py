"""Verdicts as JUnit XML: fail is a failure, unknown an error."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from alertdrill.model import Judgement, Verdict
from alertdrill.report import text
from alertdrill.report.printable import printable

TAGS = {Verdict.FAIL: "failure", Verdict.UNKNOWN: "error"}


def render(judgements: Sequence[Judgement]) -> str:
    """Return a test suite with a case per scenario; its time is the live seconds that were watched."""
    verdicts = [judgement.verdict for judgement in judgements]
    suite = ET.Element(
        "testsuite",
        name="alertdrill",
        tests=str(len(verdicts)),
        failures=str(verdicts.count(Verdict.FAIL)),
        errors=str(verdicts.count(Verdict.UNKNOWN)),
        skipped="0",
    )
    for judgement in judgements:
        suite.append(_case(judgement))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(judgement: Judgement) -> ET.Element:
    group, _, name = judgement.scenario.rpartition("/")
    case = ET.Element(
        "testcase", classname=printable(group), name=printable(name), time=f"{_live_seconds(judgement):.3f}"
    )
    objections = [finding for finding in judgement.findings if finding.verdict is not Verdict.PASS]
    if judgement.verdict is not Verdict.PASS:
        first = objections[0].sentence if objections else judgement.verdict.value
        told = ET.SubElement(case, TAGS[judgement.verdict], message=printable(first))
        told.text = printable("\n".join(finding.sentence for finding in objections))
    ET.SubElement(case, "system-out").text = text.render([judgement])
    return case


def _live_seconds(judgement: Judgement) -> float:
    times = [change.t for life in judgement.lives for change in life.changes]
    return max([0.0, *times]) / (judgement.speed or 1)
