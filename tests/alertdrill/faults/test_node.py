"""Faults of the machine under a cluster: refused where it is not ours, undone whatever happens."""

import os
import subprocess
from pathlib import Path

import pytest

from alertdrill import faults
from alertdrill.errors import LabError
from alertdrill.faults import catalogue, node
from alertdrill.faults.base import FaultKind, Ground, Place
from alertdrill.scenario import Fault, Scenario
from alertdrill.testing import FakeKube

SIGNED = "clientCAFile: x\nserverTLSBootstrap: true\n"
OF_NODES = [faults.halt_control_plane("kube-apiserver"), faults.stop_kubelet(), faults.distrust_kubelet()]


class Machine:
    """A node of files below a folder; its systemctl and pkill only write down what they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubelet.parent.mkdir(parents=True)
        self.kubelet.write_text(SIGNED)
        self.manifests.mkdir(parents=True)
        for part in node.PARTS:
            (self.manifests / f"{part}.yaml").write_text(part)
        programs = folder / "bin"
        programs.mkdir()
        ends = {"systemctl": "exit 0", "pkill": "exit 1", "kubectl": "exit 0", "systemd-run": 'shift 2; "$@"'}
        for name, then in ends.items():
            (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {folder}/done\n{then}\n')
            (programs / name).chmod(0o755)

    @property
    def kubelet(self) -> Path:
        """Return the kubelet's configuration."""
        return self.folder / node.KUBELET.lstrip("/")

    @property
    def manifests(self) -> Path:
        """Return the folder of what the kubelet runs by itself."""
        return self.folder / node.MANIFESTS.lstrip("/")

    def run(self, what: str, *argv: str) -> str:
        """Run a program as on the node."""
        del what
        moved = [
            word.replace("/etc/", f"{self.folder}/etc/").replace("/var/", f"{self.folder}/var/")
            for word in argv
        ]
        environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        return subprocess.run(moved, check=True, capture_output=True, text=True, env=environment).stdout

    def state(self) -> tuple[list[str], str]:
        """Return what the kubelet would run, and its configuration."""
        return sorted(path.stem for path in self.manifests.iterdir()), self.kubelet.read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A node that is whole."""
    return Machine(tmp_path)


def kind_of(fault: Fault) -> FaultKind:
    """Return what breaks and repairs."""
    found = catalogue.of(Scenario(name="a/b", why="", workload="", hold="1m", expect=(), fault=fault))
    assert found
    return found


@pytest.mark.parametrize("fault", OF_NODES, ids=lambda one: one.name)
def test_a_node_that_is_somebody_else_s_is_not_broken(fault: Fault, machine: Machine) -> None:
    """It is said before anything starts, with what to do; nothing speaks against a node of ours."""
    kind = kind_of(fault)
    why = kind.available(Ground(speed=20), fault.args)
    assert why.startswith(
        f"{fault.name} strikes the machine under the cluster, which is not ours; play it in"
    )
    assert "" == kind.available(Ground(speed=20, node=machine, spare=machine), fault.args)
    with pytest.raises(LabError, match="there is no node here that is ours"):
        kind.inject(Place(FakeKube(), "a", 20), fault.args)


@pytest.mark.parametrize("fault", OF_NODES, ids=lambda one: one.name)
def test_a_broken_node_is_mended_by_who_knows_not_what_was_broken(fault: Fault, machine: Machine) -> None:
    """The same repair undoes each fault, may be done twice, and leaves the kubelet running."""
    before = machine.state()
    kind_of(fault).inject(Place(FakeKube(), "a", 20, node=machine, spare=machine), fault.args)
    if fault.name != "stop_kubelet":
        assert before != machine.state()
    node.mend(machine)
    node.mend(machine)
    assert before == machine.state()
    assert "systemctl start kubelet" == (machine.folder / "done").read_text().splitlines()[-1]


def test_a_part_of_the_control_plane_is_gone_with_its_process(machine: Machine) -> None:
    """Its manifest is out of the kubelet's sight, and its process is asked for by its whole name."""
    fault = faults.halt_control_plane("kube-scheduler")
    kind_of(fault).inject(Place(FakeKube(), "a", 20, node=machine, spare=machine), fault.args)
    assert ["kube-apiserver", "kube-controller-manager"] == machine.state()[0]
    assert "pkill -KILL -o -f ^kube-scheduler " == (machine.folder / "done").read_text().splitlines()[0]


def test_a_part_that_comes_back_does_not_wait_for_its_back_off(machine: Machine) -> None:
    """A kubelet that may have seen it end twice is started anew; where nothing was halted it goes on."""
    kind_of(faults.halt_control_plane("kube-apiserver")).inject(
        Place(FakeKube(), "a", 20, node=machine, spare=machine), {"part": "kube-apiserver"}
    )
    done = []
    for _ in range(2):
        node.mend(machine)
        done.append((machine.folder / "done").read_text().splitlines()[-1])
    assert ["systemctl restart kubelet", "systemctl start kubelet"] == done


def test_no_kubelet_waits_for_an_api_server_that_is_back(tmp_path: Path) -> None:
    """The spare node's begins anew, too, once, and so do the controllers; where all is whole both go on."""
    first, spare = (Machine(tmp_path / name) for name in ("first", "spare"))
    fault = faults.halt_control_plane("kube-apiserver")
    place = Place(FakeKube(), "a", 20, node=first, spare=spare)
    kind_of(fault).inject(place, fault.args)
    for _ in range(2):
        kind_of(fault).heal(place, fault.args)
    assert ["systemctl restart kubelet", "systemctl start kubelet"] == (
        (spare.folder / "done").read_text().splitlines()
    )
    begun = ["pkill -KILL -o -f ^kube-controller-manager ", "pkill -KILL -o -f ^kube-scheduler "]
    assert begun == (first.folder / "done").read_text().splitlines()[-2:]


def test_a_kubelet_that_signs_for_itself_is_started_anew(machine: Machine) -> None:
    """It reads how to get a certificate when it starts, so it must, to break it and to repair it."""
    fault = faults.distrust_kubelet()
    kind_of(fault).inject(Place(FakeKube(), "a", 20, node=machine, spare=machine), fault.args)
    assert "serverTLSBootstrap: false" in machine.kubelet.read_text()
    node.mend(machine)
    assert 2 == (machine.folder / "done").read_text().splitlines().count("systemctl restart kubelet")
