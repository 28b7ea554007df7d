"""What can't be broken on a node that is shared: a target says so, in the words of node-exporter.

The workload `modelled-node` does as it is told (fixtures/workloads/modelled-node). Nothing is full: what is
proved is the way from a scrape to an alert.
"""

import json
from abc import abstractmethod
from typing import Annotated, Any, Literal

import msgspec

from alertdrill import durations
from alertdrill.faults.base import FaultKind, Place, Text
from alertdrill.faults.in_container import python_in_each
from alertdrill.model import Trait, Value
from alertdrill.scenario import Fault

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
What = Literal["memory", "disk", "inodes"]
How = Literal["slow", "late", "refused", "twice"]

SCRAPE_SECONDS = 30.0  # of a pod, and as long it may take: manifests/base/prometheus/prometheus.yaml
SLOW, LATE = 0.9, 1.5  # in such times


class _Modelled(FaultKind):
    """Tells the target what to say, until it is told otherwise."""

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        said = json.dumps(self.said(place, args))
        statement = f"pathlib.Path('/tmp/model.json').write_text({said!r})"
        python_in_each(place, args, f"injecting {self.name}", statement)

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Have it say what it said before."""
        statement = "pathlib.Path('/tmp/model.json').unlink(missing_ok=True)"
        python_in_each(place, args, f"healing {self.name}", statement)

    @abstractmethod
    def said(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return what the target is told."""


class UseUp(_Modelled):
    """A modelled node is short of memory, of disk or of inodes, or gets so."""

    name = "use_up"

    class Args(Value, frozen=True, kw_only=True):
        """The pods, what of it, the share that is left, and what of all is lost in an hour of rule time."""

        selector: Text
        what: What
        left: Share
        lost_per_hour: Share = 0.0

    def said(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return what is left of it, and what is lost in a live second."""
        lost = args.get("lost_per_hour", 0.0) / durations.seconds("1h") * place.speed
        return {args["what"]: {"left": args["left"], "lost_per_second": lost}}


class DisturbScrapes(_Modelled):
    """A target answers slowly, too late or with an error, or tells one thing as two series."""

    name = "disturb_scrapes"
    traits = frozenset({Trait.REMOVES_TARGETS})

    class Args(Value, frozen=True, kw_only=True):
        """The pods, and how they answer."""

        selector: Text
        how: How

    def said(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return how long it takes in live seconds, or what else is wrong."""
        share = {"slow": SLOW, "late": LATE}.get(args["how"], 0.0)
        return {"delay": share * SCRAPE_SECONDS / place.speed, "how": args["how"]}


def use_up(selector: str, *, what: What, left: float, lost_per_hour: float = 0.0) -> Fault:
    """Have a modelled node say that of its "memory", "disk" or "inodes" only `left` (0.05) is left.

    With `lost_per_hour` it goes on shrinking, by that share of all in an hour of rule time.
    """
    args = {"selector": selector, "what": what, "left": left, "lost_per_hour": lost_per_hour}
    return Fault(name=UseUp.name, args=args)


def disturb_scrapes(selector: str, *, how: How) -> Fault:
    """Have a modelled node's scrapes be "slow", "late" or "refused", or tell one thing "twice"."""
    return Fault(name=DisturbScrapes.name, args={"selector": selector, "how": how})
