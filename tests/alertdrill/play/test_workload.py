"""What a scenario runs, and the images that it takes, told before anything is made."""

from pathlib import Path

import pytest
import yaml

from alertdrill.errors import ScenarioError
from alertdrill.lab.stack import Site
from alertdrill.play import workload
from alertdrill.scenario import Scenario

POD = {
    "containers": [{"name": "app", "image": "alertdrill/workload:dev"}],
    "initContainers": [{"name": "first", "image": "example.com/first:1"}],
}
THINGS = [
    {"kind": "StatefulSet", "spec": {"template": {"spec": POD}}},
    {"kind": "Pod", "spec": POD},
    {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}},
    {"kind": "ConfigMap", "data": {"image": "not/an:image", "containers": "none"}},
]
for thing in THINGS:
    thing |= {"apiVersion": "v1", "metadata": {"name": "x"}}


def running(manifest: Path | str) -> Scenario:
    """Return a scenario of such a workload."""
    return Scenario(name="a/b", why="", workload=str(manifest), hold="1m", expect=())


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Write a manifest of things of several kinds, an empty document among them."""
    file = tmp_path / "things.yaml"
    file.write_text(yaml.safe_dump_all([*THINGS, None]))
    return file


def test_images_are_found_wherever_pods_are_described(manifest: Path) -> None:
    """Each once, of every kind that runs pods, and of nothing else."""
    found = workload.images([running(manifest), running("")])
    assert {"alertdrill/workload:dev", "example.com/first:1"} == set(found)
    assert 2 == len(found)


def test_images_of_ours_come_from_the_registry_that_was_named(manifest: Path) -> None:
    """The manifest is the same but for that, and other people's images stay where they are."""
    site = Site(mark="", tail="", registry="registry.example.com/drill")
    changed = workload.objects(running(manifest), site.image)
    text = yaml.safe_dump(THINGS).replace("alertdrill/workload", "registry.example.com/drill/workload")
    assert yaml.safe_load(text) == changed
    assert THINGS == workload.objects(running(manifest))


def test_a_scenario_may_have_no_workload() -> None:
    """What it breaks, or leaves alone, is there already."""
    assert [] == workload.objects(running(""))
    assert not workload.needs_tofu([running("")])


def test_a_list_is_what_it_holds(tmp_path: Path) -> None:
    """To apply, both are alike."""
    file = tmp_path / "list.yaml"
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": THINGS}))
    assert THINGS == workload.objects(running(file))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no object in it"),
        ("# nothing\n---\n", "there is no object in it"),
        ("replicaCount: 2", 'no object with apiVersion, kind and metadata.name: {"replicaCount": 2}'),
        ("{apiVersion: v1, kind: Pod, metadata: {generateName: a-}}", "no object with apiVersion, kind and"),
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: prod}}",
            "Pod/a is to be in the namespace prod; a workload gets one of its own, so leave `namespace` out",
        ),
        ("just words", 'no object with apiVersion, kind and metadata.name: "just words"'),
    ],
)
def test_a_manifest_of_something_else_is_told(text: str, said: str, tmp_path: Path) -> None:
    """Values of a chart, nothing at all, or what no scenario's namespace takes, would prove nothing."""
    file = tmp_path / "other.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        workload.objects(running(file))
    start = f"scenario a/b: reading its workload {file}: "
    assert (True, True) == (str(caught.value).startswith(start), said in str(caught.value))


def test_a_manifest_that_is_damaged_is_told(tmp_path: Path) -> None:
    """Which scenario, which file, and where in it."""
    file = tmp_path / "damaged.yaml"
    file.write_text("kind: [")
    with pytest.raises(ScenarioError, match=r"scenario a/b: reading its workload .*damaged.yaml: .*line 1"):
        workload.images([running(file)])
