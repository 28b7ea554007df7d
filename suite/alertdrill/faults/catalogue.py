"""Every fault there is, by name: the shipped ones, those of installed packages, and a scenario's own."""

from importlib import metadata

from alertdrill.errors import ScenarioError
from alertdrill.faults import calls
from alertdrill.faults.base import FaultKind
from alertdrill.faults.commit import Commit
from alertdrill.faults.delete import Delete
from alertdrill.faults.execute import Execute
from alertdrill.faults.followed_by import FollowedBy
from alertdrill.faults.in_container import FailReadiness, RestartOnce
from alertdrill.faults.manifests import Apply
from alertdrill.faults.misbehave import Misbehave
from alertdrill.faults.modelled import DisturbScrapes, UseUp
from alertdrill.faults.new_object import FailJob, UnboundClaim
from alertdrill.faults.node import DistrustKubelet, HaltControlPlane, StopKubelet
from alertdrill.faults.patch import Patch
from alertdrill.faults.refuse_configuration import RefuseConfiguration
from alertdrill.faults.refuse_replicasets import RefuseReplicaSets
from alertdrill.faults.revoke import Revoke
from alertdrill.faults.scale import Scale
from alertdrill.faults.stop_watcher import DoubleWatcher, RestartWatcher, StopWatcher
from alertdrill.faults.template import CrashContainer, FailLiveness, MissingImage, SlowRollout, StuckRollout
from alertdrill.faults.trouble_receiver import TroubleReceiver
from alertdrill.model import Trait
from alertdrill.scenario import Scenario

# Packages that bring faults name their classes in this group of entry points.
GROUP = "alertdrill.faults"


def named(name: str) -> FaultKind:
    """Return the fault of a name: a shipped one, or one of an installed package."""
    for kind in ALL:
        if kind.name == name:
            return kind
    there = installed()
    for kind in there:
        if kind.name == name:
            return kind
    known = ", ".join(sorted(kind.name for kind in (*ALL, *there)))
    raise ScenarioError(f"there is no fault {name}; there are: {known}")


ALL: tuple[FaultKind, ...] = (
    Apply(),
    Commit(),
    CrashContainer(),
    Delete(),
    DistrustKubelet(),
    DoubleWatcher(),
    Execute(),
    FailJob(),
    FailLiveness(),
    FailReadiness(),
    FollowedBy(named),
    HaltControlPlane(),
    DisturbScrapes(),
    Misbehave(),
    MissingImage(),
    Patch(),
    RefuseConfiguration(),
    RefuseReplicaSets(),
    RestartOnce(),
    RestartWatcher(),
    Revoke(),
    Scale(),
    SlowRollout(),
    StopKubelet(),
    StopWatcher(),
    StuckRollout(),
    TroubleReceiver(),
    UnboundClaim(),
    UseUp(),
)


def of(scenario: Scenario) -> FaultKind | None:
    """Return the fault of a scenario, None where nothing is broken; an unknown name is a ScenarioError."""
    if scenario.fault is None:
        return None
    own = scenario.fault.own_kind
    if isinstance(own, FaultKind):
        return own
    try:
        return named(scenario.fault.name)
    except ScenarioError as error:
        said = f"scenario {scenario.name}: {error}"
        raise ScenarioError(said, about=(scenario.fault.name,)) from error


def is_shipped(kind: FaultKind) -> bool:
    """Say whether a fault is one of ours, whose arguments mean what they mean there."""
    return type(kind) in {type(one) for one in ALL}


def check(scenario: Scenario) -> None:
    """Raise ScenarioError for a fault that there is not, or one that is not told what it must know."""
    kind = of(scenario)
    if kind is None or scenario.fault is None:
        return
    try:
        calls.check(kind, scenario.folder, scenario.fault.args)
    except ScenarioError as error:
        raise ScenarioError(f"scenario {scenario.name}: {error}", about=(kind.name, *error.about)) from error


def traits(scenario: Scenario) -> frozenset[Trait]:
    """Return what the fault of a scenario does to the world: always, and as its arguments say."""
    kind = of(scenario)
    if kind is None or scenario.fault is None:
        return frozenset()
    return kind.traits_of(scenario.fault.args)


def lives(scenario: Scenario) -> float:
    """Return for how many seconds of rule time what the fault of a scenario crashes lives each time."""
    kind = of(scenario)
    return kind.lives(scenario.fault.args) if kind and scenario.fault else 0.0


def installed() -> tuple[FaultKind, ...]:
    """Return the faults of installed packages; one that can't be had is a ScenarioError that names it."""
    found: dict[str, FaultKind] = {}
    shipped = {kind.name for kind in ALL}
    for point in metadata.entry_points(group=GROUP):
        where = f"the fault {point.name} of the package {point.dist.name if point.dist else 'unknown'}"
        try:
            kind = point.load()
        except Exception as error:  # whatever somebody's module raises
            raise ScenarioError(
                f"loading {where} ({point.value}): {type(error).__name__}: {error}"
            ) from error
        if not (isinstance(kind, type) and issubclass(kind, FaultKind)):
            raise ScenarioError(f"{where} ({point.value}) is no subclass of alertdrill.faults.FaultKind")
        if kind.name != point.name or kind.name in shipped or kind.name in found:
            raise ScenarioError(
                f"{where}: its class is named {kind.name!r}; it must be named as its entry point is,"
                " and as no other fault"
            )
        found[kind.name] = kind()
    return tuple(found.values())
