"""What changed, as text for a terminal, as JSON, and as JUnit."""

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import msgspec

from alertdrill.gate.values import Change, Gated, Kind
from alertdrill.model import Verdict
from alertdrill.report.printable import printable

UNTOLD = frozenset({Kind.UNKNOWN, Kind.UNSEEN})


def text(gated: Gated) -> str:
    """Return a paragraph per change, those that wake people first, and a line that counts."""
    paragraphs = ["\n".join(_paragraph(one)) for one in gated.changes]
    rest = [*(f"same: {one}" for one in gated.same), *(f"note: {one}" for one in gated.notes)]
    return printable("\n\n".join(filter(None, [*paragraphs, "\n".join(rest), summary(gated)])))


def summary(gated: Gated) -> str:
    """Say in one line what came out."""
    verdict = gated.verdict.value.upper()
    held = f"cases they were held against: {len(gated.cases)}"
    if not gated.changes:
        why = held if gated.cases else "both say the same"
        return f"{verdict}: nothing that alerts do has changed; {why}"
    counts = Counter(one.kind for one in gated.changes)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in Kind if counts[kind])
    open_ = sum(not one.approved for one in gated.changes)
    return f"{verdict}: {told}; {open_} of {len(gated.changes)} not approved; {held}"


def _paragraph(change: Change) -> Iterator[str]:
    where = change.case or "rules"
    severity = f" ({change.severity})" if change.severity else ""
    yield f"{change.kind:<16}{change.alert or change.case}{severity}  [{where}]"
    yield f"    {change.sentence}"
    if change.place:
        yield f"    {change.place}"
    yield from (f"    {line}" for line in change.details)
    if change.approved:
        yield f"    approved: {change.approved}"


def as_json(gated: Gated) -> str:
    """Return {"verdict", "changes", "cases", "same", "notes"}, indented, with keys in a stable order."""
    whole = {"verdict": gated.verdict, **{name: getattr(gated, name) for name in Gated.__struct_fields__}}
    return msgspec.json.format(msgspec.json.encode(whole, order="deterministic"), indent=2).decode()


def junit(gated: Gated) -> str:
    """Return a test suite with a case per change; one that is approved passes."""
    refused = [one for one in gated.changes if not one.approved]
    untold = [one for one in refused if one.kind in UNTOLD]
    suite = ET.Element(
        "testsuite",
        name="alertdrill gate",
        tests=str(max(len(gated.changes), 1)),
        failures=str(len(refused) - len(untold)),
        errors=str(len(untold)),
        skipped="0",
    )
    for one in gated.changes:
        name = f"{one.alert or one.case} {one.kind} in {one.case or 'rules'}"
        case = ET.SubElement(suite, "testcase", classname="gate", name=printable(name), time="0")
        if not one.approved:
            tag = "error" if one.kind in UNTOLD else "failure"
            ET.SubElement(case, tag, message=printable(one.sentence)).text = printable(
                "\n".join(_paragraph(one))
            )
        else:
            ET.SubElement(case, "system-out").text = printable("\n".join(_paragraph(one)))
    if not gated.changes:
        case = ET.SubElement(suite, "testcase", classname="gate", name="nothing has changed", time="0")
        ET.SubElement(case, "system-out").text = printable(summary(gated))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def lines_by_case(gated: Gated) -> Iterator[str]:
    """Yield what each scenario's verdict was and is, where that differs or is no pass."""
    for one in gated.cases:
        if one.old is not one.new or one.new is not Verdict.PASS:
            yield f"{one.case}: {one.old.value} before, {one.new.value} now"
