"""What Prometheus refuses of a rule's results, and so do we."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from alertdrill.incident import Series
from alertdrill.rules import Rule


class Refused(Exception):  # noqa: N818  # why nothing can be said of a rule
    """Why nothing can be said of a rule."""


def check_limit(limit: int, found: Sequence[Series]) -> None:
    """Refuse what Prometheus refuses: a rule that makes more than its group allows."""
    if not limit or len(found) <= limit:
        return
    counts: dict[int, int] = {}
    for one in found:
        for ms in one.timestamps:
            counts[ms] = counts.get(ms, 0) + 1
    if max(counts.values()) > limit:
        raise Refused(f"it makes {max(counts.values())} at once, and its group has limit: {limit}")


def check_apart(rule: Rule, times: Iterable[Sequence[int]]) -> None:
    """Refuse what Prometheus refuses: two series that are one after the rule's labels are put on."""
    ordered_times = sorted(ms for those in times for ms in those)
    twice = next((one for one, other in pairwise(ordered_times) if one == other), None)
    if twice is not None:
        raise Refused(f"two of its results have the same labels after those of {rule.name} are put on")
