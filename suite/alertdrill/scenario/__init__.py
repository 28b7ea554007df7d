"""What is said: scenarios as values, what of them can be checked, and the modules they stand in."""

from alertdrill.scenario.check import check, check_shape, problems
from alertdrill.scenario.values import (
    Expectation,
    Fault,
    Like,
    Match,
    Scenario,
    fires,
    from_json,
    like,
    never,
    notified,
    pends,
    resolves,
    to_json,
    unnotified,
)

__all__ = [
    "Expectation",
    "Fault",
    "Like",
    "Match",
    "Scenario",
    "check",
    "check_shape",
    "fires",
    "from_json",
    "like",
    "never",
    "notified",
    "pends",
    "problems",
    "resolves",
    "to_json",
    "unnotified",
]
