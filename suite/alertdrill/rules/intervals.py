"""How often the alerts of rule groups are evaluated."""

from collections.abc import Iterable

from alertdrill import durations
from alertdrill.rules.values import Group


def of_alerts(groups: Iterable[Group], default: float) -> dict[str, tuple[float, ...]]:
    """Return for each alert the seconds between two of its evaluations, the fewest first.

    `default` is that of groups which state none. Rules of one name may stand in groups that differ.
    """
    found: dict[str, set[float]] = {}
    for group in groups:
        stated = durations.seconds(group.interval) if group.interval else 0.0
        for rule in group.rules:
            if rule.kind == "alert":
                found.setdefault(rule.name, set()).add(stated or default)
    return {name: tuple(sorted(those)) for name, those in found.items()}
