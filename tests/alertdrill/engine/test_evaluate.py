"""Rules over samples: order, names, labels, texts and states are those of Prometheus."""

import json
import re
from collections.abc import Mapping

import pytest
import requests

from alertdrill import rules
from alertdrill.engine import Engine, Evaluated, Window, evaluate
from alertdrill.incident import STALE, Series
from alertdrill.model import AlertState

START = 1_600_000_000  # a multiple of ten
ASKED = re.compile(
    r'^prometheus_http_requests_total\{code="200",handler="/api/v1/query_range"\} (\d+)$', re.MULTILINE
)
LETTERS = {AlertState.PENDING: "p", AlertState.FIRING: "f", AlertState.INACTIVE: "."}


def write(engine: Engine, name: str, values: str, **labels: str) -> None:
    """Write a sample every 10 s, one digit each; "_" is none and "x" a staleness marker."""
    there = [(i, v) for i, v in enumerate(values) if v != "_"]
    engine.write(
        [
            Series(
                labels={"__name__": name, **labels},
                timestamps=tuple((START + 10 * i) * 1000 for i, _ in there),
                values=tuple(STALE if v == "x" else float(v) for _, v in there),
            )
        ]
    )


def said(engine: Engine, text: str, evaluations: int = 8, **more: object) -> Evaluated:
    """Evaluate rules every 10 s."""
    window = Window(start=START, end=START + 10 * (evaluations - 1), interval=10)
    read = rules.RuleSet(files={"r.yaml": rules.parse(text, "r.yaml")})
    return evaluate(engine, read, window, **more)  # type: ignore[arg-type]


def states(found: Evaluated, evaluations: int = 8) -> dict[str, str]:
    """Write the state of each instance at each evaluation as a letter, by alert and labels."""
    written = {}
    for alert in found.alerts:
        assert not alert.trouble
        for one in alert.instances:
            line, state, changes = "", ".", list(one.changes)
            for i in range(evaluations):
                while changes and changes[0].t <= START + 10 * i:
                    state = LETTERS[changes.pop(0).state]
                line += state
            labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
            written[f"{alert.rule.name} {labels}".strip()] = line
    return written


def rule(alert: str, expr: str, **fields: object) -> dict[str, object]:
    """Return an alerting rule; `hold` is its `for`."""
    return {"alert": alert, "expr": expr, **{name.replace("hold", "for"): v for name, v in fields.items()}}


def group(*of: Mapping[str, object], name: str = "g", **fields: object) -> str:
    """Return a rule file of one group, as JSON is YAML."""
    return json.dumps({"groups": [{"name": name, **fields, "rules": list(of)}]})


def test_pending_firing_resolved(shared: Engine) -> None:
    """An alert waits for its `for`, is kept for its `keep_firing_for`, and each instance has a life."""
    write(shared, "lives", "01111000", a="1")
    write(shared, "lives", "01101100", a="2")
    text = group(rule("A", "lives > 0", hold="20s", keep_firing_for="20s"))
    assert {"A a=1": ".ppfffff"[:5] + "ff.", "A a=2": ".pp.pp.."} == states(said(shared, text))


def test_a_recording_rule_is_read_by_what_comes_after_it(shared: Engine) -> None:
    """Its series are there at the same evaluation with the rule's labels, and end where its result does."""
    write(shared, "source", "0110x___", a="1")
    record = {"record": "recorded:source", "expr": "sum by (a) (source) > 0", "labels": {"b": "2"}}
    text = group(record, rule("A", 'recorded:source{b="2"}'))
    assert {"A a=1,b=2": ".ff....."} == states(said(shared, text))


def test_rules_of_one_expression_are_asked_once(shared: Engine) -> None:
    """What differs in `for`, labels and annotations only is evaluated once, also behind a recording rule."""
    write(shared, "tiers", "01111000")
    record = {"record": "recorded:tiers", "expr": "tiers"}
    text = group(
        record,
        *(rule(f"A{hold}", "tiers > 0", hold=f"{hold}s", labels={"for": str(hold)}) for hold in (0, 10, 20)),
        *(rule(f"B{hold}", "recorded:tiers > 0", hold=f"{hold}s") for hold in (0, 10, 20)),
    )
    lives = [".ffff...", ".pfff...", ".ppff..."]
    before = asked(shared)
    found = states(said(shared, text))
    assert 3 == asked(shared) - before
    assert {
        **{f"A{hold} for={hold}": life for hold, life in zip((0, 10, 20), lives, strict=True)},
        **{f"B{hold}": life for hold, life in zip((0, 10, 20), lives, strict=True)},
    } == found


def asked(engine: Engine) -> int:
    """Return how many questions about a time the engine has answered, as it counts them itself."""
    metrics = requests.get(f"{engine.url}/metrics", timeout=10).text
    (count,) = ASKED.findall(metrics)
    return int(count)


def test_who_stands_before_a_rule_reads_what_it_made_a_round_ago(shared: Engine) -> None:
    """Rules of a group are evaluated in order."""
    write(shared, "early", "0110x___")
    text = group(rule("A", "recorded:early > 0"), {"record": "recorded:early", "expr": "early"})
    assert {"A": "..ff...."} == states(said(shared, text))


def test_a_recorded_name_that_is_there_already_is_not_mixed_in(shared: Engine) -> None:
    """With a tag the rule's own result is read, and not what the data has under its name."""
    write(shared, "there:before", "11111111")
    write(shared, "there", "00110000")
    text = group({"record": "there:before", "expr": "there > 0"}, rule("A", "there:before"))
    assert {"A": "..ff...."} == states(said(shared, text, tag="new:"))


def test_rules_may_read_alerts(shared: Engine) -> None:
    """ALERTS and ALERTS_FOR_STATE have what Prometheus writes of the alerts evaluated before."""
    write(shared, "inner", "01111000")
    text = group(
        rule("A", "inner > 0", hold="20s"),
        rule("Pending", "ALERTS{alertname='A',alertstate='pending'}"),
        rule("Firing", "ALERTS{alertname='A',alertstate='firing'}"),
        rule("Since", f"ALERTS_FOR_STATE{{alertname='A'}} == {START + 10}"),
    )
    found = states(said(shared, text))
    lines = {name.split()[0]: line for name, line in found.items()}
    assert {"A": ".ppff...", "Pending": ".ff.....", "Firing": "...ff...", "Since": ".ffff..."} == lines


def test_an_alert_that_reads_others_by_their_labels_does_not_read_itself(shared: Engine) -> None:
    """One that inhibits by severity, and has another one, is evaluated like any other."""
    write(shared, "informs", "01111000")
    text = group(
        rule("Info", "informs > 0", labels={"severity": "info"}),
        rule("Inhibitor", 'max(ALERTS{severity="info"})', labels={"severity": "none"}),
    )
    assert {"Info severity=info": ".ffff...", "Inhibitor severity=none": ".ffff..."} == states(
        said(shared, text)
    )


def test_labels_and_annotations_are_those_of_prometheus(shared: Engine) -> None:
    """Templates see the labels, the value and what they ask for as they were at the evaluation."""
    write(shared, "told", "00120000", a="x")
    write(shared, "asked", "11345555")
    annotations = {
        "value": "{{ $value | humanize }} of {{ $labels.a | toUpper }}",
        "asked": '{{ with query "asked" }}{{ . | first | value }}{{ end }} {{ now }}',
        "broken": "{{ humanize $labels.a }}",
    }
    text = group(
        rule("A", "told > 0", hold="10s", labels={"who": "{{ $labels.a }}", "a": ""}, annotations=annotations)
    )
    (one,) = said(shared, text).alerts[0].instances
    assert {"who": "x"} == one.labels
    assert ("2 of X", "4 1.60000003e+09") == (one.annotations["value"], one.annotations["asked"])
    assert one.annotations["broken"].startswith("<error expanding template")


def test_a_label_that_changes_is_another_instance(shared: Engine) -> None:
    """A value in a label starts `for` anew with each value."""
    write(shared, "labelled", "01112200")
    text = group(rule("A", "labelled > 0", hold="10s", labels={"v": "{{ $value }}"}))
    assert {"A v=1": ".pff....", "A v=2": "....pf.."} == states(said(shared, text))


def test_a_group_has_its_own_interval_and_offset(shared: Engine) -> None:
    """A group is evaluated when it says, and looks as far back as it says."""
    write(shared, "own", "00110000")
    found = said(shared, group(rule("A", "own > 0"), interval="20s", query_offset="10s"))
    assert [(40, "f"), (60, ".")] == [
        (round(one.t - START), LETTERS[one.state]) for one in found.alerts[0].instances[0].changes
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (group(rule("A", "label_replace(twice, 'a', '', '', '')")), "same labelset|vector cannot contain"),
        (group(rule("A", "twice", labels={"a": ""})), "two of its results have the same labels"),
        (group(rule("A", "twice"), limit=1), "it makes 2 at once, and its group has limit: 1"),
        (
            group({"record": "x:y", "expr": "x:y + 1"}, rule("A", "x:y")),
            "it reads x:y, of which nothing is known",
        ),
    ],
)
def test_what_prometheus_could_not_evaluate_is_told(shared: Engine, text: str, why: str) -> None:
    """Nothing is said of a rule that fails, nor of one that reads itself or such a one."""
    write(shared, "twice", "11111111", a="1")
    write(shared, "twice", "11111111", a="2")
    (alert,) = said(shared, text).alerts
    assert () == alert.instances
    assert re.search(why, alert.trouble)
