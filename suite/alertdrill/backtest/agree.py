"""A backtest of the rules that were deployed, beside the ALERTS they left in the history; pure.

Both say for every evaluation which instances were pending and which were firing. Where they differ, the
backtest of other rules is worth as much less.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from alertdrill import durations, engine
from alertdrill.backtest.raw import moment
from alertdrill.backtest.values import Agreement
from alertdrill.engine import samples
from alertdrill.incident import STALE, Series, timeline
from alertdrill.model import AlertState

ENOUGH = 0.99  # what agrees less is unknown
# Samples that come at other distances than the interval: so many make it another interval.
OTHER_INTERVAL = 0.5

Labels = tuple[tuple[str, str], ...]
States = dict[tuple[Labels, int], AlertState]


def phase(history: Iterable[Series]) -> float | None:
    """Return the time (seconds) of one evaluation that left something, None where none did."""
    return next((one.timestamps[-1] / 1000 for one in history if one.timestamps), None)


def agreement(
    alerts: Sequence[engine.Alert], history: Sequence[Series], *, first_ms: int, last_ms: int
) -> Agreement:
    """Return how well the rules of one name agree with what the history holds of it."""
    step = alerts[0].step_ms
    outside = _everywhere(history)
    then = _then(history, outside, (first_ms, last_ms), alerts[0])
    now = _now(alerts, outside, (first_ms, last_ms))
    active = then.keys() | now.keys()
    apart = sorted(
        (slot, labels) for labels, slot in active if then.get((labels, slot)) != now.get((labels, slot))
    )
    if not apart:
        return Agreement(evaluations=len(active), agreed=len(active))
    slot, labels = apart[0]
    said, says = then.get((labels, slot)), now.get((labels, slot))
    why = (
        f"first at {moment(alerts[0].first_ms + slot * step)} the history says {_word(said)} and the backtest"
        f" {_word(says)}{_for(labels)}; {_guess(history, then, now, apart, step)}"
    )
    return Agreement(evaluations=len(active), agreed=len(active) - len(apart), why=why)


def _word(state: AlertState | None) -> str:
    return (state or AlertState.INACTIVE).value


def _for(labels: Labels) -> str:
    text = ", ".join(f"{name}={value}" for name, value in labels)
    return f" for {{{text}}}" if text else ""


def _everywhere(history: Sequence[Series]) -> Labels:
    """Return the labels that all of it has: those of the server itself are among them."""
    common: set[tuple[str, str]] | None = None
    for one in history:
        mine = {*timeline.instance(one.labels).items()}
        common = mine if common is None else common & mine
    return tuple(sorted(common or set()))


def _key(labels: Mapping[str, str], outside: Labels) -> Labels:
    return tuple(sorted(set(timeline.instance(labels).items()) - set(outside)))


def _then(history: Iterable[Series], outside: Labels, span: tuple[int, int], alert: engine.Alert) -> States:
    found: States = {}
    for one in history:
        key = _key(one.labels, outside)
        state = AlertState(one.labels["alertstate"])
        for ms, value in zip(one.timestamps, one.values, strict=True):
            if span[0] <= ms <= span[1] and value != STALE:
                found[key, round((ms - alert.first_ms) / alert.step_ms)] = state
    return found


def _now(alerts: Iterable[engine.Alert], outside: Labels, span: tuple[int, int]) -> States:
    found: States = {}
    for alert in alerts:
        first = alert.first_ms + max(-(-(span[0] - alert.first_ms) // alert.step_ms), 0) * alert.step_ms
        for one in alert.instances:
            key = _key(one.labels, outside)
            times = range(first, min(alert.last_ms, span[1]) + 1, alert.step_ms)
            for ms, state, _ in samples.each(one.changes, times):
                found[key, (ms - alert.first_ms) // alert.step_ms] = state
    return found


def _guess(
    history: Sequence[Series], then: States, now: States, apart: Sequence[tuple[int, Labels]], step: int
) -> str:
    """Return what probably made them differ."""
    distances = Counter(_distances(history))
    usual = distances.most_common(1)[0][0] if distances else step
    if distances and distances[step] < OTHER_INTERVAL * distances.total():
        was, is_now = durations.text(usual / 1000), durations.text(step / 1000)
        return (
            f"it was evaluated every {was} and not every {is_now}: name the rules that were deployed by"
            " --deployed, with their intervals"
        )
    slots_then = {slot for _, slot in then}
    unseen = [slot for slot, _ in apart if slot not in slots_then]
    if then and len(unseen) == len(apart):
        inside = [slot for slot in unseen if min(slots_then) < slot < max(slots_then)]
        if len(inside) == len(unseen):
            return "nothing was evaluated there at those times: the server was down, or restarted"
    if not then:
        return "the history holds nothing of it: was this revision deployed then?"
    if not now:
        return "the backtest says nothing at all: are the samples it read still there, and all of them?"
    first = min(slots_then)
    if all(slot < first for slot, _ in apart):
        return "before the first the history holds of it: was this revision deployed by then?"
    return (
        "perhaps samples are missing or came late, the rules were changed meanwhile, or the server restarted"
    )


def _distances(history: Iterable[Series]) -> Iterator[int]:
    for one in history:
        yield from (later - earlier for earlier, later in pairwise(one.timestamps))
