"""What a PromQL expression measures, as far as a faster clock changes it.

In a run at speed k what the lab paces happens k times as often: a rate of it reads k times as much (power 1)
and a number per window the same (power 0), as its windows are k times as short. What keeps its own pace has
the per-second numbers it always had (power 0), and in a shorter window 1/k of the number (power -1).
Levels read the same for both. Seconds are counted apart from all that, as no clock here runs faster.
"""

from typing import Literal

from alertdrill.model import Claim, Value
from alertdrill.rules import promql

Pace = Literal["", "lab", "own", "level", "mixed"]


class Events(Value, frozen=True, kw_only=True):
    """That a value owes itself to what is counted at its own pace: a lab's window holds fewer of it.

    `metric` is what is counted, over `window` seconds of the lab, None being since something started.
    `rest` is the value where nothing was counted, None where that can't be told. `sure`: while anything is
    counted at all, the window holds one.
    """

    metric: str
    window: float | None = None
    rest: float | None = 0.0
    sure: bool = False


class Quantity(Value, frozen=True, kw_only=True):
    """The power of k in an expression's value, and what else decides how it may be compared.

    `power` is None where it can't be known, and `why` says why not. `time` is the exponent of seconds, as
    names and clocks have it, and `per` how often PromQL divided by seconds. `constant`: made of numbers only,
    so it can be scaled to fit; `number` is its value, if that is known. `instant`: seconds since the epoch.
    `plain`: a series as it is, so it may well be an instant, and `moment`: its name says so. `step`: by how
    much one event changes it, 0 being smoothly and None unknown. `reads` are the series of their own pace
    that it has as they are, each with its place in time; while they are counted at all, it is at least once
    in `every` seconds, if that is declared. `buckets` says why a quantile of it is in seconds.
    """

    power: int | None = 0
    time: int = 0
    per: int = 0
    constant: bool = False
    number: float | None = None
    instant: bool = False
    moment: bool = False
    plain: bool = False
    pace: Pace = ""
    step: float | None = 1.0
    events: Events | None = None
    reads: frozenset[tuple[str, str]] = frozenset()
    every: float | None = None
    buckets: str = ""
    why: str = ""

    @property
    def clock(self) -> int:
        """Return the exponent of seconds that is left: seconds per second are a plain number."""
        return 0 if self.time == self.per else self.time


NUMBER = Quantity()
NOW = Quantity(instant=True, time=1, why="it is a point in time")


class Meaning(Value, frozen=True, kw_only=True):
    """What a series of one name measures, and the claims on which that rests."""

    quantity: Quantity
    claims: tuple[Claim, ...] = ()


def unknown(why: str) -> Quantity:
    """Return a quantity that may exist, but not be compared."""
    return Quantity(power=None, why=why)


def joined(one: Pace, other: Pace) -> Pace:
    """Return the pace of what is made of two."""
    if not one or not other or one == other:
        return one or other
    return "mixed"


class Scaled(Value, frozen=True, kw_only=True):
    """An expression for a live run, what it measures, and the expression that was written."""

    text: str
    quantity: Quantity
    original: promql.Expr

    @property
    def written(self) -> str:
        """Return what the rule says, for a sentence to its author."""
        return promql.text(self.original)


class Refused(Exception):  # noqa: N818  # a finding about a rule, not a fault
    """Why an expression can't be scaled."""
