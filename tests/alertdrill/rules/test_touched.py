"""What rules touch is told by their trees, through the recording rules they read."""

import pytest

from alertdrill import rules
from alertdrill.rules import touched


def ruled(*expressions: str) -> rules.RuleSet:
    """Return rules r0, r1 and so on, each a recording rule."""
    lines = [f"{{record: 'r{i}', expr: '{one}'}}" for i, one in enumerate(expressions)]
    text = f"groups: [{{name: g, rules: [{', '.join(lines)}]}}]"
    return rules.RuleSet(files={"r.yaml": rules.parse(text, "r.yaml")})


def test_every_selector_is_told_once_without_its_place_in_time() -> None:
    """What the rules make themselves is not among them, nor are alerts; a pattern is."""
    found = ruled(
        'max_over_time(a{b="c"}[5m:1m] offset 1h) + a{b="c"} @ 5', "r0 + ALERTS", '{__name__=~"x.*"} > d'
    )
    assert ('a{b="c"}', "d", '{__name__=~"x.*"}') == touched.selectors(found)
    assert ("ALERTS", "a", "d", "r0") == touched.metrics(found)


@pytest.mark.parametrize(
    ("expressions", "seconds"),
    [
        (("a",), 300),
        (("rate(a[5m])", "a offset 1h"), 3900),
        (("a offset -1h",), 300),
        (("max_over_time(rate(a[5m] offset 1m)[1h:1m] offset 1m)",), 300 + 300 + 60 + 3600 + 60),
        (("rate(a[10m])", "max_over_time(r0[1h])"), 300 + 3600 + 300 + 600),
        (("r1 + a", "r0"), 900),
    ],
)
def test_how_far_rules_look_back(expressions: tuple[str, ...], seconds: float) -> None:
    """Ranges and offsets add up on the way to a series, through other rules, too; no circle is endless."""
    assert seconds == touched.looks_back(ruled(*expressions), 300)


def test_what_can_not_be_read_is_not_known() -> None:
    """Where only Prometheus reads an expression, nobody here can tell all that it touches."""
    assert touched.metrics(ruled("a", "a +")) is None


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(a[1h]) > 0 and max_over_time(a[2h]) > 0", 0),
        ("changes(a[10m]) == 0 and delta(b[5m] offset 10m) < 1", 900),
        ("r0 > 0", 1200),
        ("r1 > 0", 1200),
    ],
)
def test_how_long_alerts_watch_whether_something_moves(expression: str, seconds: float) -> None:
    """Through recording rules, too, and no circle is endless; a rate and a level are another question."""
    text = f"""
    groups:
      - name: g
        rules:
          - {{record: r0, expr: "resets(a[20m]) + r1"}}
          - {{record: r1, expr: "r0 * 2"}}
          - {{alert: A, expr: "{expression}"}}
          - {{alert: B, expr: "changes(a[3h]) > 0"}}
    """
    stated = rules.RuleSet(files={"r.yaml": rules.parse(text, "r.yaml")})
    assert seconds == touched.watches(stated, {"A"})


def test_an_alert_reads_what_its_recording_rules_read() -> None:
    """Of what is made in two ways both are read, no circle is endless, and other alerts' are left out."""
    text = """
    groups:
    - name: g
      rules:
      - {alert: A, expr: 'made / made > on (x) made2 and a{b="c"} offset 5m and ALERTS'}
      - {alert: B, expr: other}
      - {record: made, expr: 'rate(b[5m]) + made2'}
      - {record: made, expr: c}
      - {record: made2, expr: made + made2}
    """
    read = touched.read_by("A", [rule for group in rules.parse(text, "r.yaml") for rule in group.rules])
    assert {'a{b="c"}': "a", "ALERTS": "ALERTS", "b": "b", "c": "c"} == read
