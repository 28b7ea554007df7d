"""What a series measures, by its name: names are all that is known of it, unless somebody declared it."""

import re
from collections.abc import Sequence

from alertdrill.compress import paced
from alertdrill.compress.quantity import NOW, Events, Meaning, Pace, Quantity, unknown
from alertdrill.model import Claim, ClaimKind
from alertdrill.rules import pace
from alertdrill.rules.pace import Declaration

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# fmt: off
UNITS_OF_TIME = frozenset({
    "second", "seconds", "sec", "secs", "millisecond", "milliseconds", "millis", "msec", "ms", "microsecond",
    "microseconds", "micros", "usec", "us", "nanosecond", "nanoseconds", "nanos", "nsec", "ns", "minute",
    "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "jiffies",
})
WORDS_OF_TIME = UNITS_OF_TIME | {
    "age", "ages", "created", "date", "deadline", "delay", "delays", "duration", "durations", "elapsed",
    "epoch", "expiration", "expires", "expiry", "interval", "intervals", "lag", "lags", "latencies",
    "latency", "period", "rtt", "since", "timeout", "timeouts", "times", "timestamp", "timestamps", "ttl",
    "until", "wait", "waiting",
}
MOMENTS = frozenset({
    "created", "date", "deadline", "epoch", "expiration", "expires", "expiry", "since", "time", "timestamp",
    "until",
})
# fmt: on
# A series of such a name says by its labels how things stand, and is 1 or 0: `…_status_waiting_reason`.
SAID_BY_LABELS = frozenset({"annotations", "info", "labels", "reason"})
# What is counted in these comes in so many that a window holds no whole number of events.
SMOOTH_UNITS = UNITS_OF_TIME | {"bytes", "bits", "octets", "joules"}
COUNTER = re.compile(r"_(?:total|bucket|sum)$")
OF_A_HISTOGRAM = re.compile(r"_(?:bucket|count)$")

UNNAMED = "a selector without a metric's name can measure anything; name the metric"
NOT_ASKED = "nothing asks how fast it changes, so its value is taken as it is"
NOT_DECLARED = "nobody declared what paces it, so it is taken to change as fast in a lab as in life"


def of_metric(  # noqa: PLR0911  # the first that says something of a name
    name: str, declarations: Sequence[Declaration] = ()
) -> Meaning:
    """Return what a series of this name measures, and on which claim that rests."""
    if not name:
        return Meaning(quantity=unknown(UNNAMED))
    if name == "ALERTS_FOR_STATE":
        return Meaning(quantity=NOW, claims=(_claim(name, "seconds", "it is a point in time"),))
    if reason := paced.reason(name):
        return Meaning(quantity=_series(name, "lab"), claims=(_claim(name, "paced-by-lab", reason),))
    if (said := pace.chosen(declarations, name)) is not None:
        return _declared(name, said)
    if ":" in name:
        why = (
            f"{name} is made by a recording rule that is not among these files; give its file, too, or"
            f" declare in {pace.NAME} what it is"
        )
        return Meaning(quantity=unknown(why), claims=(_claim(name, "unknown", why),))
    quantity = _series(name, "own")
    if quantity.time:
        return Meaning(quantity=quantity, claims=(_claim(name, "seconds", quantity.why),))
    if quantity.events:
        return Meaning(quantity=quantity, claims=(_claim(name, "own-pace", NOT_DECLARED),))
    return Meaning(quantity=quantity, claims=(_claim(name, "level", NOT_ASKED),))


def own_pace(claim: Claim) -> Claim:
    """Return the claim on which it rests when a function asks how fast a series changes."""
    return claim if claim.declared else _claim(claim.metric, "own-pace", NOT_DECLARED)


def word_of_time(name: str) -> str:
    """Return the word of time in a metric's name, `""` where there is none."""
    words = [word.lower() for word in WORD.findall(name)]
    if words and words[-1] in SAID_BY_LABELS:
        return ""
    return next((word for word in words if word in WORDS_OF_TIME or word.endswith("time")), "")


def is_moment(name: str) -> bool:
    """Say whether a metric may be a point in time, by its name."""
    return any(word.lower() in MOMENTS for word in WORD.findall(name))


def is_smooth(name: str) -> bool:
    """Say whether a metric is counted in a unit of which there are so many that single ones don't matter."""
    words = [word.lower() for word in WORD.findall(COUNTER.sub("", name))]
    return bool(SMOOTH_UNITS & set(words)) or words[-1:] == ["time"]


def _series(name: str, of_pace: Pace, *, is_number: bool = False, every: float | None = None) -> Quantity:
    """Return what a series measures, as its name says."""
    counted = OF_A_HISTOGRAM.sub("", name)
    word = "" if is_number else word_of_time(counted)
    why = f"{name} has `{word}` in its name" if word else ""
    of_histogram = counted != name and bool(word)  # how many fell into a bucket, and no time
    counter = bool(COUNTER.search(name)) or of_histogram
    own_counter = counter and of_pace == "own"
    return Quantity(
        power=-1 if own_counter else 0,
        time=0 if of_histogram or not word else 1,
        moment=not counter and not is_number and is_moment(name),
        plain=not counter,
        pace=of_pace,
        step=0.0 if is_smooth(name) and not of_histogram and not is_number else 1.0,
        events=Events(metric=name) if own_counter else None,
        reads=frozenset({(name, "")}) if of_pace == "own" else frozenset(),
        every=every,
        buckets=why if name.endswith("_bucket") else "",
        why="" if of_histogram else why,
    )


def _declared(name: str, said: Declaration) -> Meaning:
    why = f"{said.reason} ({said.place})"
    claims = (_claim(name, said.kind, why, declared=True),)
    match said.kind:
        case "level":
            quantity = Quantity(pace="level", plain=True, why=why)
        case "seconds":
            quantity = Quantity(
                pace="level",
                plain=True,
                moment=True,
                time=1,
                why=f"{name} is declared seconds ({said.place})",
            )
        case "own-pace":
            quantity = _series(name, "own", is_number=said.is_number, every=said.every)
        case "paced-by-lab":
            quantity = _series(name, "lab", is_number=said.is_number)
    return Meaning(quantity=quantity, claims=claims)


def _claim(metric: str, kind: ClaimKind, why: str, *, declared: bool = False) -> Claim:
    return Claim(metric=metric, kind=kind, why=why, declared=declared)
