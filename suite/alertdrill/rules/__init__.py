"""Rule files ⇄ objects that remember file and line."""

from alertdrill.rules.load import load, parse
from alertdrill.rules.values import BadRulesError, Group, Rule, RuleSet

__all__ = ["BadRulesError", "Group", "Rule", "RuleSet", "load", "parse"]
