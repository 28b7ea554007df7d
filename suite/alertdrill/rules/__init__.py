"""Rule files ⇄ objects that remember file and line."""

from alertdrill.rules.files import Found, find
from alertdrill.rules.load import load, of, parse
from alertdrill.rules.pace import Declaration
from alertdrill.rules.values import BadRulesError, Group, Remark, Rule, RuleSet

__all__ = [
    "BadRulesError",
    "Declaration",
    "Found",
    "Group",
    "Remark",
    "Rule",
    "RuleSet",
    "find",
    "load",
    "of",
    "parse",
]
