"""Recordings at real durations: what unmodified rules would have said, by Prometheus, with no cluster."""

from alertdrill.replay.replay import Replayed, judged, replay, replay_all
from alertdrill.replay.stretch import Stretched, stretch
from alertdrill.replay.virtual import Virtual, span, virtual

__all__ = ["Replayed", "Stretched", "Virtual", "judged", "replay", "replay_all", "span", "stretch", "virtual"]
