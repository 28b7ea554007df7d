"""States over time → how often, how long and for whom; by hand, where every second is known."""

from alertdrill import engine
from alertdrill.backtest import agree, noise
from alertdrill.backtest.values import Agreement, Instance
from alertdrill.incident import STALE, Series
from alertdrill.model import AlertState, Change
from alertdrill.rules import Rule

PENDING, FIRING, INACTIVE = AlertState.PENDING, AlertState.FIRING, AlertState.INACTIVE


def changes(*those: tuple[float, AlertState]) -> tuple[Change, ...]:
    """Return changes of state at times."""
    return tuple(Change(t=t, state=state) for t, state in those)


def alert(*instances: engine.Instance, hold: str = "1m") -> engine.Alert:
    """Return an alert that was evaluated each 30 s for an hour."""
    return engine.Alert(
        rule=Rule(kind="alert", name="A", expr="a", hold=hold),
        group="g",
        first_ms=0,
        last_ms=3_600_000,
        step_ms=30_000,
        instances=instances,
    )


def instance(
    *those: tuple[float, AlertState], runs: tuple[tuple[int, int], ...] = (), **labels: str
) -> engine.Instance:
    """Return an instance with these changes."""
    return engine.Instance(labels=labels, annotations={}, changes=changes(*those), runs=runs, was_true=False)


def test_only_what_is_between_two_times_counts() -> None:
    """What was firing at the start counts as time, not as once more; what still fires ends at the end."""
    whole = changes((10, FIRING), (40, INACTIVE), (60, PENDING), (70, FIRING))
    spans = noise.firing(whole, 20, 100)
    assert [(20, 40), (70, 100)] == list(spans)
    told = noise.noise("0s", [spans], 20)
    assert (1, 50, 30) == (told.fired, told.seconds, told.longest)


def test_instances_that_fire_at_once_keep_people_awake_once() -> None:
    """Firing time adds up over instances; the time with any of them does not."""
    told = noise.noise("0s", [((10, 30),), ((20, 50),), ((60, 70),)], 0)
    assert (60, 50) == (told.seconds, told.awake)


def test_another_hold_is_of_the_same_truth() -> None:
    """How long something was true decides for every `for`, without asking anew."""
    one = instance((60, PENDING), (120, FIRING), (330, INACTIVE), runs=((60_000, 300_000),))
    longer = noise.with_hold(alert(one), one, 120)
    assert changes((60, PENDING), (180, FIRING), (330, INACTIVE)) == longer
    assert changes((60, PENDING), (330, INACTIVE)) == noise.with_hold(alert(one), one, 600)


def test_pending_that_came_to_nothing_is_measured() -> None:
    """The longest time that was nearly enough is kept; one that led to firing is not nearly."""
    (one,) = noise.of(
        alert(instance((10, PENDING), (70, INACTIVE), (100, PENDING), (160, FIRING), (200, INACTIVE))), 0, 300
    )
    assert (60, ((160, 200),)) == (one.pending, one.fired)


def test_the_busiest_are_told_by_what_tells_them_apart() -> None:
    """Labels that all have say nothing."""
    instances = [
        Instance(labels={"job": "web", "pod": pod}, fired=((0, 1),) * count, pending=0)
        for pod, count in (("a", 1), ("b", 3), ("c", 2), ("d", 0), ("e", 1))
    ]
    assert [("pod=b", 3), ("pod=c", 2), ("pod=a", 1)] == noise.busiest(instances)
    assert [("job=web, pod=b", 3)] == noise.busiest(instances[1:2])


def history(state: str, *slots: int, **labels: str) -> Series:
    """Return what ALERTS hold of an instance, at evaluations of 30 s."""
    return Series(
        labels={"__name__": "ALERTS", "alertname": "A", "alertstate": state, **labels},
        timestamps=tuple(slot * 30_000 for slot in slots),
        values=(1.0,) * len(slots),
    )


def agreed(one: engine.Instance, *those: Series) -> Agreement:
    """Return how an instance agrees with a history of the whole hour."""
    return agree.agreement([alert(one)], those, first_ms=0, last_ms=3_600_000)


ONE = instance((60, PENDING), (120, FIRING), (180, INACTIVE), pod="a")


def test_the_same_states_agree_whole() -> None:
    """Labels of the server itself, which all its series have, are no difference."""
    told = agreed(
        ONE, history("pending", 2, 3, pod="a", replica="x"), history("firing", 4, 5, pod="a", replica="x")
    )
    assert (4, 4, "") == (told.evaluations, told.agreed, told.why)


def test_a_gap_in_the_history_is_known_as_one() -> None:
    """Evaluations that left nothing at all between two that did are those of a server that was down."""
    told = agreed(ONE, history("pending", 2, pod="a"), history("firing", 5, pod="a"))
    assert (4, 2) == (told.evaluations, told.agreed)
    assert "first at 1970-01-01 00:01:30 the history says inactive and the backtest pending" in told.why
    assert told.why.endswith("the server was down, or restarted")


def test_what_came_before_the_history_knew_it_is_known_as_such() -> None:
    """A revision that was deployed half-way differs before, and agrees after."""
    told = agreed(ONE, history("firing", 4, 5, pod="a"))
    assert told.why.endswith("was this revision deployed by then?")


def test_a_marker_is_no_alert() -> None:
    """The end of a series of ALERTS is not one more evaluation."""
    ended = Series(
        labels={"__name__": "ALERTS", "alertname": "A", "alertstate": "firing", "pod": "a"},
        timestamps=(120_000, 150_000, 180_000),
        values=(1.0, 1.0, STALE),
    )
    told = agreed(ONE, history("pending", 2, 3, pod="a"), ended)
    assert 1.0 == told.share


def test_silence_in_both_is_agreement() -> None:
    """Where neither says anything there is nothing to differ in."""
    told = agree.agreement([alert()], [], first_ms=0, last_ms=3_600_000)
    assert (0, 1.0) == (told.evaluations, told.share)
