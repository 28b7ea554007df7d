"""What was recorded: values, their folder on disk, and the timeline read out of them."""

from alertdrill.incident.folder import find, read, write
from alertdrill.incident.values import STALE, Cadence, Event, Incident, Kind, Limits, Moment, Series

__all__ = [
    "STALE",
    "Cadence",
    "Event",
    "Incident",
    "Kind",
    "Limits",
    "Moment",
    "Series",
    "find",
    "read",
    "write",
]
