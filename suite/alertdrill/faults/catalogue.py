"""Every fault there is, by name: the only list."""

import msgspec

from alertdrill.errors import ScenarioError, UsageError
from alertdrill.faults.base import FaultKind
from alertdrill.faults.in_container import FailReadiness, RestartOnce
from alertdrill.faults.misbehave import Misbehave
from alertdrill.faults.new_object import FailJob, UnboundClaim
from alertdrill.faults.refuse_replicasets import RefuseReplicaSets
from alertdrill.faults.scale import Scale
from alertdrill.faults.stop_watcher import StopWatcher
from alertdrill.faults.template import CrashContainer, MissingImage, SlowRollout, StuckRollout
from alertdrill.scenario import Scenario

ALL: tuple[FaultKind, ...] = (
    CrashContainer(),
    FailJob(),
    FailReadiness(),
    Misbehave(),
    MissingImage(),
    RefuseReplicaSets(),
    RestartOnce(),
    Scale(),
    SlowRollout(),
    StopWatcher(),
    StuckRollout(),
    UnboundClaim(),
)


def of(scenario: Scenario) -> FaultKind | None:
    """Return the fault of a scenario, None where nothing is broken; an unknown name is a ScenarioError."""
    if scenario.fault is None:
        return None
    for kind in ALL:
        if kind.name == scenario.fault.name:
            return kind
    known = ", ".join(kind.name for kind in ALL)
    raise ScenarioError(
        f"scenario {scenario.name}: there is no fault {scenario.fault.name}; there are: {known}"
    )


def check(scenario: Scenario) -> None:
    """Raise ScenarioError for a fault that there is not, or one that is not told what it must know."""
    kind = of(scenario)
    if kind is None or scenario.fault is None:
        return
    try:
        msgspec.convert(scenario.fault.args, kind.Args)
    except (msgspec.ValidationError, UsageError) as error:
        takes = ", ".join(kind.Args.__struct_fields__)
        raise ScenarioError(
            f"scenario {scenario.name}: the fault {scenario.fault} can't be injected: {error};"
            f" {kind.name} takes {takes}"
        ) from error
