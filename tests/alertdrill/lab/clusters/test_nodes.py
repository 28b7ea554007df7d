"""The nodes of a cluster know each other's names and pods, however they are told."""

import subprocess
import threading
from pathlib import Path

import pytest

from alertdrill.errors import LabError
from alertdrill.lab.clusters import nodes
from alertdrill.machine.docker import Engine

CONTAINERS = {"control-plane": "alertdrill-lab-control-plane", "worker": "alertdrill-lab-worker"}
ENGINE = Engine("it is scripted")


@pytest.mark.usefixtures("machine")
def test_each_is_told_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name, for who joins by it, and the way to the addresses that its pods have."""
    said: list[tuple[str | Path, ...]] = []
    real = Engine.run

    def run(self: Engine, what: str, *words: str | Path, timeout: float = 120.0) -> str:
        said.append(words)
        return real(self, what, *words, timeout=timeout)

    monkeypatch.setattr(Engine, "run", run)
    nodes.introduce(ENGINE, CONTAINERS)
    first, spare = CONTAINERS.values()
    assert [
        (spare, "10.244.0.0/24", "172.18.0.0", first),
        (first, "10.244.1.0/24", "172.18.0.1", spare),
    ] == [(words[1], *words[-3:]) for words in said if words[0] == "exec"]


def test_who_is_told_twice_knows_it_once(tmp_path: Path) -> None:
    """A name is written where there is none, and a route replaces itself."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1\tlocalhost\n")
    (tmp_path / "ip").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/routes\n')
    (tmp_path / "ip").chmod(0o755)
    script = nodes.MEET.replace("/etc/hosts", str(hosts))
    for _ in range(2):
        words = ["sh", "-c", script, "meet", "10.244.1.0/24", "172.18.0.3", "lab-worker"]
        subprocess.run(words, check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert "127.0.0.1\tlocalhost\n172.18.0.3 lab-worker\n" == hosts.read_text()
    assert (
        2 * ["route replace 10.244.1.0/24 via 172.18.0.3"] == (tmp_path / "routes").read_text().splitlines()
    )


def test_nodes_that_come_late_are_waited_for(machine: Path) -> None:
    """They are made meanwhile, and whoever makes them returns once they have met."""
    (machine / "dead").touch()
    threading.Timer(0.2, (machine / "dead").unlink).start()
    with nodes.meeting(ENGINE, CONTAINERS):
        pass
    calls = (machine / "calls").read_text().splitlines()
    assert "docker exec alertdrill-lab-worker" in calls


def test_what_broke_is_told_and_not_that_they_never_met(machine: Path) -> None:
    """Nobody waits for nodes that are not going to be there."""
    (machine / "dead").touch()
    with pytest.raises(LabError, match="kind broke"), nodes.meeting(ENGINE, CONTAINERS):
        raise LabError("kind broke")


@pytest.mark.usefixtures("machine")
def test_a_node_without_an_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has stopped: there is no way to it."""
    monkeypatch.setattr(Engine, "run", lambda *_words, **_more: "\n")
    with pytest.raises(LabError, match="address of alertdrill-lab-control-plane: it has none"):
        nodes.introduce(ENGINE, CONTAINERS)
