"""Pure: an incident → a judgement. Assumptions come first; what can't be trusted is unknown."""

from alertdrill.judge.verdict import judge, unknown

__all__ = ["judge", "unknown"]
