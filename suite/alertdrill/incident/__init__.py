"""What was recorded: values, their folder on disk, and the timeline read out of them."""

from alertdrill.incident.folder import find, read, write
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
    "find",
    "read",
    "write",
]
