"""What a `pace.yaml` beside rule files declares, and what is said of one that is wrong."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertdrill import compress, rules
from alertdrill.errors import RulesError
from alertdrill.rules import BadRulesError, Declaration, pace

RULES = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'rate(shop_orders_total[5m]) > 0.5'}\n"
ORDERS = """metrics:
  - metric: shop_orders_total
    is: paced-by-lab
    reason: The load of our scenarios is scaled with the lab.
"""


def folder(tmp_path: Path, declared: str) -> Path:
    """Return a folder with a rule file and this `pace.yaml`."""
    (tmp_path / "mine.rules.yaml").write_text(RULES)
    (tmp_path / "pace.yaml").write_text(declared)
    return tmp_path


def sentences(text: str) -> list[str]:
    """Return what is wrong with a file of declarations."""
    return [str(problem) for problem in pace.parse(text, "pace.yaml")[1]]


def test_what_is_declared_decides_how_a_rule_is_scaled(tmp_path: Path) -> None:
    """A workload whose load follows the lab has k times the rate there, and the claim says who said so."""
    after = compress.compress(rules.load([folder(tmp_path, ORDERS)]), 20)
    (claim,) = after.claims
    assert ["rate(shop_orders_total[15s]) > 10"] == [rule.expr for rule in after.rules.rules]
    assert ("paced-by-lab", True, False) == (claim.kind, claim.declared, claim.is_guess)
    assert claim.why.endswith(f"({tmp_path / 'pace.yaml'}:2)")


def test_a_declaration_that_nothing_needs_is_told(tmp_path: Path) -> None:
    """It may be a name that was mistyped."""
    other = ORDERS.replace("shop_orders_total", "shop_order_total")
    (unused,) = compress.compress(
        rules.load([folder(tmp_path, ORDERS + other.partition("\n")[2])]), 20
    ).unused
    assert "no rule needs to know what shop_order_total is; remove this, or mend the name" == (
        compress.why_unused(unused)
    )


def test_what_the_lab_paces_can_not_be_declared_otherwise(tmp_path: Path) -> None:
    """The list of what a lab paces is closed: whoever declares one of it is told."""
    text = RULES.replace("shop_orders_total", "k8s_pod_status_restartCount")
    there = folder(tmp_path, ORDERS.replace("shop_orders_total", "k8s_pod_status_restartCount"))
    (there / "mine.rules.yaml").write_text(text)
    (unused,) = compress.compress(rules.load([there]), 20).unused
    assert "the lab paces k8s_pod_status_restartCount, whatever is declared" in compress.why_unused(unused)


def test_a_damaged_file_refuses_the_rules_beside_it(tmp_path: Path) -> None:
    """Nothing is scaled by what could not be read."""
    with pytest.raises(BadRulesError, match=r"pace.yaml:2: this gives no reason"):
        rules.load([folder(tmp_path, ORDERS.partition("    reason")[0])])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "pace.yaml:1: nothing is declared here; write `metrics:` with a list, or remove the file"),
        ("metrics: []", "pace.yaml:1: nothing is declared here"),
        ("- a", "pace.yaml:1: here must be a mapping"),
        ("metrics: {a", "pace.yaml:1: this is no YAML"),
        ("metrics:\n- {is: own-pace, reason: r}", "pace.yaml:2: this names no metric"),
        ("metrics:\n- {metric: a, pattern: b, is: own-pace, reason: r}", "write either `metric:` or"),
        ("metrics:\n- {metric: 'a b', is: own-pace, reason: r}", "'a b' is no metric name"),
        ("metrics:\n- {metric: a, is: fast, reason: r}", "'fast' says nothing of a metric"),
        ("metrics:\n- {metric: a, reason: r}", "this does not say what the metric is"),
        ("metrics:\n- {pattern: '(', is: level, reason: r}", "'(' is no regular expression"),
        ("metrics:\n- {metric: a, is: level, unit: number, reason: r}", "`unit:` can only be `number`"),
        ("metrics:\n- {metric: a, is: level, every: 1s, reason: r}", "`every:` is for what is own-pace"),
        ("metrics:\n- {metric: a, is: own-pace, every: soon, reason: r}", "every: "),
        ("metrics:\n- {metric: [a], is: own-pace, reason: r}", "metric must be a text"),
        ("metrics:\n- {metric: a, is: level, reason: r, why: x}", "there is no field 'why' here"),
        ("metrics:\n- {metric: a, is: level, reason: r, reason: s}", "'reason' stands here twice"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, sentence: str) -> None:
    """Each mistake is a sentence that says what to write."""
    assert any(sentence in one for one in sentences(text)), sentences(text)


def test_one_metric_is_declared_once(tmp_path: Path) -> None:
    """Two files that disagree would make it chance which one counts."""
    twice = ORDERS + ORDERS.partition("\n")[2]
    with pytest.raises(BadRulesError, match=r"shop_orders_total is declared at .*pace.yaml:2 already"):
        rules.load([folder(tmp_path, twice)])


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    """A binary file declares nothing."""
    there = folder(tmp_path, ORDERS)
    (there / "pace.yaml").write_bytes(b"\xff\xfe\0")
    with pytest.raises(RulesError, match="can't read what is declared here: it is no text in UTF-8"):
        rules.load([there])


def test_what_is_written_declares_the_same() -> None:
    """Whoever reads it again has all that was said, in its order."""
    stated = (
        Declaration(metric="shop:a", kind="level", reason="It's one: yes.\nReally."),
        Declaration(pattern="node_.+", kind="own-pace", every=1.5, reason="é"),
        Declaration(metric="wait_seconds", kind="paced-by-lab", is_number=True, reason="1"),
    )
    again, wrong = pace.parse(pace.written(stated), "")
    assert (stated, []) == (tuple(msgspec.structs.replace(one, line=0) for one in again), wrong)
    assert "" == pace.written(())


def test_a_name_wins_over_a_pattern() -> None:
    """What is said of one metric is not undone by what is said of many."""
    many = Declaration(pattern="shop_.+", kind="own-pace", reason="r")
    one = Declaration(metric="shop_a", kind="paced-by-lab", reason="r")
    assert (one, many, None) == tuple(pace.chosen([many, one], name) for name in ("shop_a", "shop_b", "x"))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in the file, it ends in declarations or in sentences, never in a traceback."""
    declarations, problems = pace.parse(text, "pace.yaml")
    assert declarations or problems
