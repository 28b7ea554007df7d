"""Recordings at real durations: what unmodified rules would have said, by Prometheus, with no cluster."""

from alertdrill.replay.replay import Replayed, replay, replay_all
from alertdrill.replay.stretch import Stretched, stretch
from alertdrill.replay.virtual import Virtual, virtual

__all__ = ["Replayed", "Stretched", "Virtual", "replay", "replay_all", "stretch", "virtual"]
