"""Expressions at speed: durations shrink, rates grow, and what is tied to seconds is refused."""

import contextlib
import math
import re

import promql_parser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alertdrill import durations
from alertdrill.compress import printer
from alertdrill.compress.expression import duration, scale
from alertdrill.compress.metrics import of_metric
from alertdrill.compress.quantity import Meaning, Refused
from alertdrill.errors import UsageError
from alertdrill.rules import Declaration, pace, promql

# Divisible by 2, 3, 4, 5, 6, 8, 9, 10, 12 and 20, twice over.
WINDOW = st.integers(1, 50).map(lambda count: durations.text(count * 129_600))
NUMBER = st.integers(0, 1000).map(str) | st.sampled_from(["0.5", "0.25", "1 / (5 * 60)", "-(3 + 1)", "2 * 4"])
SELECTOR = st.sampled_from(["a", 'b{c="d"}', "up", "e_total", "node_x_total"])
PLACED = st.one_of(SELECTOR, st.builds("{} offset {}".format, SELECTOR, WINDOW))
RANGE = st.builds("{}[{}] offset {}".format, SELECTOR, WINDOW, WINDOW) | st.builds(
    "{}[{}]".format, SELECTOR, WINDOW
)
OVER_TIME = st.sampled_from(["rate", "increase", "deriv", "max_over_time", "changes", "count_over_time"])
OPERATOR = st.sampled_from([">", "<", "==", ">=", "+", "-", "*", "/", "%", "and", "or", "unless"])
EXPRESSIONS = st.recursive(
    PLACED | st.builds("{}({})".format, OVER_TIME, RANGE),
    lambda inner: (
        st.builds("({}) {} ({})".format, inner, OPERATOR, inner | NUMBER)
        | st.builds("({}) {} {}".format, inner, st.sampled_from([">", "<", "%", "+"]), NUMBER)
        | st.builds("sum by (x) ({})".format, inner)
        | st.builds("max_over_time(({})[{}:{}])".format, inner, WINDOW, WINDOW)
        | st.builds("clamp_max({}, {})".format, inner, NUMBER)
        | st.builds("predict_linear({}, {})".format, RANGE, st.integers(1, 9).map(lambda n: str(n * 129_600)))
        | st.builds("-({})".format, inner)
    ),
    max_leaves=5,
)


def is_promql(expression: str) -> bool:
    """Return whether it can be read; two scalars, for example, can't be compared."""
    try:
        promql.parse(expression)
    except UsageError:
        return False
    return True


RULES = EXPRESSIONS.filter(is_promql)
EXACT = st.sampled_from([2, 3, 4, 5, 6, 10, 20])


NUMERAL = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")
PACED = (
    Declaration(pattern="[ab]|e_total", kind="paced-by-lab", reason="So that there is something to scale."),
)


def paced(name: str) -> Meaning:
    """Return what a metric measures where the lab paces a and b."""
    return of_metric(name, PACED)


def scaled(expression: str, speed: float = 20) -> str:
    """Return the expression for a run at this speed, in which the lab paces a and b."""
    return scale(expression, speed, paced).text


@given(RULES, EXACT, EXACT)
@settings(deadline=None, max_examples=200)
def test_scaling_twice_is_scaling_once(expression: str, one: int, other: int) -> None:
    """At speed a and then at speed b is at speed a times b, to the last bit but one; so is a refusal."""
    try:
        at_once = scaled(expression, one * other)
    except Refused:
        with pytest.raises(Refused):
            scaled(scaled(expression, one), other)
        return
    twice = scaled(scaled(expression, one), other)
    assert NUMERAL.sub("N", at_once) == NUMERAL.sub("N", twice)
    numerals = [float(text) for text in NUMERAL.findall(at_once)]
    assert numerals == pytest.approx([float(text) for text in NUMERAL.findall(twice)])


@given(RULES, st.floats(1, 1000))
@settings(deadline=None, max_examples=200)
def test_what_is_scaled_is_promql_of_the_same_shape(expression: str, speed: float) -> None:
    """The result is an expression that Prometheus takes, with the same selectors in the same order."""
    with contextlib.suppress(Refused):
        text = scaled(expression, speed)
        assert selectors(promql.parse(expression)) == selectors(promql.parse(text))


def selectors(tree: promql.Expr) -> list[str]:
    """Return every selector, without its place in time."""
    return [promql.bare(node) for node in promql.walk(tree) if isinstance(node, promql.VectorSelector)]


@given(RULES)
@example("(rate(up[51d]) > 0) % -(3 + 1)")
@settings(deadline=None)
def test_speed_one_changes_no_tree(expression: str) -> None:
    """At the speed of life an expression prints as it always did."""
    with contextlib.suppress(Refused):
        assert promql.text(promql.parse(expression)) == promql.text(promql.parse(scaled(expression, 1)))


@given(st.floats(1e-300, 1e300), st.floats(1, 1e6))
def test_thresholds_keep_64_bits(threshold: float, speed: float) -> None:
    """A threshold is the product of two 64-bit numbers, to the last bit."""
    tree = promql.parse(scaled(f"rate(a[1d]) > {threshold!r}", speed))
    assert isinstance(tree, promql_parser.BinaryExpr)
    assert threshold * speed == getattr(tree.rhs, "val", None)


@given(st.integers(1, 10**12), st.floats(1, 1e5))
def test_durations_shrink_to_the_millisecond(milliseconds: int, speed: float) -> None:
    """A duration is divided and rounded to whole milliseconds, or refused when nothing would be left."""
    exact = milliseconds / speed
    try:
        assert durations.seconds(duration(milliseconds / 1000, speed)) * 1000 == pytest.approx(
            exact, abs=0.501
        )
    except Refused:
        assert exact <= 0.5


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(a[10m]) > 0", "rate(a[30s]) > 0"),
        ("rate(a[1m]) > 1/(5*60)", "rate(a[3s]) > 1 / (5 * 60) * 20"),
        ("rate(a[1m]) > 0.05", "rate(a[3s]) > 1"),
        ("0.1 < irate(a[5m])", "2 < irate(a[15s])"),
        ("deriv(a[1h]) < -5", "deriv(a[3m]) < -100"),
        ("rate(a[5m]) + 1 > 2", "rate(a[15s]) + 20 > 40"),
        ("rate(a[5m]) * 300 > 5", "rate(a[15s]) * 300 > 100"),
        ("rate(a[5m]) * rate(b[5m]) > 4", "rate(a[15s]) * rate(b[15s]) > 1600"),
        ("rate(a[5m]) / rate(b[5m]) > 0.01", "rate(a[15s]) / rate(b[15s]) > 0.01"),
        ("1 / rate(a[5m]) * rate(b[5m]) > 2", "1 / rate(a[15s]) * rate(b[15s]) > 2"),
        ("increase(a[1h]) > 5", "increase(a[3m]) > 5"),
        ("increase(a[5m]) / 300 > .1", "increase(a[15s]) / 300 > 0.1"),
        ("-rate(a[5m]) < -1", "-rate(a[15s]) < -20"),
        ("rate(a[5m]) == 0.1 + 0.2", "rate(a[15s]) == (0.1 + 0.2) * 20"),
        ("rate(a[5m]) % (2 + 3) > 1", "rate(a[15s]) % ((2 + 3) * 20) > 20"),
        ("rate(a[5m]) > bool 2", "rate(a[15s]) > bool 40"),
        ("(rate(a[5m]) > bool 2) + 1 > 1", "(rate(a[15s]) > bool 40) + 1 > 1"),
        ("rate(a[5m]) or vector(1)", "rate(a[15s]) or vector(1) * 20"),
        ("rate(a[5m]) or vector(0)", "rate(a[15s]) or vector(0)"),
        ("(rate(a[5m]) > 1) or (b > 3)", "(rate(a[15s]) > 20) or (b > 3)"),
        ("b > 3 and rate(a[5m]) > 1", "b > 3 and rate(a[15s]) > 20"),
        ("clamp_max(rate(a[5m]), 5) > 2", "clamp_max(rate(a[15s]), 100) > 40"),
        ("topk(3, rate(a[5m])) > 2", "topk(3, rate(a[15s])) > 40"),
        ("stdvar(rate(a[5m]))", "stdvar(rate(a[15s]))"),
        ("count(rate(a[5m]) > 1) > 2", "count(rate(a[15s]) > 20) > 2"),
        ("quantile(0.9, rate(a[5m])) > 2", "quantile(0.9, rate(a[15s])) > 40"),
        ("quantile_over_time(0.9, a[5m]) > 2", "quantile_over_time(0.9, a[15s]) > 2"),
        (
            'label_replace(rate(a[5m]), "x", "$1", "y", "z") > 1',
            'label_replace(rate(a[15s]), "x", "$1", "y", "z") > 20',
        ),
        (
            "max_over_time(rate(a[1m])[30m:1m] offset 5m) > 3",
            "max_over_time(rate(a[3s])[1m30s:3s] offset 15s) > 60",
        ),
        ("avg_over_time(up[5m:]) < .5", "avg_over_time(up[15s:]) < 0.5"),
        ("a offset -5m @ end() > 1", "a @ end() offset -15s > 1"),
        ("rate(a[5m] @ start())", "rate(a[15s] @ start())"),
        ("predict_linear(a[1h], 4 * 3600) < 0", "predict_linear(a[3m], 4 * 180) < 0"),
        ('absent_over_time(up{job="x"}[10m])', 'absent_over_time(up{job="x"}[30s])'),
        ("sum by (a) (x) > on (a) group_left (b) y", "sum by (a) (x) > on (a) group_left (b) y"),
        ("x - ignoring (a) group_right () y", "x - ignoring (a) group_right () y"),
        ("a + fill (0) b", "a + fill (0) b"),
        ('sum by ("b.c") (x)', 'sum by ("b.c") (x)'),
        ("a_timestamp_seconds < b_timestamp_seconds", "a_timestamp_seconds < b_timestamp_seconds"),
        ("time() > max(next_run)", "time() > max(next_run)"),
        ("a_seconds > b_seconds", "a_seconds > b_seconds"),
        (
            "rate(container_cpu_usage_seconds_total[5m]) > 0.9",
            "rate(container_cpu_usage_seconds_total[15s]) > 0.9",
        ),
        ("rate(apiserver_request_total[5m]) > 10", "rate(apiserver_request_total[15s]) > 10"),
        (
            "histogram_quantile(0.9, rate(x_bytes_bucket[5m])) > 500",
            "histogram_quantile(0.9, rate(x_bytes_bucket[15s])) > 500",
        ),
        ("ceil(a) > 1", "ceil(a) > 1"),
        ("ceil(rate(a[5m])) > 0", "ceil(rate(a[15s])) > 0"),
        ("hypothetical > Inf", "hypothetical > Inf"),
        ("rate(a[5m]) == NaN or rate(a[5m]) > -Inf", "rate(a[15s]) == NaN or rate(a[15s]) > -Inf"),
        ("pi() * rate(a[5m]) > 1", "pi() * rate(a[15s]) > 20"),
        ("2 ^ 3 < rate(a[5m])", "(2 ^ 3) * 20 < rate(a[15s])"),
    ],
)
def test_known_expressions(expression: str, expected: str) -> None:
    """Windows shrink, and numbers grow where they meet what is counted per second."""
    assert expected == scaled(expression)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("time() - x_timestamp_seconds > 3600", "it is a time between two moments"),
        ("time() - kube_pod_created > 3600", "it is a time between two moments"),
        ("timestamp(x) + 300 < time()", "`timestamp(x) + 300` is a sum with the clock"),
        ("x_timestamp_seconds > 1700000000", "x_timestamp_seconds has `timestamp` in its name"),
        ("vector(time()) / 60 > 5", "it multiplies a point in time"),
        ("job_duration_seconds > 300", "job_duration_seconds has `duration` in its name"),
        ("max(scrape_duration_seconds) > 1", "scrape_duration_seconds has `duration` in its name"),
        (
            "histogram_quantile(0.9, rate(x_seconds_bucket[5m])) > 1",
            "x_seconds_bucket has `seconds` in its name",
        ),
        (
            "rate(x_seconds_sum[5m]) / rate(x_seconds_count[5m]) > 1",
            "x_seconds_sum has `seconds` in its name",
        ),
        ("hour() > 8", "hour() reads the calendar"),
        ("up == 0 and on () day_of_week() < 6", "day_of_week() reads the calendar"),
        ("a @ 1700000000 > 1", "`@` with a time of its own"),
        ("rate(a[5m]) > b", "a lab changes `rate(a[5m])` and `b` differently"),
        ("rate(a[5m]) + b > 1", "a lab changes `rate(a[5m])` and `b` differently"),
        ("((rate(a[5m]) > 1) or (b > 3)) > 5", "differently"),
        ("ceil(rate(a[5m])) > 2", "ceil() is taken of what the speed changes"),
        ("rate(a[5m]) ^ 2 > 4", "a power of what the speed changes"),
        ("stdvar(rate(a[5m])) > 4", "stdvar() is taken of what the speed changes"),
        ("count_values('v', rate(a[5m])) > 1", "count_values makes labels"),
        ("topk(scalar(rate(a[5m])), b) > 1", "the parameter of topk"),
        ("predict_linear(a[1h], scalar(b)) < 0", "the second argument of predict_linear()"),
        (
            "increase(apiserver_request_total[5m]) > 10",
            "fewer than 10 can't be told from chance; play it with --speed 1",
        ),
        ("increase(kubelet_x_total[5m]) > 0", "a lab's 15s may hold none of kubelet_x_total"),
        ("rate(node_x_total[5m]) > 0", "a lab's 15s may hold none of node_x_total"),
        ('{job="x"} > 5', "a selector without a metric's name"),
        ("rate(a[1ms]) > 0", "the duration 1ms would become less than a millisecond"),
        ("a[5m:1ms]", "the duration 1ms would become less than a millisecond"),
        ("sum(time() - x_timestamp_seconds) > 5", "it is a time between two moments"),
        ("sum(x_timestamp_seconds) > 5", "x_timestamp_seconds has `timestamp` in its name"),
        ('{job="x"} > b', "a selector without a metric's name"),
        ('b > {job="x"}', "a selector without a metric's name"),
        ("changes(process_start_time_seconds[1h]) > 3", "changes() counts the scrapes that saw"),
        ("resets(x_total[1h]) > 3", "resets() counts the scrapes that saw x_total change"),
        ("increase(shop_errors_total[5m]) > 100", "play it with --speed 10"),
        ("changes(shop_errors_total[10m]) > 200", "ask for increase() of it"),
        ("ceil(rate(a[5m])) * 2 > 5", "ceil() is taken of what the speed changes"),
    ],
)
def test_what_can_not_be_scaled_is_refused(expression: str, reason: str) -> None:
    """What is tied to real seconds, or can't be known, is refused with the reason."""
    with pytest.raises(Refused) as caught:
        scaled(expression)
    assert reason in str(caught.value)


def declared(*lines: str) -> str:
    """Return a question for the changes of a level, at speed 20, by what is declared of it."""
    said, wrong = pace.parse("\n".join(["metrics:", *lines]), "pace.yaml")
    assert [] == wrong
    return scale("changes(shop_replicas[10m]) == 0", 20, lambda name: of_metric(name, said)).text


def test_a_level_that_is_asked_for_its_changes_is_scaled_by_what_the_refusal_says_to_write() -> None:
    """A level may be moved by pods that start at their own pace, so nobody guesses that a fault moves it."""
    with pytest.raises(Refused) as undeclared:
        scaled("changes(shop_replicas[10m]) == 0")
    before, _, lines = str(undeclared.value).partition(
        "write in pace.yaml beside the rules, under `metrics:`, "
    )
    assert before.endswith(
        "; where only what the lab scales moves it, as a scenario's fault and its repair do, "
    )
    assert "changes(shop_replicas[30s]) == 0" == declared(lines.strip("`"))
    with pytest.raises(Refused, match=r"\(pace.yaml:2\); where only .*, write `is: paced-by-lab` there"):
        declared("- {metric: shop_replicas, is: level, reason: It is.}")


CONSTANTS = st.recursive(
    st.floats(1e-9, 1e9).map(repr),
    lambda inner: (
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner)
        | st.builds("({})".format, inner)
        | st.builds("-{}".format, inner)
    ),
    max_leaves=4,
)


@given(CONSTANTS, st.sampled_from([2.0, 20.0, 0.5]))
def test_a_constant_times_a_factor_is_worth_that(constant: str, factor: float) -> None:
    """A threshold of numbers only, however it is written, is worth `factor` times as much after."""
    before = worth(promql.parse(constant))
    after = worth(promql.parse(printer.times(constant, factor)))
    assert after == pytest.approx(before * factor, nan_ok=True)


def worth(tree: promql.Expr) -> float:
    """Return the value of an expression of numbers only."""
    match tree:
        case promql_parser.NumberLiteral():
            return tree.val
        case promql_parser.ParenExpr():
            return worth(tree.expr)
        case promql_parser.UnaryExpr():
            return -worth(tree.expr)
        case promql_parser.BinaryExpr():
            return operate(str(tree.op), worth(tree.lhs), worth(tree.rhs))
    raise AssertionError(tree)


def operate(operator: str, left: float, right: float) -> float:
    """Return what Prometheus would for two numbers."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right:
        return left / right
    return (
        math.nan if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    )


@pytest.mark.parametrize("name", ["x_waiting_reason", "x_timeout_info", "x_created_labels"])
def test_a_word_of_time_in_a_name_that_ends_in_what_its_labels_say_is_none(name: str) -> None:
    """kube-state-metrics' `…_waiting_reason` is 1 or 0, however long somebody waits."""
    assert f"max_over_time({name}[15s]) >= 1" == scaled(f"max_over_time({name}[5m]) >= 1")
