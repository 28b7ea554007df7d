"""The same for build servers, as JUnit: a failure for each object that drifted, an error for each trouble."""

from xml.etree import ElementTree as ET

from kubediff.report import text
from kubediff.report.characters import printable
from kubediff.results import Verdict


def render(verdict: Verdict) -> str:
    """Return a verdict as a JUnit suite."""
    drifted, troubles, ignored = verdict.drift, verdict.troubles, verdict.ignored
    suite = ET.Element(
        "testsuite",
        name="kubediff",
        tests=str(max(verdict.checked, len(drifted) + len(ignored)) + len(troubles)),
        failures=str(len(drifted)),
        errors=str(len(troubles)),
        skipped=str(len(ignored)),
    )
    for item in drifted:
        case = _case(suite, item.subject.kind, str(item.subject))
        failure = ET.SubElement(case, "failure", message=text.SENTENCES[item.state])
        failure.text = printable("\n".join(text.paragraph(item)))
    for item in ignored:
        ET.SubElement(
            _case(suite, item.subject.kind, str(item.subject)), "skipped", message="ignored by rules"
        )
    for trouble in troubles:
        ET.SubElement(_case(suite, "kubediff", trouble.where), "error", message=printable(trouble.sentence))
    if not len(suite):
        _case(suite, "kubediff", text.headline(verdict))
    ET.indent(suite)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{ET.tostring(suite, encoding='unicode')}\n"


def _case(suite: ET.Element, group: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=f"kubediff.{printable(group)}", name=printable(name))
