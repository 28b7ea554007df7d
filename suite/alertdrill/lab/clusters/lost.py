"""A kind cluster of ours whose record is gone with the lab's folder: known again by what is not in there."""

from dataclasses import replace

from alertdrill.errors import LabError
from alertdrill.lab.clusters import kind, kind_config, state
from alertdrill.lab.clusters.base import Wanted
from alertdrill.lab.clusters.choose import choose
from alertdrill.machine import cache, docker, tools
from alertdrill.machine.docker import Engine
from alertdrill.machine.tools import dockerd


def find(wanted: Wanted) -> Engine | None:
    """Return the engine that has such a cluster; nothing is started to find it.

    In an engine of ours everything is ours. In a Docker that others use, what carries the lab's mark is.
    """
    cluster = f"label={kind.LABEL}={kind.PREFIX}{wanted.name}"
    shared = docker.answering()
    mount = f"volume={kind_config.mount_of(wanted.mark)}"
    if shared and wanted.mark and shared.containers(mount, cluster):
        return shared
    own = docker.running(lambda: dockerd.programs().environment())
    return own if own and own.containers(cluster) else None


def recover(wanted: Wanted) -> bool:
    """Say whether the lab has a cluster; a record that was lost is written anew, so that `down` finds it.

    Where its node runs there is a way to it again, too, to ask whether other labs are guests in it.
    """
    if state.read(wanted.name):
        return True
    engine = find(wanted)
    if engine is None:
        return False
    command = kind.KindCommand(tools.kind(), engine, kind.PREFIX + wanted.name)
    try:
        way = command.run("asking kind for the way to the cluster", "get", "kubeconfig")
    except LabError:
        way = ""
    if way:
        cache.write_whole(state.kubeconfig(wanted.name), way, mode=0o600)
    record = state.Record(
        flavour=kind.BUILT if engine.private else _as_now(wanted),
        reason="its record was lost, and the cluster was not",
        private_engine=engine.private,
        begun=True,
        complete=bool(way),
    )
    state.write(wanted.name, record)
    return True


def _as_now(wanted: Wanted) -> str:
    """Return what a kind cluster would be that is made now: it can't be seen which of them it was."""
    return choose(wanted if wanted.flavour in kind.FLAVOURS else replace(wanted, flavour="auto")).flavour
