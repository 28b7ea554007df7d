"""What a change of rules changes of what alerts do: two revisions held against the same recordings."""

from alertdrill.gate.gate import gate
from alertdrill.gate.held import Standing
from alertdrill.gate.revisions import load
from alertdrill.gate.values import Case, CaseVerdict, Change, Gated, Kind

__all__ = ["Case", "CaseVerdict", "Change", "Gated", "Kind", "Standing", "gate", "load"]
