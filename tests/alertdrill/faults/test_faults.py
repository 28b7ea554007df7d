"""Faults: what they ask of the cluster, by the words that reach kubectl."""

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alertdrill import faults
from alertdrill.errors import LabError, ScenarioError
from alertdrill.faults import catalogue, new_object
from alertdrill.faults.base import Ground, Place
from alertdrill.kube import Kube
from alertdrill.lab.stack import Site
from alertdrill.scenario import Fault, Scenario
from alertdrill.scenario import files as scenario_files

QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "q"},
    "spec": {"hard": {"pods": "0"}},
}
EVERY = [
    faults.apply(QUOTA),
    faults.crash_container("deployment/web", container="app"),
    faults.commit("x=y", file="web.yaml", old="replicas: 1", new="replicas: 2"),
    faults.delete("deployment/web"),
    faults.distrust_kubelet(),
    faults.disturb_scrapes("x=y", how="slow"),
    faults.double_watcher("kube-api-exporter"),
    faults.execute("x=y", command=["python3", "-V"], undo=[]),
    faults.revoke("kubediff", resource="services"),
    faults.fail_job("backup"),
    faults.fail_liveness("deployment/web", container="app"),
    faults.fail_readiness("x=y"),
    faults.followed_by(
        faults.unbound_claim("data"), after="4m", then=faults.scale("deployment/web", replicas=0, back_to=2)
    ),
    faults.halt_control_plane("kube-apiserver"),
    faults.misbehave("x=y", how="fail"),
    faults.missing_image("deployment/web", container="app"),
    faults.patch("deployment/web", {"spec": {"paused": True}}),
    faults.refuse_configuration(),
    faults.refuse_replicasets("deployment/web"),
    faults.restart_once("x=y"),
    faults.restart_watcher("prometheus"),
    faults.scale("deployment/web", replicas=0, back_to=2),
    faults.slow_rollout("deployment/web", container="app", takes="2m"),
    faults.stop_kubelet(),
    faults.stop_watcher("kube-api-exporter"),
    faults.trouble_receiver("refuses", lasts="8m"),
    faults.stuck_rollout("deployment/web", container="app", deadline="4m"),
    faults.unbound_claim("data"),
    faults.use_up("x=y", what="disk", left=0.05),
]
# What not every cluster can give.
PARTICULAR = {
    "crash_container",
    "distrust_kubelet",
    "double_watcher",
    "halt_control_plane",
    "refuse_configuration",
    "restart_watcher",
    "stop_kubelet",
    "stop_watcher",
    "trouble_receiver",
}
# What there is only one of.
NOTHING_TO_SAY = {"distrust_kubelet", "refuse_configuration", "stop_kubelet"}


def scenario(fault: Fault | None) -> Scenario:
    """Return a scenario that matters only by its fault."""
    return Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=fault)


def calls(folder: Path) -> list[str]:
    """Return what kubectl was asked, without the words that choose the cluster."""
    lines = (folder / "calls").read_text().splitlines()
    return [line.partition("--context=drill ")[2] for line in lines]


def run(fault: Fault, kube: Kube, how: str = "inject") -> None:
    """Inject or heal a fault in the namespace `a`, twenty times as fast as life."""
    kind = catalogue.of(scenario(fault))
    assert kind
    getattr(kind, how)(Place(kube, "a", 20.0), fault.args)


def patched(folder: Path) -> dict[str, Any]:
    """Return the container that the last patch changed."""
    patch = calls(folder)[-1].partition("--patch=")[2]
    container: dict[str, Any] = json.loads(patch)["spec"]["template"]["spec"]["containers"][0]
    return container


def test_the_catalogue_has_every_fault_a_scenario_can_be_given() -> None:
    """Each function that makes a fault names one of the catalogue, and each of the catalogue can be made."""
    assert {fault.name for fault in EVERY} == {kind.name for kind in catalogue.ALL}
    assert {fault.name for fault in EVERY} == {name for name in faults.__all__ if name.islower()}


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_a_fault_is_plain_data(fault: Fault) -> None:
    """A fault survives JSON, as every part of a recording must."""
    assert fault == msgspec.json.decode(msgspec.json.encode(fault), type=Fault)


def test_an_unknown_fault_is_refused_with_those_there_are() -> None:
    """A misspelt fault is the user's mistake, told before anything starts."""
    with pytest.raises(
        ScenarioError,
        match=r"scenario a/b: there is no fault crash; there are: apply, commit, crash_container",
    ):
        catalogue.of(scenario(Fault(name="crash")))


def test_nothing_is_broken_where_a_scenario_has_no_fault() -> None:
    """A healthy scenario has no fault to inject."""
    assert catalogue.of(scenario(None)) is None


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_the_arguments_of_a_shipped_fault_are_those_it_takes(fault: Fault) -> None:
    """What a function makes passes the check that is made before anything starts."""
    catalogue.check(scenario(fault))


STAYS = [
    one for one in EVERY if one.name in {"crash_container", "fail_readiness", "misbehave", "missing_image"}
]


@pytest.mark.parametrize("fault", STAYS, ids=lambda fault: fault.name)
def test_a_fault_stays_in_its_namespace(fault: Fault, kube: Kube, tmp_path: Path) -> None:
    """Every change names the scenario's own namespace."""
    run(fault, kube)
    assert [] == [call for call in calls(tmp_path) if "--namespace=a" not in call]


def test_no_more_replicasets_than_there_are(kube: Kube, tmp_path: Path) -> None:
    """The quota is exactly full, so that the next ReplicaSet is the first to be refused."""
    run(faults.refuse_replicasets("deployment/web"), kube)
    assert "--hard=count/replicasets.apps=2" in calls(tmp_path)[0]


def test_a_slow_rollout_takes_rule_time(kube: Kube, tmp_path: Path) -> None:
    """Two minutes of rule time are six live seconds in a lab that is twenty times as fast."""
    run(faults.slow_rollout("deployment/web", container="app", takes="2m"), kube)
    assert 6 == patched(tmp_path)["readinessProbe"]["initialDelaySeconds"]


def test_a_rollout_gets_stuck_in_rule_time(kube: Kube, tmp_path: Path) -> None:
    """Four minutes of rule time are twelve live seconds of progress deadline, told before the bad version."""
    run(faults.stuck_rollout("deployment/web", container="app", deadline="4m"), kube)
    first, second = calls(tmp_path)
    assert {"spec": {"progressDeadlineSeconds": 12}} == json.loads(first.partition("--patch=")[2])
    assert "no-such-image" in second


@pytest.mark.parametrize(
    ("fault", "resource"),
    [(faults.fail_job("x"), "job"), (faults.unbound_claim("x"), "persistentvolumeclaim")],
)
def test_an_object_of_a_fault_goes_with_it(fault: Fault, resource: str, kube: Kube, tmp_path: Path) -> None:
    """What was created is what is deleted to heal, also if it is gone already."""
    run(fault, kube)
    run(fault, kube, "heal")
    assert [
        "--namespace=a create --filename=-",
        f"--namespace=a delete {resource} x --ignore-not-found --wait=false",
    ] == calls(tmp_path)


def test_a_job_recovers_at_its_second_try(
    kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first fails, and leaves a file by which the next knows that there was one."""
    monkeypatch.setattr(new_object, "SEEN_SECONDS", 0)
    place = Place(kube, "a", 1)
    args = faults.fail_job("backup", recovers=True).args
    pod = new_object.FailJob().object(place, args)["spec"]["template"]["spec"]
    *python, program = pod["containers"][0]["command"]
    assert ("OnFailure", "raise SystemExit('this job fails once')") == (
        pod["restartPolicy"],
        program.splitlines()[-1].strip(),
    )
    command = [*python, program.replace("/tries/", f"{tmp_path}/")]
    tries = [subprocess.run(command, check=False, capture_output=True).returncode for _ in range(2)]
    assert [1, 0] == tries


def test_a_container_crashes_as_it_is_told(kube: Kube, tmp_path: Path) -> None:
    """At once with 1, after 20 s of rule time, which are one live second, or for want of memory."""
    run(faults.crash_container("deployment/web", container="app"), kube)
    assert 1 == subprocess.run(patched(tmp_path)["command"], check=False, capture_output=True).returncode
    run(faults.crash_container("deployment/web", container="app", lives="20s"), kube)
    assert "sleep(1);" in patched(tmp_path)["command"][-1]
    run(faults.crash_container("deployment/web", container="app", by="memory"), kube)
    assert patched(tmp_path)["command"][-1].endswith("print(len(b'x' * 2**30))")


def test_a_liveness_probe_fails_and_the_old_version_stays(kube: Kube, tmp_path: Path) -> None:
    """What is killed over and over is never ready either, so no old pod is given up for it."""
    run(faults.fail_liveness("deployment/web", container="app"), kube)
    probes = patched(tmp_path)
    assert probes["livenessProbe"] == probes["readinessProbe"]
    assert "/no-such-file" == probes["livenessProbe"]["httpGet"]["path"]


def test_a_bad_rollout_is_healed_as_on_call(kube: Kube, tmp_path: Path) -> None:
    """The repair is a rollback."""
    run(faults.crash_container("deployment/web", container="app"), kube, "heal")
    assert ["--namespace=a rollout undo deployment/web"] == calls(tmp_path)


def test_a_command_misbehaves_by_a_file(kube: Kube, tmp_path: Path) -> None:
    """The command of each pod is told how to behave, and no more once it is healed."""
    run(faults.misbehave("x=y", how="hang"), kube)
    assert calls(tmp_path)[-1].endswith("pathlib.Path('/tmp/behave').write_text('hang')")
    run(faults.misbehave("x=y", how="hang"), kube, "heal")
    assert calls(tmp_path)[-1].endswith("pathlib.Path('/tmp/behave').unlink(missing_ok=True)")


@pytest.mark.parametrize("make", [faults.fail_readiness, faults.restart_once])
def test_a_fault_without_a_pod_is_lab_trouble(make: Any, kube: Kube) -> None:
    """A fault that hits nothing must not read as a silence that passed."""
    with pytest.raises(LabError, match="there is nothing to break"):
        run(make("none="), kube)


def test_every_shipped_scenario_names_a_fault_there_is() -> None:
    """No scenario fails only once its cluster is up."""
    shipped = scenario_files.load(scenario_files.shipped())
    assert [] == [one.name for one in shipped if one.fault and catalogue.of(one) is None]


GROUND = Ground(speed=20.0, restart_seconds_max=5.0)


@pytest.mark.parametrize(
    ("speed", "cap", "said"),
    [
        (20.0, 5.0, ""),
        (1.0, 300.0, ""),
        (20.0, None, ""),  # not told: the run measures it
        (30.0, 1.0, ""),
        (10.0, 5.0, "every 15 s, which at speed 10 are 2m30s of rule time, promised are 3m20s to 6m40s;"),
        (20.0, 300.0, "every 310 s, which at speed 20 are 1h43m20s of rule time, "),
        (10.0, 5.0, "play it with --speed 20, or make it anew"),
        (60.0, 1.0, "play it with --speed 27"),
    ],
)
def test_a_crash_loop_needs_kubelets_that_restart_as_often_as_promised(
    speed: float, cap: float | None, said: str
) -> None:
    """What the kubelets' cap makes of the pause between two restarts is known before anything is broken."""
    ground = Ground(speed=speed, restart_seconds_max=cap, again=", or make it anew")
    fault = faults.crash_container("deployment/web", container="app")
    kind = catalogue.of(scenario(fault))
    assert kind
    why = kind.available(ground, fault.args)
    assert (bool(said), True) == (bool(why), said in why)
    assert not (speed == 60 and "anew" in why)


@pytest.mark.parametrize(
    "fault", [one for one in EVERY if one.name not in PARTICULAR], ids=lambda one: one.name
)
def test_most_faults_can_be_had_anywhere(fault: Fault) -> None:
    """What only needs a workload asks nothing of the cluster."""
    kind = catalogue.of(scenario(fault))
    assert kind
    assert "" == kind.available(GROUND, fault.args)


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_what_a_function_makes_has_the_arguments_its_fault_takes(fault: Fault) -> None:
    """A scenario made of our own functions is never refused."""
    catalogue.check(scenario(fault))


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_a_fault_that_lacks_an_argument_is_refused(fault: Fault) -> None:
    """Each argument that has no default is one it can't do without."""
    kind = catalogue.of(scenario(fault))
    assert kind
    required = [one.name for one in msgspec.structs.fields(kind.Args) if one.required]
    assert (fault.name in NOTHING_TO_SAY) == (not required)
    for name in required:
        rest = {key: value for key, value in fault.args.items() if key != name}
        with pytest.raises(ScenarioError, match=f"missing required field `{name}`; {fault.name} takes "):
            catalogue.check(scenario(Fault(name=fault.name, args=rest)))


def test_an_image_of_ours_is_named_as_the_cluster_has_it(kube: Kube) -> None:
    """Where a registry was named, the pod of a fault comes from there as the workload does."""
    site = Site(mark="", tail="", registry="registry.example.com/drill/")
    job = new_object.FailJob().object(Place(kube, "a", 20.0, image=site.image), {"called": "x"})
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert "registry.example.com/drill/workload:dev" == container["image"]
