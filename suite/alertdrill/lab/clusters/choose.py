"""Which cluster it is going to be: found by looking, and said with the reason."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from alertdrill.errors import LabError, UsageError
from alertdrill.lab.clusters import control_plane, existing, kind, state
from alertdrill.lab.clusters.base import Cluster, Wanted
from alertdrill.machine import docker, nodeimage
from alertdrill.machine.docker import Engine
from alertdrill.machine.tools import dockerd as engine
from alertdrill.progress import Progress

UPSTREAM_IMAGE = "kindest/node:v1.34.0"
PRIVATE = "a container engine of our own, since no Docker answers"
FLAVOURS = ("auto", kind.UPSTREAM, kind.BUILT, existing.FLAVOUR, control_plane.FLAVOUR)


def choose(wanted: Wanted) -> Cluster:
    """Return the cluster that is wanted, not yet brought up; a lab that has one keeps it."""
    if wanted.flavour not in FLAVOURS:
        raise UsageError(f"there is no cluster called {wanted.flavour}: take one of {', '.join(FLAVOURS)}")
    record = state.read(wanted.name)
    if record:
        return _made(_as_before(wanted, record), record.flavour, record.reason)
    if wanted.flavour == "auto":
        return _looked(wanted)
    return _made(wanted, wanted.flavour, "it was asked for")


def _as_before(wanted: Wanted, record: state.Record) -> Wanted:
    """Return what is wanted with where the lab's cluster is; UsageError if another one is asked for."""
    other_context = wanted.context and record.context and wanted.context != record.context
    if other_context or wanted.flavour not in {"auto", record.flavour}:
        asked = f"{wanted.flavour} {wanted.context or ''}".strip()
        there = f"{record.flavour} {record.context}".strip()
        raise UsageError(
            f"lab {wanted.name} is on another cluster ({there}) than asked for ({asked}): take it down first"
            f" (alertdrill down --name {wanted.name}), or use another --name"
        )
    if record.flavour != existing.FLAVOUR:
        return wanted
    kubeconfig = wanted.kubeconfig or (Path(record.kubeconfig) if record.kubeconfig else None)
    return replace(wanted, kubeconfig=kubeconfig, context=wanted.context or record.context or None)


def _looked(wanted: Wanted) -> Cluster:
    there = docker.answering()
    if there is None:
        return _made(wanted, kind.BUILT, "no Docker answers here, so neither does its registry")
    image = wanted.node_image or UPSTREAM_IMAGE
    if there.has_image(image):
        return _made(wanted, kind.UPSTREAM, f"Docker answers and has {image}")
    if there.can_pull(image):
        return _made(wanted, kind.UPSTREAM, f"Docker answers and its registry has {image}")
    return _made(wanted, kind.BUILT, f"Docker answers, but no registry gives it {image}")


def _made(wanted: Wanted, flavour: str, reason: str) -> Cluster:
    if flavour == existing.FLAVOUR:
        return existing.ExistingCluster(wanted)
    if flavour == control_plane.FLAVOUR:
        return control_plane.ControlPlane(wanted, reason)
    return kind.KindCluster(
        wanted,
        flavour=flavour,
        reason=reason,
        engine=_engine(wanted),
        image=_image(wanted, flavour),
        creator=_creator(wanted),
    )


def _image(wanted: Wanted, flavour: str) -> Callable[[Engine, Progress], str]:
    """Return what makes or names the node image."""
    if flavour == kind.BUILT:
        return nodeimage.built
    return lambda _engine, _progress: wanted.node_image or UPSTREAM_IMAGE


def _creator(wanted: Wanted) -> kind.Creator:
    if not wanted.through_pytest_kind:
        return kind.create
    try:
        from alertdrill.lab.clusters import pytest_kind  # noqa: PLC0415  # an extra that may not be installed
    except ImportError as error:
        raise UsageError(f"pytest-kind can't be used ({error}): install alertdrill[kind]") from error
    return pytest_kind.create


def _engine(wanted: Wanted) -> Callable[[], Engine]:
    """Return what finds the engine: the one that has the lab's cluster, else Docker, else one of ours."""

    def find() -> Engine:
        record = state.read(wanted.name)
        private = record.private_engine if record else None
        there = None if private else docker.answering()
        if private is False and there is None:
            raise LabError(
                f"looked for the Docker that has the cluster of lab {wanted.name}, it does not answer:"
                " start it"
            )
        return there or docker.private(lambda: engine.programs().environment(), PRIVATE)

    return find
