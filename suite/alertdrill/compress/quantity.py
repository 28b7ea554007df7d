"""What a PromQL expression measures, as far as a faster clock changes it.

In a run at speed k all that the drill paces (restarts, scrapes, evaluations) happens k times as often.
A quantity of power p reads k^p times what it would read at speed 1: a number of replicas has power 0, a rate
of restarts 1. What the drill does not pace gives the seconds it always gave, though less rule time passes
in it than a rule means: power -1.
"""

import re

from alertdrill.model import Value

# What these programs count, they count at their own pace, however fast the drill is played.
OWN_PACE = re.compile(
    r"(?:apiserver|kubelet|etcd|workqueue|rest_client|scheduler|coredns|container|node|process|go)_"
)
COUNTER = re.compile(r"_(?:total|count|sum|bucket)$")
INSTANT = re.compile(r"(?:^ALERTS_FOR_STATE|_timestamp(?:_(?:milli)?seconds)?|_time_seconds)$")
DURATION = re.compile(r"_(?:(?:nano|micro|milli)?seconds|minutes|hours|days)(?P<counted>_total|_sum)?$")


class Quantity(Value, frozen=True, kw_only=True):
    """The power of k in an expression's value, and what else decides how it may be compared.

    `constant`: made of numbers only, so it can be scaled to fit. `zero`: zero at any scale. `instant`: a
    point in time, seconds since the epoch. `plain`: a series as it is, so it may well be an instant.
    `own_pace`: counts what the drill does not pace, so even whether there was any depends on the window.
    `why` says what a power below zero, or one that can't be known (`power` None), comes from.
    """

    power: int | None = 0
    constant: bool = False
    zero: bool = False
    instant: bool = False
    plain: bool = False
    own_pace: bool = False
    why: str = ""


NUMBER = Quantity()
NOW = Quantity(instant=True)


def of_metric(name: str) -> Quantity:
    """Return what a series of this name measures; names are all that is known of it."""
    if not name:
        return Quantity(power=None, why="a selector without a metric's name can measure anything")
    if INSTANT.search(name):
        return NOW
    if duration := DURATION.search(name):
        return Quantity(power=-1, plain=not duration["counted"], why=f"{name} is in seconds of its own")
    if COUNTER.search(name) and OWN_PACE.match(name):
        return Quantity(power=-1, own_pace=True, why=f"{name} counts at a pace of its own")
    return Quantity(plain=True)


def unknown(why: str) -> Quantity:
    """Return a quantity that may exist, but not be compared."""
    return Quantity(power=None, why=why)
