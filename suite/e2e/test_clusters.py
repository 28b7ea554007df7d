"""Clusters as they are: certificates that hold, kills that leave nothing, a control plane in seconds."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from alertdrill import lab as labs
from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.faults import catalogue, distrust_kubelet, halt_control_plane, stop_kubelet
from alertdrill.faults.base import Place
from alertdrill.kube import Kube
from alertdrill.lab import clusters
from alertdrill.lab.clusters import Ability, Access, Cluster, Wanted
from alertdrill.machine import cache, daemon
from alertdrill.progress import Progress
from alertdrill.scenario import Fault

ACCOUNT = "/api/v1/namespaces/{}/serviceaccounts/default"
KILLED = """
import sys
from alertdrill.lab import clusters
from alertdrill.progress import Progress
clusters.choose(clusters.Wanted(name=sys.argv[1])).up(Progress())
"""


@pytest.fixture
def cluster(drill_lab: labs.Lab, drill_options: labs.Options) -> Cluster:
    """Return the cluster that the session's lab is on."""
    assert drill_lab.name == drill_options.name
    return clusters.choose(labs.wanted(drill_options))


def needs(cluster: Cluster, ability: Ability) -> None:
    """Skip a test on a cluster that has not what it takes."""
    if ability not in cluster.abilities:
        # Nothing is missing here: what somebody else's cluster can't do is not ours to try on it.
        pytest.skip(f"{cluster!r} does not have it: {ability.value}")


def test_a_cluster_that_is_up_is_found_at_once(cluster: Cluster) -> None:
    """Bringing it up again changes nothing: the same containers or processes go on."""
    needs(cluster, Ability.OWNS_CLUSTER)
    before = cluster.status()
    access = cluster.up(Progress())
    assert before.answers
    assert before == cluster.status()
    assert 0o600 == access.kubeconfig.stat().st_mode & 0o777


def test_kubelets_serve_with_certificates_of_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    """A node's address verifies against the cluster's own authority, with no exception made."""
    needs(cluster, Ability.OWNS_CLUSTER)
    access = cluster.up(Progress())
    authority = tmp_path / "ca.crt"
    kube = Kube(access.kubeconfig, access.context)
    authority.write_text(
        kube.run(
            "reading the cluster's authority",
            *("get", "configmap", "kube-root-ca.crt", "--namespace=default"),
            *("--output", r"jsonpath={.data.ca\.crt}"),
        )
    )
    for node in kube.get("nodes"):
        addresses = [one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"]
        reply = requests.get(f"https://{addresses[0]}:10250/metrics", verify=str(authority), timeout=10)
        assert 401 == reply.status_code


def test_a_part_of_the_control_plane_can_be_halted(cluster: Cluster) -> None:
    """Without its controllers a Deployment gets no pods; with them back it does."""
    needs(cluster, Ability.STOPS_CONTROL_PLANE)
    access = cluster.up(Progress())
    kube = Kube(access.kubeconfig, access.context)
    cluster.halt("kube-controller-manager")
    try:
        kube.run("making a namespace", "create", "namespace", "halted")
        kube.run(
            "deploying", "create", "deployment", "web", "--image=none.example/none", "--namespace=halted"
        )
        assert [] == kube.get("replicasets", namespace="halted")
    finally:
        cluster.resume("kube-controller-manager")
    wait_for(
        "the controllers to catch up",
        lambda: kube.get("replicasets", namespace="halted"),
        deadline=60,
        clock=WallClock(),
    )
    kube.run("removing the namespace", "delete", "namespace", "halted", "--wait=false")


BROKEN_NODES = (
    halt_control_plane("kube-apiserver"),
    halt_control_plane("kube-controller-manager"),
    stop_kubelet(),
    distrust_kubelet(),
)


@pytest.mark.parametrize("fault", BROKEN_NODES, ids=str)
def test_a_node_that_a_killed_drill_left_broken_is_mended_by_the_next_up(
    fault: Fault, cluster: Cluster
) -> None:
    """Who brings the lab up knows nothing of the fault; the cluster is the one that was there, and whole."""
    needs(cluster, Ability.STOPS_CONTROL_PLANE)
    access = cluster.up(Progress())
    kube = Kube(access.kubeconfig, access.context)
    before = uids(kube)
    kind = catalogue.named(fault.name)
    kind.inject(Place(kube, "default", 20, node=cluster, spare=cluster.spare), fault.args)
    anew = clusters.choose(Wanted(name=cluster.name))
    anew.mend()
    await_whole(kube)
    assert cluster.status().answers
    assert before == uids(kube)


def uids(kube: Kube) -> set[str]:
    """Return what tells each node of a cluster from all others."""
    return {node["metadata"]["uid"] for node in kube.get("nodes")}


def await_whole(kube: Kube) -> None:
    """Wait until the API server answers, the nodes are ready, and the controllers do what they are asked."""
    namespace = f"whole-{os.urandom(4).hex()}"
    manifest = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    def is_whole() -> bool:
        try:
            conditions = [said for node in kube.get("nodes") for said in node["status"]["conditions"]]
            kube.run("making a namespace", "apply", "--filename=-", stdin=manifest)
            # The controllers make one in every namespace, if they are there.
            kube.read("asking what the controllers made", ACCOUNT.format(namespace), "metadata")
        except LabError as error:  # one that starts does not know yet what anybody may
            raise NotYet(str(error)) from error
        ready = [one["status"] for one in conditions if one["type"] == "Ready"]
        return {*ready} == {"True"}

    wait_for("the nodes to be whole", is_whole, deadline=90, clock=WallClock(), every=1)
    kube.run("removing the namespace", "delete", "namespace", namespace, "--wait=false")


def test_a_node_that_was_paused_is_woken(cluster: Cluster) -> None:
    """A killed drill may leave its node asleep: nobody answers then, not even whether others are in it."""
    needs(cluster, Ability.STOPS_CONTROL_PLANE)
    access = cluster.up(Progress())
    assert isinstance(cluster, clusters.kind.KindCluster)
    cluster.pause()
    clusters.choose(Wanted(name=cluster.name)).mend()
    kube = Kube(access.kubeconfig, access.context)
    await_whole(kube)


def test_a_killed_up_leaves_nothing_that_down_does_not_find(cluster: Cluster) -> None:
    """Killed while kind creates a node, a run leaves a record, and down removes node and kind."""
    needs(cluster, Ability.STOPS_CONTROL_PLANE)
    killed = clusters.choose(Wanted(name="e2e-killed", flavour=cluster.flavour))
    mark = str(cache.folder() / "labs" / "e2e-killed" / "kind.yaml")
    run = subprocess.Popen([sys.executable, "-c", KILLED, "e2e-killed"])
    try:
        wait_for("kind at work", lambda: daemon.find(mark), deadline=120, clock=WallClock(), every=0.1)
        WallClock().sleep(2)  # so that there is a container
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert daemon.find(mark)
    assert "alertdrill-e2e-killed is half made" == killed.status().sentence
    killed.down(Progress())
    assert not daemon.find(mark)
    assert not killed.status().exists
    assert cluster.status().answers


@pytest.fixture
def control_plane() -> Iterator[Cluster]:
    """Yield a control plane that is not up yet, and take it down in any case."""
    made = clusters.choose(Wanted(name="e2e-control-plane", flavour="control-plane"))
    yield made
    made.down(Progress())


def admin(access: Access) -> Kube:
    """Return a connection as the administrator."""
    return Kube(access.kubeconfig, access.context)


def test_a_control_plane_stores_and_serves_in_seconds(control_plane: Cluster) -> None:
    """Objects can be made and listed, a second up is instant, and down leaves no process and no file."""
    access = control_plane.up(Progress())
    kube = admin(access)
    kube.run("storing a Deployment", "create", "deployment", "web", "--image=none.example/none")
    assert ["web"] == [one["metadata"]["name"] for one in kube.get("deployments")]
    assert access == control_plane.up(Progress())
    assert ["web"] == [one["metadata"]["name"] for one in kube.get("deployments")]
    control_plane.down(Progress())
    assert not control_plane.status().exists
    assert not (cache.folder() / "labs" / "e2e-control-plane").exists()


def test_a_port_that_is_taken_is_not_the_end(control_plane: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """When somebody is faster than our API server, it starts again on another port."""
    free = clusters.control_plane._free_ports  # noqa: SLF001
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offers = [[*free(2), taken.getsockname()[1]], free(3)]
        monkeypatch.setattr(clusters.control_plane, "_free_ports", lambda _count: offers.pop(0))
        access = control_plane.up(Progress())
    assert [] == offers
    assert [] == admin(access).get("deployments")


def test_a_control_plane_that_lost_a_process_is_made_anew(control_plane: Cluster) -> None:
    """Whoever kills etcd gets a new control plane from the next up, and the old API server is stopped."""
    access = control_plane.up(Progress())
    first = yaml.safe_load(access.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    data = cache.folder() / "labs" / "e2e-control-plane" / "control-plane" / "etcd"
    (etcd,) = daemon.find(f"--data-dir={data}")
    os.kill(etcd, signal.SIGKILL)
    wait_for("it to be noticed", lambda: not control_plane.status().answers, deadline=30, clock=WallClock())
    access = control_plane.up(Progress())
    assert [] == admin(access).get("deployments")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(first.rpartition(":")[2])), timeout=5)
