"""The same for code review, as SARIF 2.1.0: each difference at the line of its manifest."""

from typing import Any

import msgspec

from exporter_kit.version import VERSION
from kubediff.report import text
from kubediff.results import Difference, Item, Place, Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RULES = {
    "differs": "A value in the cluster is not as the manifest says.",
    "missing": "An object or value of the manifest is not in the cluster.",
    "extra": "Something in the cluster is not in the manifests.",
}
RULE_OF = {"changed": "differs", "order": "differs", "missing": "missing"}


def render(verdict: Verdict) -> str:
    """Return a verdict as a SARIF log; what could not be told makes the run unsuccessful."""
    results = [found for item in verdict.drift for found in _of_item(item, suppressed=False)]
    results += [found for item in verdict.ignored for found in _of_item(item, suppressed=True)]
    notes = [{"level": "error", "message": {"text": str(trouble)}} for trouble in verdict.troubles]
    rules = [{"id": name, "shortDescription": {"text": said}} for name, said in RULES.items()]
    run = {
        "tool": {"driver": {"name": "kubediff", "version": VERSION, "rules": rules}},
        "invocations": [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
        "results": results,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _of_item(item: Item, *, suppressed: bool) -> list[dict[str, Any]]:
    if not item.differences:
        said = f"{item.subject} {text.SENTENCES[item.state]}"
        return [_result(item.state, said, item, "", item.place, suppressed=suppressed)]
    return [
        _result(
            RULE_OF.get(each.what, "extra"),
            _sentence(item, each),
            item,
            each.path,
            each.place,
            suppressed=suppressed,
        )
        for each in item.differences
    ]


def _sentence(item: Item, each: Difference) -> str:
    by = f", by {each.author}" if each.author else ""
    return f"{item.subject} {each.path}: {each.what}, want {each.want}, have {each.have}{by}"


def _result(
    rule: str, said: str, item: Item, path: str, place: Place | None, *, suppressed: bool
) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": f"{item.subject} {path}".rstrip(), "kind": "resource"}]
    }
    if place and not place.file.startswith("("):
        location["physicalLocation"] = {
            "artifactLocation": {"uri": place.file},
            "region": {"startLine": place.line},
        }
    result: dict[str, Any] = {
        "ruleId": rule,
        "level": "warning",
        "message": {"text": said},
        "locations": [location],
        "partialFingerprints": {"kubediff/v1": f"{item.subject} {path}".rstrip()},
    }
    if suppressed:
        result["suppressions"] = [{"kind": "external"}]
    return result
