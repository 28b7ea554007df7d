"""The faults that know nothing of what they break: each puts back what it found."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alertdrill import faults
from alertdrill.errors import LabError, ScenarioError
from alertdrill.faults import catalogue
from alertdrill.faults.objects import LAST_APPLIED
from alertdrill.faults.patch import undo
from alertdrill.play import aim
from alertdrill.scenario import Fault, Scenario
from alertdrill.testing.kube import FakeKube

Object = dict[str, Any]


def thing(kind: str, name: str, **fields: Any) -> Object:
    """Return an object as the API server tells it."""
    metadata = {"name": name, "uid": "1", "resourceVersion": "7", **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


class Api(FakeKube):
    """Remembers what kubectl was given, and tells the objects that are there."""

    def __init__(self, *there: Object) -> None:
        super().__init__(lambda _resource: [thing("Pod", "web-1"), thing("Pod", "web-2")], says=self.answer)
        self.there = list(there)
        self.given: list[tuple[str, Any]] = []

    def answer(self, words: Sequence[str]) -> str:
        """Answer `kubectl get` with what is there."""
        return json.dumps({"kind": "List", "items": self.there}) if words[1] == "get" else ""

    def run(self, what: str, *words: str, stdin: str | None = None, **options: Any) -> str:
        """Remember the verb and the names of the objects it was given."""
        items = json.loads(stdin)["items"] if stdin else list(words[2:])
        self.given.append((words[1], items))
        return super().run(what, *words, **options)

    def done_to(self, verb: str) -> list[Any]:
        """Return what a verb was given, each time."""
        return [items for one, items in self.given if one == verb]


def place(kube: Api, folder: Path = Path()) -> faults.Place:
    """Return the namespace `a` of a lab that is twenty times as fast as life."""
    return faults.Place(kube, "a", 20.0, folder=folder)


def both(fault: Fault, where: faults.Place) -> None:
    """Break and repair."""
    kind = catalogue.of(Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=fault))
    assert kind
    kind.inject(where, fault.args)
    kind.heal(where, fault.args)


def test_what_was_applied_is_deleted_and_what_was_there_restored() -> None:
    """Of two objects one was there: it is replaced by what it was, without the server's own fields."""
    old, new = thing("ConfigMap", "old", data={"a": "1"}), thing("ConfigMap", "new")
    kube = Api(old)
    both(faults.apply([thing("ConfigMap", "old", data={"a": "2"}), new]), place(kube))
    clean = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": {"a": "1"}}
    assert [[clean]] == kube.done_to("replace")
    assert [[new]] == kube.done_to("delete")


def test_a_job_that_fails_can_be_the_fault_of_a_scenario_that_runs_nothing(tmp_path: Path) -> None:
    """The way that the failure of a Job as a workload leads to: it is applied, and the repair deletes it."""
    job = thing("Job", "nightly", spec={"backoffLimit": 0})
    kube, fault = Api(), faults.apply([job])
    one = Scenario(name="a/b", why="", workload="", hold="1m", expect=(), fault=fault).written_in(
        tmp_path / "a.py"
    )
    catalogue.check(one)
    assert [] == list(aim.problems(one))
    both(fault, place(kube))
    assert ([[job]], [[job]]) == (kube.done_to("apply"), kube.done_to("delete"))


def test_a_manifest_is_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    """A path starts at the scenario's module; every object of the file is applied, those of lists too."""
    (tmp_path / "two.yaml").write_text(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n"
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]}\n"
    )
    kube = Api()
    both(faults.apply("two.yaml"), place(kube, tmp_path))
    assert [["a", "b"]] == [[one["metadata"]["name"] for one in items] for items in kube.done_to("apply")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "looked for the manifest bad.yaml of apply in .*; found none"),
        ("a: [", "while parsing"),
        ("- 1", "no object"),
        ("", "has no object, so there is nothing"),
    ],
)
def test_a_manifest_that_is_none_is_told_before_anything_starts(
    text: str | None, said: str, tmp_path: Path
) -> None:
    """A file that is missing or holds no object is the user's mistake, with the scenario's name."""
    if text is not None:
        (tmp_path / "bad.yaml").write_text(text)
    one = Scenario(
        name="a/b", why="", workload="web", hold="1m", expect=(), fault=faults.apply("bad.yaml")
    ).written_in(tmp_path / "a.py")
    with pytest.raises(ScenarioError, match=f"scenario a/b: .*{said}"):
        catalogue.check(one)


def test_a_patch_gives_back_the_fields_it_changed_and_no_others() -> None:
    """A field that was not there is removed, a list goes back whole, its neighbours are not touched."""
    before = {"spec": {"replicas": 2, "list": [{"name": "a", "image": "x"}], "other": 1}}
    now = {"spec": {"replicas": 0, "list": [{"name": "a", "image": "y"}], "paused": True, "other": 2}}
    fields = {"spec": {"replicas": 0, "paused": True, "list": [{"name": "a", "image": "y"}]}}
    expected = {"spec": {"list": [{"name": "a", "image": "x"}], "paused": None, "replicas": 2}}
    assert expected == undo(fields, before, now)


def test_a_patch_with_a_directive_gives_back_all_that_it_may_have_touched() -> None:
    """`$patch: replace` removes what it does not name, so each field beside it goes back."""
    before, now = {"labels": {"a": "1", "b": "2"}}, {"labels": {"c": "3"}}
    fields = {"labels": {"$patch": "replace", "c": "3"}}
    assert {"labels": {"a": "1", "b": "2", "c": None}} == undo(fields, before, now)


def test_a_patch_that_never_came_about_is_not_undone() -> None:
    """A repair after an object that is not there changes nothing."""
    kube = Api()
    where = place(kube)
    fault = faults.patch("deployment/web", {"spec": {"paused": True}})
    with pytest.raises(LabError, match="no deployment/web in a, so there is nothing to patch"):
        both(fault, where)
    kind = catalogue.of(Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=fault))
    assert kind
    kind.heal(where, fault.args)
    assert [] == kube.done_to("patch")


def test_what_was_deleted_is_made_anew_unless_a_controller_does() -> None:
    """A pod of a ReplicaSet comes back by itself under another name; one of its own is made again."""
    owned = thing("Pod", "web-1", metadata={"ownerReferences": [{"kind": "ReplicaSet", "controller": True}]})
    kube = Api(owned, thing("Pod", "bare", status={"phase": "Running"}))
    where = place(kube)
    fault = faults.delete("pods", selector="x=y")
    kind = catalogue.of(Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=fault))
    assert kind
    kind.inject(where, fault.args)
    kube.there = []
    kind.heal(where, fault.args)
    assert [[{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}}]] == kube.done_to("create")


def test_what_was_applied_is_applied_again() -> None:
    """What the server filled in, an address for example, comes from it again, and is nobody's wish."""
    applied = thing("Service", "web", spec={"ports": [{"port": 80}]})
    there = thing(
        "Service",
        "web",
        metadata={"annotations": {LAST_APPLIED: json.dumps(applied)}},
        spec={"ports": [{"port": 80}], "clusterIP": "10.0.0.1"},
    )
    kube = Api(there)
    where = place(kube)
    fault = faults.delete("service/web")
    kind = catalogue.of(Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=fault))
    assert kind
    kind.inject(where, fault.args)
    kube.there = []
    kind.heal(where, fault.args)
    assert [[applied]] == kube.done_to("apply")
    assert [] == kube.done_to("create")


def test_what_is_back_already_is_not_made_twice() -> None:
    """A repair that is tried again finds its work done."""
    kube = Api(thing("Pod", "bare"))
    both(faults.delete("pod/bare"), place(kube))
    assert [] == kube.done_to("create")


def test_a_delete_of_nothing_is_lab_trouble() -> None:
    """A fault that hits nothing must not read as a silence that passed."""
    with pytest.raises(LabError, match="no pods --selector=x=y in a, so there is nothing to delete"):
        both(faults.delete("pods", selector="x=y"), place(Api()))


def test_a_command_is_run_and_undone_in_every_pod() -> None:
    """Each pod gets the command, then the one that undoes it."""
    kube = Api()
    both(faults.execute("x=y", command=["touch", "/tmp/a"], undo=["rm", "/tmp/a"]), place(kube))
    touch, rm = ["--", "touch", "/tmp/a"], ["--", "rm", "/tmp/a"]
    assert [["web-1", *touch], ["web-2", *touch]] == sorted(kube.done_to("exec")[:2])
    assert [["web-1", *rm], ["web-2", *rm]] == sorted(kube.done_to("exec")[2:])


class Meeting(Api):
    """A cluster in which each of two commands waits for the other."""

    def __init__(self) -> None:
        super().__init__()
        self.both_are_here = threading.Barrier(2, timeout=5)

    def answer(self, words: Sequence[str]) -> str:
        """Return once the other one has come, too."""
        self.both_are_here.wait()
        return super().answer(words)


@pytest.mark.parametrize(
    "fault",
    [
        faults.execute("x=y", command=["a"], undo=["b"]),
        faults.fail_readiness("x=y"),
        faults.misbehave("x=y", how="fail"),
        faults.use_up("x=y", what="disk", left=0.05),
        faults.commit("x=y", file="a.yaml", old="a", new="b"),
    ],
    ids=lambda one: one.name,
)
def test_several_pods_are_broken_at_the_same_time(fault: Fault) -> None:
    """One after the other they would take as long as all of them together."""
    kube = Meeting()
    both(fault, place(kube))
    assert 4 == len(kube.done_to("exec"))


def test_a_command_that_fails_in_one_of_several_pods_is_told() -> None:
    """It is lab trouble, once the others have ended."""
    kube = Api()
    kube.failures = 1
    with pytest.raises(LabError, match="injecting execute: kubectl ended with 1"):
        both(faults.execute("x=y", command=["a"], undo=[]), place(kube))
    assert 2 == len(kube.done_to("exec"))


def test_traits_are_those_of_the_fault_and_those_it_is_told() -> None:
    """A fault that fits everything is told what it does to the world, which the judge must know."""
    told = faults.patch("deployment/web", {}, traits=[faults.Trait.CRASH_LOOPS])
    one = Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=told)
    assert {faults.Trait.CRASH_LOOPS} == catalogue.traits(one)


def test_a_trait_there_is_not_is_refused() -> None:
    """A misspelt trait is told before anything starts."""
    told = Fault(name="patch", args={"target": "a/b", "fields": {}, "traits": ["crashes"]})
    with pytest.raises(
        ScenarioError, match=r"scenario a/b: .*'crashes'.*; patch takes target, fields, traits"
    ):
        catalogue.check(Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=told))
