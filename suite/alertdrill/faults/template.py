"""Faults that are a bad rollout: a pod template is changed, and rolled back to heal."""

import json
from abc import abstractmethod
from typing import Any, Literal

from alertdrill import durations
from alertdrill.faults.base import Aimed, FaultKind, Ground, Place, Text
from alertdrill.model import Trait, Value
from alertdrill.names import (
    RESTART_OVERHEAD_SECONDS,
    RESTART_SECONDS,
    RESTART_SECONDS_HIGH,
    RESTART_SECONDS_LOW,
)
from alertdrill.scenario import Fault

# However low the cap; a kubelet takes no less than a second.
FASTEST_RESTART_SECONDS = 1.0 + RESTART_OVERHEAD_SECONDS


class OfContainer(Aimed, frozen=True, kw_only=True):
    """The workload, and the container of it that is changed."""

    container: Text


class _Rollout(FaultKind):
    """Changes the template of one workload; the repair is `kubectl rollout undo`, as on call."""

    traits = frozenset({Trait.CHANGES_SPEC})
    Args: type[Value] = OfContainer

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        patch = {"spec": {"template": self.template(place, args)}}
        place.patch(f"injecting {self.name}", args["target"], json.dumps(patch))

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        place.run(f"healing {self.name}", "rollout", "undo", args["target"])

    @abstractmethod
    def template(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return the changed part of the pod template."""


def _container(args: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": args["container"], **fields}]}}


class _CrashLoop(_Rollout):
    """A new version whose container is restarted over and over."""

    traits = frozenset({Trait.CHANGES_SPEC, Trait.CRASH_LOOPS})

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Need kubelets that restart as often as the speed promises; what is not known is measured."""
        del args
        if ground.restart_seconds_max is None:
            return ""
        live = ground.restart_seconds_max + RESTART_OVERHEAD_SECONDS
        if RESTART_SECONDS_LOW <= live * ground.speed <= RESTART_SECONDS_HIGH:
            return ""
        fitting = max(1, int(RESTART_SECONDS / live))
        again = ground.again if FASTEST_RESTART_SECONDS * ground.speed <= RESTART_SECONDS_HIGH else ""
        return (
            f"the kubelets here restart a container that crashes every {live:g} s, which at speed"
            f" {ground.speed:g} are {durations.text(round(live * ground.speed))} of rule time, promised are"
            f" {durations.text(RESTART_SECONDS_LOW)} to {durations.text(RESTART_SECONDS_HIGH)}; play it with"
            f" --speed {fitting}{again}"
        )


class CrashContainer(_CrashLoop):
    """A new version whose container ends with 1, or for want of memory, at once or after a while."""

    name = "crash_container"

    class Args(OfContainer, frozen=True, kw_only=True):
        """The workload, its container, how long that lives (rule time), and what ends it."""

        lives: str = "0s"
        by: Literal["exit", "memory"] = "exit"

        def __post_init__(self) -> None:
            """Refuse what is no duration."""
            super().__post_init__()
            durations.seconds(self.lives)

    def lives(self, args: dict[str, Any]) -> float:
        """Return its `lives`."""
        return durations.seconds(args.get("lives", "0s"))

    def template(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return the changed part of the pod template."""
        ends = {"exit": "raise SystemExit('this version crashes')", "memory": "print(len(b'x' * 2**30))"}
        live = self.lives(args) / place.speed
        code = f"from time import sleep; sleep({live:g}); {ends[args.get('by', 'exit')]}"
        return _container(args, command=["python3", "-c", code])


class FailLiveness(_CrashLoop):
    """A new version whose liveness probe fails, so that the kubelet restarts what would run."""

    name = "fail_liveness"
    traits = _CrashLoop.traits | {Trait.KILLED_BY_PROBE}

    def lives(self, args: dict[str, Any]) -> float:
        """Return a minute, as in life by default: three probes ten seconds apart, and thirty to end."""
        del args
        return 60.0

    def template(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return the changed part of the pod template; it is not ready either, so the old version stays."""
        del place
        missing = {
            "httpGet": {"path": "/no-such-file", "port": 8080},
            "periodSeconds": 1,
            "failureThreshold": 1,
        }
        return _container(args, livenessProbe=missing, readinessProbe=missing)


class MissingImage(_Rollout):
    """A new version whose image does not exist; pods of the old one stay, as its rollout strategy says."""

    name = "missing_image"

    def template(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return the changed part of the pod template."""
        del place
        return _container(
            args, image="alertdrill.invalid/no-such-image:never", imagePullPolicy="IfNotPresent"
        )


class StuckRollout(MissingImage):
    """A new version whose image does not exist, of a Deployment that gives up waiting for it."""

    name = "stuck_rollout"

    class Args(OfContainer, frozen=True, kw_only=True):
        """The Deployment, its container that is changed, and after how long it is stuck (rule time)."""

        deadline: str

        def __post_init__(self) -> None:
            """Refuse what is no duration."""
            super().__post_init__()
            durations.seconds(self.deadline)

    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Shorten the deadline to whole live seconds, at least 1, then change the template."""
        deadline = max(1, round(durations.seconds(args["deadline"]) / place.speed))
        patch = {"spec": {"progressDeadlineSeconds": deadline}}
        place.patch(f"injecting {self.name}", args["target"], json.dumps(patch))
        super().inject(place, args)


class SlowRollout(_Rollout):
    """A good new version that takes a while to get ready."""

    name = "slow_rollout"
    traits = frozenset({Trait.CHANGES_SPEC, Trait.SLOW})

    class Args(OfContainer, frozen=True, kw_only=True):
        """The workload, the container that is changed, and how long a pod takes (rule time)."""

        takes: str

        def __post_init__(self) -> None:
            """Refuse what is no duration."""
            super().__post_init__()
            durations.seconds(self.takes)

    def template(self, place: Place, args: dict[str, Any]) -> dict[str, Any]:
        """Return the changed part of the pod template; the kubelet takes whole live seconds, at least 1."""
        delay = max(1, round(durations.seconds(args["takes"]) / place.speed))
        return _container(args, readinessProbe={"initialDelaySeconds": delay, "periodSeconds": 1})

    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Leave the new version, which is a good one."""


def crash_container(
    target: str, *, container: str, lives: str = "0s", by: Literal["exit", "memory"] = "exit"
) -> Fault:
    """Roll out a version of `target` ("deployment/web") whose container ends once it `lives` so long.

    By itself, or "memory": it takes more than it may, and is killed for it.
    """
    how = {key: value for key, value in {"lives": lives, "by": by}.items() if value not in {"0s", "exit"}}
    return Fault(name=CrashContainer.name, args={"target": target, "container": container, **how})


def fail_liveness(target: str, *, container: str) -> Fault:
    """Roll out a version of `target` whose liveness probe fails (it asks port 8080 for what is not there)."""
    return Fault(name=FailLiveness.name, args={"target": target, "container": container})


def missing_image(target: str, *, container: str) -> Fault:
    """Roll out a version of `target` whose image does not exist."""
    return Fault(name=MissingImage.name, args={"target": target, "container": container})


def slow_rollout(target: str, *, container: str, takes: str) -> Fault:
    """Roll out a version of `target` whose pods get ready only after `takes` (rule time)."""
    return Fault(name=SlowRollout.name, args={"target": target, "container": container, "takes": takes})


def stuck_rollout(target: str, *, container: str, deadline: str) -> Fault:
    """Roll out a version of `target` that can't start, with a progress deadline of `deadline` (rule time)."""
    return Fault(
        name=StuckRollout.name, args={"target": target, "container": container, "deadline": deadline}
    )
