"""The same for programs, as JSON."""

import msgspec

from kubediff.results import Verdict

# Rises when a field changes its meaning or goes; new fields may come at any time.
FORMAT = 1


def render(verdict: Verdict) -> str:
    """Return a verdict as JSON."""
    tree = {
        "format": FORMAT,
        "exit_code": verdict.code,
        "objects_checked": verdict.checked,
        "drift": verdict.drift,
        "foreign": verdict.foreign,
        "ignored": verdict.ignored,
        "troubles": verdict.troubles,
        "ignore_hits": dict(verdict.hits),
        "unused_rules": verdict.unused,
    }
    return msgspec.json.format(msgspec.json.encode(tree), indent=2).decode() + "\n"
