"""Which images a guest's lab needs is told before it begins, and what can come from nowhere is refused."""

from typing import Any

import pytest

from alertdrill.errors import LabError
from alertdrill.lab import images_there
from alertdrill.lab.stack import Site
from alertdrill.progress import Progress
from alertdrill.testing import FakeKube, ManualClock

SITE = Site(mark="b-22222222", tail="bbbb", guest=True)
EXPORTER = "docker.io/alertdrill/kube-api-exporter:dev"
PROMETHEUS = "quay.io/prometheus/prometheus:v3.5.3"
WORKLOAD = "docker.io/alertdrill/workload:dev"
ALERTMANAGER = "quay.io/prometheus/alertmanager:v0.33.1"
NODE_EXPORTER = "quay.io/prometheus/node-exporter:v1.11.1"
WHOLE = [EXPORTER, WORKLOAD, PROMETHEUS, ALERTMANAGER, NODE_EXPORTER]
TERRADIFF = "alertdrill/terradiff:dev"


class Said(Progress):
    """Remembers what was said."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []

    def say(self, sentence: str, *, style: str = "") -> None:
        """Remember."""
        del style
        self.sentences.append(sentence)


def pod(image: str) -> dict[str, Any]:
    """Return a pod that runs an image on the first node."""
    return {"spec": {"nodeName": "n0"}, "status": {"containerStatuses": [{"image": image, "imageID": "x"}]}}


def told(
    *nodes: list[str], scenarios: tuple[str, ...] = (), running: tuple[str, ...] = (), site: Site = SITE
) -> list[str]:
    """Return what is said of a cluster whose nodes have these images."""

    def objects(resource: str) -> list[dict[str, Any]]:
        if resource == "pods":
            return [pod(image) for image in running]
        return [
            {
                "metadata": {"name": f"n{number}"},
                "spec": {},
                "status": {"images": [{"names": [one]} for one in names]},
            }
            for number, names in enumerate(nodes)
        ]

    said = Said()
    images_there.told(FakeKube(objects), site, scenarios, said, ManualClock())
    return said.sentences


def test_images_on_every_node_are_told() -> None:
    """Nothing has to be pulled."""
    assert [
        "image alertdrill/kube-api-exporter:dev: on every node",
        "image alertdrill/workload:dev: on every node",
        f"image {PROMETHEUS}: on every node",
        f"image {ALERTMANAGER}: on every node",
        f"image {NODE_EXPORTER}: on every node",
    ] == told(WHOLE, WHOLE)


def test_what_is_pulled_is_told_with_its_registry() -> None:
    """A third party's image may come from where its name says."""
    sentences = told(WHOLE, [EXPORTER, WORKLOAD])
    assert f"image {PROMETHEUS}: on 1 of 2 nodes, else pulled from quay.io" == sentences[2]


def test_ours_must_be_on_the_nodes_or_in_a_registry_that_was_named() -> None:
    """No public registry has them; the error names each, where it is, and what to do."""
    with pytest.raises(
        LabError,
        match=r"alertdrill/terradiff:dev \(on 0 of 1 nodes\); no public registry.*--registry.*images says",
    ):
        told(WHOLE, scenarios=(TERRADIFF,))


def test_what_runs_on_a_node_is_there_before_the_node_tells() -> None:
    """A kubelet looks at its images now and then; what a pod runs is there for certain."""
    assert (
        "image alertdrill/kube-api-exporter:dev: on every node"
        == told([WORKLOAD, PROMETHEUS], running=(EXPORTER,))[0]
    )


def test_a_registry_that_was_named_is_where_ours_are_pulled_from() -> None:
    """They have other names there."""
    site = Site(mark="b", tail="b", guest=True, registry="registry.example.com/drill")
    sentence = "image registry.example.com/drill/terradiff:dev: on 0 of 1 nodes, else pulled from"
    assert f"{sentence} registry.example.com" in told([PROMETHEUS], scenarios=(TERRADIFF,), site=site)


def test_a_node_that_does_not_tell_all_is_believed_to_have_it() -> None:
    """A kubelet names fifty images at most: with so many, one that is not named may be there."""
    many = [PROMETHEUS, *(f"quay.io/other/image:{number}" for number in range(49))]
    assert told(many)[0].startswith("image alertdrill/kube-api-exporter:dev: on 0 of 1 nodes")
