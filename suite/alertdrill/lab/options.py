"""What a lab is asked to be, and what it is called: on the command line, on disk and in the cluster."""

import platform
import re
from pathlib import Path

from alertdrill.errors import UsageError
from alertdrill.lab import clusters
from alertdrill.machine import cache
from alertdrill.model import Value
from alertdrill.names import (
    NAMESPACE_PREFIX,
    RESTART_OVERHEAD_SECONDS,
    RESTART_SECONDS,
    SPEED,
    STACK_NAMESPACE,
)

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")  # roles are called after it


class Options(Value, frozen=True, kw_only=True):
    """What a lab is made of, as asked for on the command line; kept in its folder."""

    name: str = "lab"
    cluster: str = "auto"
    kubeconfig: str = ""
    context: str = ""
    namespace: str = STACK_NAMESPACE  # where the stack is
    registry: str = ""  # where an existing cluster pulls our own images
    speed: float = SPEED
    through_pytest_kind: bool = False  # kind clusters are made by pytest-kind, in the e2e session
    tofu: bool = False  # with terradiff's image, whose tofu takes minutes to build the first time
    images: tuple[str, ...] = ()  # what scenarios run, of which a cluster that is not ours is asked
    components: tuple[str, ...] = ()  # what else the stack has, of manifests/components
    rules: tuple[str, ...] = ()  # files or folders; none means the shipped ones and the drill's own


def wanted(options: Options) -> clusters.Wanted:
    """Return the cluster that such a lab is on, in the words of `clusters`."""
    return clusters.Wanted(
        name=options.name,
        flavour=options.cluster,
        kubeconfig=Path(options.kubeconfig).absolute() if options.kubeconfig else None,
        context=options.context or None,
        through_pytest_kind=options.through_pytest_kind,
        restart_seconds_max=max(1.0, RESTART_SECONDS / options.speed - RESTART_OVERHEAD_SECONDS),
        speed=options.speed,
        mark=mark(options.name),
    )


def checked_name(name: str) -> str:
    """Return the name of a lab if it is one, else raise UsageError: folders are made, and removed, by it."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a lab; use up to 32 lower-case letters, digits and dashes")
    return name


def mark(name: str) -> str:
    """Return a lab's name with what tells it from one of that name on another machine or in another cache.

    Both may drill in the same cluster, and each removes only what is its own.
    """
    return f"{checked_name(name)}-{cache.digest(platform.node(), str(cache.folder()))[:8]}"


def tail(name: str) -> str:
    """Return what the names of a lab's namespaces end with: short, for Prometheus to tell labs apart by."""
    return cache.digest(mark(name))[:4]


def checked_namespace(name: str) -> str:
    """Return the name of a namespace that a stack can be in, else raise UsageError."""
    if not NAMESPACE.fullmatch(name):
        raise UsageError(
            f"--namespace {name!r} is no name for it; use up to 40 lower-case letters, digits and dashes"
        )
    if name.startswith(NAMESPACE_PREFIX):
        raise UsageError(f"--namespace {name}: what starts with {NAMESPACE_PREFIX} is a scenario's")
    return name
