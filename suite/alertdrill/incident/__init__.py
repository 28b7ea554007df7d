"""What was recorded: values, their folder on disk, and the timeline read out of them."""

from alertdrill.incident.folder import are_in, find, read, write
from alertdrill.incident.values import (
    STALE,
    Cadence,
    Delivery,
    Event,
    Incident,
    Kind,
    Limits,
    Moment,
    Notification,
    Series,
)

__all__ = [
    "STALE",
    "Cadence",
    "Delivery",
    "Event",
    "Incident",
    "Kind",
    "Limits",
    "Moment",
    "Notification",
    "Series",
    "are_in",
    "find",
    "read",
    "write",
]
