"""Whether a tool's exit code and its plan say the same; where they don't, neither is believed."""

from collections.abc import Sequence

from terradiff.drift import Drift
from terradiff.tool import CHANGES, NO_CHANGES, BrokenError, Planned


def require(planned: Planned, found: Sequence[Drift], *, refresh_only: bool) -> None:
    """Raise a BrokenError if a plan, of which `found` was read, is another than its exit code says."""
    said = _otherwise(planned, found, refresh_only=refresh_only)
    if said:
        ended = f"{CHANGES}, changes" if planned.changes else f"{NO_CHANGES}, no changes"
        raise BrokenError(
            f"the tool's plan ended with {ended}, but {said}, so whether anything drifted can't be told; "
            "plan by hand to see which is right, and name terraform or tofu itself with --tool"
        )


def _otherwise(planned: Planned, found: Sequence[Drift], *, refresh_only: bool) -> str:
    plan = planned.plan
    if plan.get("errored"):
        return "what it shows is marked as errored"
    if planned.changes:
        return ""
    # A move is in the state before anything is refreshed, and no change to a tool that only refreshes.
    drifted = [each for each in found if not (refresh_only and each.action == "moved")]
    if drifted:
        more = f" and {len(drifted) - 1} more" if len(drifted) > 1 else ""
        return f"what it shows has {drifted[0].address} ({drifted[0].action}){more}"
    # Who leaves something out, as by -target, has no complete plan, and means that.
    if plan.get("complete") is False and not planned.partial:
        return "what it shows is not complete"
    return "what it shows is there to be applied" if plan.get("applyable") else ""
