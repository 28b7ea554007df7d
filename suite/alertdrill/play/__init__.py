"""The live lane: scenarios → incidents → verdicts."""

from alertdrill.play.workload import needs_tofu

__all__ = ["needs_tofu"]
