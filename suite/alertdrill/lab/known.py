"""What is known of a lab that is up: written down when it is, for every command after that."""

from pathlib import Path
from typing import Self

import msgspec

from alertdrill.errors import UsageError
from alertdrill.lab import clusters
from alertdrill.lab.options import Options, checked_name, checked_namespace, mark, tail
from alertdrill.lab.stack import Site
from alertdrill.machine import cache
from alertdrill.model import Value

PROMETHEUS_PORT = 9090


class State(Value, frozen=True, kw_only=True):
    """What is known of a lab that is up."""

    options: Options
    flavour: str
    reason: str
    kubeconfig: str
    context: str
    images: dict[str, str]  # image → what it is made of, as loaded into the cluster
    phases: dict[str, float]

    @property
    def is_guest(self) -> bool:
        """Say whether the cluster is somebody else's."""
        return self.flavour == clusters.existing.FLAVOUR

    def running(self, options: Options) -> Self:
        """Return what is known once rules were deployed at a speed, for whoever plays: they stay."""
        deployed = msgspec.structs.replace(self.options, rules=options.rules, speed=options.speed)
        return msgspec.structs.replace(self, options=deployed)

    @property
    def access(self) -> clusters.Access:
        """Return how to reach the lab's cluster."""
        return clusters.Access(kubeconfig=Path(self.kubeconfig), context=self.context)

    @property
    def way_to_prometheus(self) -> str:
        """Return the command that opens a way to the lab's Prometheus, and where it is then."""
        return (
            f"kubectl --kubeconfig {self.kubeconfig} --context {self.context} port-forward"
            f" --namespace {self.options.namespace} service/prometheus {PROMETHEUS_PORT}"
        )


def file(name: str) -> Path:
    """Return where it is written down."""
    return cache.folder() / "labs" / checked_name(name) / "lab.json"


def find(name: str) -> State | None:
    """Return what is known of a lab, None if there is none; a state that can't be read counts as none."""
    try:
        return msgspec.json.decode(file(name).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


def remember(state: State) -> None:
    """Write it down."""
    cache.write_whole(file(state.options.name), msgspec.json.encode(state), mode=0o600)


def elsewhere(before: State, options: Options) -> str:
    """Say that a lab is in another namespace than asked for."""
    return (
        f"lab {options.name} is in the namespace {before.options.namespace}, not {options.namespace}: take it"
        f" down first (alertdrill down --name {options.name}), or use another --name"
    )


def site(options: Options, *, is_guest: bool) -> Site:
    """Return the lab's place in its cluster; UsageError if it can't be there, or is somewhere else."""
    before = find(options.name)
    if before and before.options.namespace != options.namespace:
        raise UsageError(elsewhere(before, options))
    if options.registry and not is_guest:
        raise UsageError("--registry is for --cluster existing: a cluster of ours gets its images loaded")
    return Site(
        mark=mark(options.name),
        tail=tail(options.name),
        namespace=checked_namespace(options.namespace),
        guest=is_guest,
        registry=options.registry,
    )
