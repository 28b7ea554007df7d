"""What a fault is: a value with a name, a way in, a way out, and where it can be had."""

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec

from alertdrill.errors import FutileError, ScenarioError, UsageError
from alertdrill.kube import Kube
from alertdrill.model import Trait, Value
from alertdrill.names import STACK_NAMESPACE
from alertdrill.scenario import Fault

Text = Annotated[str, msgspec.Meta(min_length=1)]
TARGET = re.compile(r"[a-z]+(\.[a-z.]+)?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class Anything(msgspec.Struct, frozen=True):
    """Whatever arguments a scenario gives."""


class Node(Protocol):
    """A machine under a lab's own cluster; what is broken there the next `up` repairs."""

    def run(self, what: str, *argv: str) -> str:
        """Run a program on it and return what it printed."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a fault strikes: a scenario's namespace in a cluster that runs `speed` times as fast.

    `folder` is where paths of the scenario start. `remembered` is what `inject` leaves for `heal`.
    """

    kube: Kube
    namespace: str
    speed: float
    stack: str = STACK_NAMESPACE  # where what watches it is
    folder: Path = Path()
    image: Callable[[str], str] = str  # an image of ours → its name in this cluster
    node: Node | None = None  # that the control plane runs on; None where it is somebody else's
    spare: Node | None = None  # that is there to be lost; None where there is none of ours
    remembered: dict[str, Any] = field(default_factory=dict)

    def run(self, what: str, *words: str, stdin: str | None = None) -> str:
        """Run kubectl in the scenario's namespace; a LabError says `what` was attempted when it fails."""
        return self.kube.run(what, f"--namespace={self.namespace}", *words, stdin=stdin)

    def pods(self, selector: str) -> list[str]:
        """Return the names of the pods that match; none is lab trouble, because nothing would be broken."""
        found = self.kube.get("pods", namespace=self.namespace, selector=selector)
        if not found:
            raise FutileError(f"no pod in {self.namespace} matches {selector}, so there is nothing to break")
        return sorted(pod["metadata"]["name"] for pod in found)

    def patch(self, what: str, target: str, patch: str) -> None:
        """Change fields of an object, as a strategic merge."""
        self.run(what, "patch", target, "--type=strategic", f"--patch={patch}")


@dataclass(frozen=True)
class Ground:
    """What a lab knows of its cluster before anything is broken in it.

    `restart_seconds_max` is the kubelets' cap on the crash-loop back-off in live seconds, None where they
    don't tell. `components` are the parts of the monitoring stack. `again` says how to have a lab whose
    kubelets fit a speed, "" where they are somebody else's.
    """

    speed: float
    restart_seconds_max: float | None = None
    components: Callable[[], frozenset[str]] = frozenset
    again: str = ""
    node: Node | None = None  # that the control plane runs on; None where it is somebody else's
    spare: Node | None = None  # that is there to be lost; None where there is none of ours


class Aimed(Value, frozen=True, kw_only=True):
    """Arguments of a fault that is done to one workload."""

    target: str

    def __post_init__(self) -> None:
        """Refuse what kubectl would not take."""
        if not TARGET.fullmatch(self.target):
            raise ValueError(f"{self.target!r} is no target; write it like deployment/web")


class FaultKind(ABC):
    """One way to break things on purpose, and to repair them. `args` are those of the scenario's Fault.

    A subclass has a `name`, `inject` and `heal`. One that a scenario uses is found by the value that `fault`
    makes, wherever it is written. `heal` may be called after an `inject` that broke half-way, and again after
    a `heal` that did.
    """

    name: str = ""  # what a scenario and its recordings call it
    traits: frozenset[Trait] = frozenset()  # what it does to the world; recorded, for the judge
    Args: type[msgspec.Struct] = Anything  # what a scenario must say, and in which types

    def __init_subclass__(cls) -> None:
        """Refuse what would break only once it is played."""
        super().__init_subclass__()
        takes: object = cls.Args  # whatever was written there
        if not (isinstance(takes, type) and issubclass(takes, msgspec.Struct)):
            raise ScenarioError(
                f"the arguments of the fault class {cls.__name__} are no msgspec.Struct; write them as:"
                " class Args(msgspec.Struct)"
            )
        for method in (cls.inject, cls.heal):
            try:
                inspect.signature(method).bind(cls, Place, {})
            except TypeError:
                raise ScenarioError(
                    f"{cls.__name__}.{method.__name__} can't be called; write it as:"
                    f" def {method.__name__}(self, place, args)"
                ) from None

    @classmethod
    def fault(cls, **args: Any) -> Fault:
        """Return the value that a scenario uses; arguments that `Args` does not have are a ScenarioError."""
        if not cls.name:
            raise ScenarioError(f'the fault class {cls.__name__} has no name; give it one: name = "..."')
        cls.check_args(args)
        return Fault(name=cls.name, args=args).made_by(cls())

    @classmethod
    def check_args(cls, args: dict[str, Any]) -> None:
        """Raise ScenarioError for arguments that `Args` does not have."""
        takes, asked = cls.Args.__struct_encode_fields__, Fault(name=cls.name, args=args)
        try:
            msgspec.convert(args, cls.Args)
            if cls.Args is not Anything and (unknown := sorted(args.keys() - set(takes))):
                raise ScenarioError(f"there is no argument {unknown[0]}")
        except (msgspec.ValidationError, UsageError) as error:
            raise ScenarioError(
                f"the fault {asked} can't be injected: {error}; {cls.name} takes"
                f" {', '.join(takes) or 'no argument'}"
            ) from error

    @classmethod
    def completed(cls, args: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments with those that a scenario may leave out."""
        return {**msgspec.to_builtins(msgspec.convert(args, cls.Args)), **args}

    def check(self, folder: Path, args: dict[str, Any]) -> None:
        """Raise ScenarioError for what can be known to be wrong before anything starts."""
        del folder, args

    def available(self, ground: Ground, args: dict[str, Any]) -> str:
        """Return why it can't be had on this ground, with what to do; "" where it can."""
        del ground, args
        return ""

    def traits_of(self, args: dict[str, Any]) -> frozenset[Trait]:
        """Return what it does to the world: always, and as its arguments say."""
        said = args.get("traits", ()) if "traits" in self.Args.__struct_fields__ else ()
        return self.traits | {Trait(one) for one in said}

    def delay(self, args: dict[str, Any]) -> str:
        """Return how long after `inject` there is more to do (rule time), "" where there is nothing."""
        del args
        return ""

    def inject_later(self, place: Place, args: dict[str, Any]) -> None:
        """Do it."""
        del place, args

    def lives(self, args: dict[str, Any]) -> float:
        """Return for how many seconds of rule time what it crashes lives before it ends again."""
        del args
        return 0.0

    @abstractmethod
    def inject(self, place: Place, args: dict[str, Any]) -> None:
        """Break it; returns when the API server has accepted everything."""

    @abstractmethod
    def heal(self, place: Place, args: dict[str, Any]) -> None:
        """Repair it; returns when the API server has accepted everything."""
