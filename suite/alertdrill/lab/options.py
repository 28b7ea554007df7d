"""What a lab is asked to be, and what it is called: on the command line, on disk and in the cluster."""

import platform
import re
from contextlib import AbstractContextManager
from pathlib import Path

from alertdrill.errors import UsageError
from alertdrill.lab import clusters
from alertdrill.machine import cache
from alertdrill.model import Value
from alertdrill.names import RESTART_OVERHEAD_SECONDS, RESTART_SECONDS

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
SPEED = 20.0


class Options(Value, frozen=True, kw_only=True):
    """What a lab is made of, as asked for on the command line; kept in its folder."""

    name: str = "lab"
    cluster: str = "auto"
    kubeconfig: str = ""
    context: str = ""
    speed: float = SPEED
    through_pytest_kind: bool = False  # kind clusters are made by pytest-kind, in the e2e session
    tofu: bool = False  # with terradiff's image, whose tofu takes minutes to build the first time
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


def in_use(name: str) -> AbstractContextManager[None]:
    """Hold the lab's stack: who plays, deploys or takes down waits for whoever does."""
    return cache.locked(f"play-{checked_name(name)}")
