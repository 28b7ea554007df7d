"""Scaled rules on a lab's signals are true when the rules in life are, asked of a real Prometheus."""

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertdrill import engine
from alertdrill.compress.expression import scale
from alertdrill.compress.metrics import of_metric
from alertdrill.compress.quantity import Meaning, Refused
from alertdrill.engine import Engine
from alertdrill.model import Value
from alertdrill.rules import Declaration

from .signals import Course, Leaf, Signal, asked, disagreements, write

# Ten events are enough: one more or less in a window may shift the moment, not the answer.
QUANTISED = 0.4
EXAMPLES = 100  # of a run that is no nightly one
DECLARED = (Declaration(metric="heartbeats_total", kind="own-pace", every=1.0, reason="Twice a second."),)

PACED = ("kube_pod_container_status_restarts_total", "k8s_pod_status_restartCount")
OWN = ("shop_requests_total", "shop_errors_total", "node_vmstat_pgmajfault")
SMOOTH = ("container_cpu_usage_seconds_total", "shop_sent_bytes_total")
TRENDS = ("go_goroutines", "cache_used_bytes")
LEVELS = ("queue_depth", "pool_size", "up")


def meaning(name: str) -> Meaning:
    """Return what a metric is taken for."""
    return of_metric(name, DECLARED)


PHASES = st.integers(20, 200)


def courses(
    values: st.SearchStrategy[float], every: st.SearchStrategy[int]
) -> st.SearchStrategy[tuple[Course, ...]]:
    """Return two instances' courses of a few phases."""
    phases = st.lists(st.tuples(PHASES, values), min_size=1, max_size=4).map(tuple)
    one = st.builds(Course, phases, every)
    return st.tuples(one, one)


ONCE = st.just(1)
NEVER = st.sampled_from([False])
SIGNALS = st.fixed_dictionaries(
    {
        **{
            name: st.builds(
                Signal,
                kind=st.just("paced"),
                courses=courses(st.sampled_from([0.0, 1.0, 3.0]), st.sampled_from([1, 4, 20])),
            )
            for name in PACED
        },
        **{
            name: st.builds(
                Signal,
                kind=st.just("own"),
                courses=courses(st.sampled_from([0.0, 0.02, 0.3, 2.0, 15.0, 90.0]), ONCE),
                whole=st.just(name not in SMOOTH),
            )
            for name in OWN + SMOOTH
        },
        **{
            name: st.builds(
                Signal,
                kind=st.just("own"),
                courses=courses(st.sampled_from([-3.0, -0.1, 0.0, 0.1, 2.0]), ONCE),
                whole=NEVER,
            )
            for name in TRENDS
        },
        **{
            name: st.builds(
                Signal, kind=st.just("level"), courses=courses(st.sampled_from([0.0, 1.0, 5.0, 60.0]), ONCE)
            )
            for name in LEVELS
        },
        "heartbeats_total": st.builds(
            Signal, kind=st.just("own"), courses=courses(st.sampled_from([0.0, 2.0, 5.0]), ONCE)
        ),
    }
)

MINUTES = st.sampled_from(["2m", "5m", "10m", "20m"])
NUMBERS = st.sampled_from(["0", "0.01", "0.05", "0.5", "1", "3", "10", "40", "200", "2000"])
CONSTANTS = st.sampled_from(["2", "0.5", "100", "(1 / 60)"])
COUNTERS = st.sampled_from([*PACED, *OWN, *SMOOTH])
# As they are, only counters that say so: what `node_vmstat_pgmajfault` is, its name does not tell.
EACH = st.sampled_from([*PACED, "shop_requests_total", "shop_errors_total", *SMOOTH, *LEVELS])
SELECTED = '{}{{x="MARK"}}'.format
OF_COUNTER = st.sampled_from(["rate", "increase", "irate", "resets"])
OF_GAUGE = st.sampled_from(["deriv", "delta", "idelta"])
OF_LEVEL = st.sampled_from(["avg_over_time", "max_over_time", "min_over_time", "last_over_time"])


def applied(function: str, name: str, window: str) -> str:
    """Return a function of a range."""
    return f"{function}({SELECTED(name)}[{window}])"


VALUES = st.recursive(
    st.one_of(
        st.builds(applied, OF_COUNTER, COUNTERS, MINUTES),
        st.builds(applied, OF_GAUGE, st.sampled_from(TRENDS), MINUTES),
        st.builds(applied, st.just("changes"), st.sampled_from([*PACED, *OWN]), MINUTES),
        st.builds(applied, st.just("rate"), st.just("heartbeats_total"), MINUTES),
        st.builds(applied, OF_LEVEL, st.sampled_from(LEVELS), MINUTES),
        st.builds(SELECTED, EACH),
        st.builds("{} offset {}".format, st.builds(SELECTED, EACH), MINUTES),
        st.builds("predict_linear({}[{}], 3600)".format, st.builds(SELECTED, EACH), MINUTES),
    ),
    lambda inner: st.one_of(
        st.builds("{}(({}))".format, st.sampled_from(["sum", "avg", "max", "sum by (i)", "abs"]), inner),
        st.builds("({}) {} {}".format, inner, st.sampled_from("+-*/"), CONSTANTS),
        st.builds("{} {} ({})".format, CONSTANTS, st.sampled_from("+-*"), inner),
        st.builds("-({})".format, inner),
        st.builds("({}) {} ({})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("avg_over_time(({})[5m:1m])".format, inner),
        st.builds("clamp_max(({}), 100)".format, inner),
    ),
    max_leaves=3,
)
LEAVES = st.builds(Leaf, VALUES, st.sampled_from([">", "<", ">=", "=="]), NUMBERS)


class Rule(Value, frozen=True, kw_only=True):
    """An expression and the comparisons in it."""

    text: str
    leaves: tuple[Leaf, ...]


def alone(leaf: Leaf) -> Rule:
    """Return a rule of one comparison."""
    return Rule(text=str(leaf), leaves=(leaf,))


def joined(one: Leaf, operator: str, other: Leaf) -> Rule:
    """Return a rule of two comparisons."""
    return Rule(text=f"{one} {operator} {other}", leaves=(one, other))


RULES = st.one_of(
    LEAVES.map(alone),
    st.builds(joined, LEAVES, st.sampled_from(["and", "or", "unless"]), LEAVES),
    LEAVES.map(lambda leaf: Rule(text=f"count({leaf}) >= 2", leaves=(leaf,))),
)
SPEEDS = st.sampled_from([3.0, 5.0, 20.0])


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Engine]:
    """Start one engine for all examples."""
    with engine.started() as one:
        yield one


def scaled_and_compared(
    prometheus: Engine, rule: Rule, written: dict[str, Signal], speed: float
) -> list[str]:
    """Return where life and lab disagree about a rule."""
    scaled = scale(rule.text, speed, meaning).text
    mark = write(prometheus, {name: one for name, one in written.items() if name in rule.text}, speed)
    whole = any(name in rule.text for name in (*OWN, "heartbeats_total"))
    return disagreements(
        prometheus,
        rule.text,
        rule.leaves,
        scaled,
        speed=speed,
        mark=mark,
        tolerance=QUANTISED if whole else 1e-6,
        neighbours="heartbeats" in rule.text,
    )


@given(st.lists(RULES, min_size=1, max_size=8), SIGNALS, SPEEDS)
@settings(
    deadline=None,
    max_examples=settings.default.max_examples if settings.default else 100,
    # A gate says the same twice; `nox -s nightly` looks for what nobody has seen.
    derandomize=settings.default is None or settings.default.max_examples <= EXAMPLES,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_what_is_scaled_is_true_when_life_is(
    prometheus: Engine, rules: list[Rule], written: dict[str, Signal], speed: float
) -> None:
    """At every evaluation a lab says what life says, within a scrape's grain, or the rule was refused."""
    for rule in rules:
        with contextlib.suppress(Refused):
            assert [] == scaled_and_compared(prometheus, rule, written, speed)


RISES = Course(((160, 0.02), (120, 90.0), (200, 0.0)))
RESTARTS = Course(((160, 0.0), (120, 1.0), (200, 0.0)), every=4)
FIVE_A_SECOND = Course(((160, 0.0), (120, 5.0), (200, 0.0)))
TAKEN = (
    ("rate(k8s_pod_status_restartCount[10m])", "0"),
    ("increase(kube_pod_container_status_restarts_total[10m])", "3"),
    ("changes(k8s_pod_status_restartCount[20m])", "5"),
    ("rate(shop_requests_total[5m])", "10"),
    ("increase(shop_requests_total[5m])", "3000"),
    ("sum(rate(node_vmstat_pgmajfault[5m]))", "40"),
    ("deriv(go_goroutines[10m])", "10"),
    ("delta(go_goroutines[10m])", "3000"),
    ("avg_over_time(rate(shop_requests_total[2m])[10m:1m]) * 60", "600"),
    ("-rate(shop_requests_total[5m]) + 100", "50"),
)
BEATS = "rate(heartbeats_total[5m])", "0"


def one_comparison(measured: str, number: str) -> tuple[Rule, dict[str, Signal]]:
    """Return a rule of one metric, and a signal of the kind that metric is."""
    name = next(name for name in (*PACED, *OWN, *TRENDS, "heartbeats_total") if name in measured)
    leaf = Leaf(measured.replace(name, SELECTED(name)), ">", number)
    whole = name not in TRENDS
    if name in PACED:
        return alone(leaf), {name: Signal(kind="paced", courses=(RESTARTS, RESTARTS), whole=whole)}
    one = FIVE_A_SECOND if measured == BEATS[0] else RISES
    return alone(leaf), {name: Signal(kind="own", courses=(one, one), whole=whole)}


@pytest.mark.parametrize(("measured", "number"), [*TAKEN, BEATS])
def test_what_can_be_scaled_is(prometheus: Engine, measured: str, number: str) -> None:
    """A comparison that a lab can make is taken, comes true and false in life, and a lab agrees."""
    rule, written = one_comparison(measured, number)
    mark = write(prometheus, written, 20)
    truth = {step for steps in asked(prometheus, rule.text.replace("MARK", mark)).values() for step in steps}
    assert 20 < len(truth) < 460
    assert [] == scaled_and_compared(prometheus, rule, written, 20)


# So many a second as it takes to be seen, when what is paced is counted at its own pace, and the other way
# round.
TURNED = {
    "paced": Course(((160, 0.0), (120, 1 / 60), (200, 0.0))),
    "own": Course(((160, 0.3), (120, 15 * 12.0), (200, 0.0))),
}


@pytest.mark.parametrize(("measured", "number"), TAKEN)
def test_a_claim_turned_round_is_found_out(prometheus: Engine, measured: str, number: str) -> None:
    """The comparison disagrees as soon as the lab paces what it is not taken to pace, or the other way."""
    rule, written = one_comparison(measured, number)
    turned = {
        name: dataclasses.replace(
            one, kind="paced" if one.kind == "own" else "own", courses=(TURNED[one.kind],) * 2
        )
        for name, one in written.items()
    }
    assert [] != scaled_and_compared(prometheus, rule, turned, 20)


def test_an_every_that_is_not_so_is_found_out(prometheus: Engine) -> None:
    """What is declared to count each second, and counts every fifty, is missed by a lab's short window."""
    rule, _ = one_comparison(*BEATS)
    slow = Course(((160, 0.0), (120, 0.02), (200, 0.0)))
    written = {"heartbeats_total": Signal(kind="own", courses=(slow, slow))}
    assert [] != scaled_and_compared(prometheus, rule, written, 20)
