"""The drill's stack is the base, with this run's configuration, rules and flags in it."""

from typing import Any

import pytest
import yaml

from alertdrill import data
from alertdrill.lab.stack import Alertmanager, Site
from alertdrill.lab.stack.render import IMAGE_ANNOTATION, Object, render, running
from alertdrill.machine.images import OWN
from alertdrill.names import LAB_LABEL, STACK_ANNOTATION

CONFIG = data.path("manifests", "base", "prometheus", "prometheus.yaml").read_text()
RULES = {"a.rules.yaml": "groups: []\n", "some/where/b": "groups: [] # b\n"}
EXPORTER = OWN[0].name
ALERTMANAGER = Alertmanager(config="route: {receiver: a}\n", resend_seconds=3.0)
SITE = Site(mark="lab-12345678", tail="ab12")


def rendered(**changes: Any) -> list[Object]:
    """Render with some of the arguments changed."""
    given = {
        "config": CONFIG,
        "rules": RULES,
        "lookback_seconds": 15.0,
        "alertmanager": ALERTMANAGER,
        "images": {},
        "site": SITE,
    }
    return render(**{**given, **changes})


def one(objects: list[Object], kind: str, start: str) -> Object:
    """Return the one object of a kind whose name starts so."""
    (found,) = [
        thing for thing in objects if thing["kind"] == kind and thing["metadata"]["name"].startswith(start)
    ]
    return found


@pytest.fixture(scope="module")
def objects() -> list[Object]:
    """The stack as rendered from CONFIG and RULES."""
    return rendered()


def test_prometheus_gets_this_run_s_configuration_and_rules(objects: list[Object]) -> None:
    """The ConfigMaps hold the texts given, under names Prometheus looks for, and nothing else."""
    assert {"prometheus.yaml": SITE.config(CONFIG)} == one(objects, "ConfigMap", "prometheus-config")["data"]
    assert {
        "a.rules.yaml": "groups: []\n",
        "some-where-b.rules.yaml": "groups: [] # b\n",
    } == one(objects, "ConfigMap", "prometheus-rules")["data"]


def test_prometheus_gets_the_lookback_of_this_speed(objects: list[Object]) -> None:
    """The look-back and the pause between two tellings are flags, and the admin API stays off."""
    args = one(objects, "Deployment", "prometheus")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert ["--query.lookback-delta=15000ms", "--rules.alert.resend-delay=3000ms"] == args[-2:]
    assert not any("admin" in word or "lifecycle" in word for word in args)


def test_alertmanager_gets_this_run_s_configuration(objects: list[Object]) -> None:
    """Its ConfigMap holds the text given beside the templates, and it waits for what Prometheus tells."""
    files = one(objects, "ConfigMap", "alertmanager-config")["data"]
    assert {"alertmanager.yaml", "links.tmpl", "slack.tmpl"} == files.keys()
    assert ALERTMANAGER.config == files["alertmanager.yaml"]
    args = one(objects, "Deployment", "alertmanager")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert ["--dispatch.start-delay=3000ms"] == [word for word in args if "dispatch" in word]


def test_volumes_name_the_rendered_config_maps(objects: list[Object]) -> None:
    """The pods mount the ConfigMaps under the names that carry their hash."""
    mounted = {
        volume["configMap"]["name"]
        for thing in running(objects)
        for volume in thing["spec"]["template"]["spec"].get("volumes", [])
        if "configMap" in volume
    }
    assert mounted == {thing["metadata"]["name"] for thing in objects if thing["kind"] == "ConfigMap"}


def test_everything_is_marked_as_ours(objects: list[Object]) -> None:
    """What the drill deploys, in whatever scope, can be found and removed by the mark of its lab."""
    assert {"lab-12345678"} == {thing["metadata"]["labels"][LAB_LABEL] for thing in objects}


def test_two_stacks_share_no_name(objects: list[Object]) -> None:
    """In another namespace everything is called otherwise, roles and what they are bound to among it."""
    other = rendered(site=Site(mark="b-12345678", tail="cd34", namespace="team-b"))
    assert set() == set(map(name, objects)) & set(map(name, other))
    assert "monitoring" not in {text for thing in other for text in places(thing)}
    bound = {
        (thing["metadata"]["name"], thing["roleRef"]["name"], thing["subjects"][0]["namespace"])
        for thing in other
        if "roleRef" in thing
    }
    roles = {thing["metadata"]["name"] for thing in other if thing["kind"] in {"Role", "ClusterRole"}}
    assert roles == {role for _, role, _ in bound}
    assert {"team-b"} == {namespace for _, _, namespace in bound}


def name(thing: Object) -> tuple[str, str, str]:
    """Return what no two objects of a cluster have in common."""
    return thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def places(thing: Object) -> list[str]:
    """Return the namespaces that an object names: its own, its name's, and those of its subjects."""
    own = [thing["metadata"].get("namespace", ""), thing["metadata"]["name"].partition("-")[0]]
    return [*own, *(subject["namespace"] for subject in thing.get("subjects", []))]


def test_our_own_images_come_from_the_registry_that_was_named() -> None:
    """Those of others keep their names."""
    objects = rendered(site=Site(mark="lab-12345678", tail="ab12", registry="r.example:5000/drill/"))
    found = {
        container["image"]
        for thing in running(objects)
        for containers in ("initContainers", "containers")
        for container in thing["spec"]["template"]["spec"].get(containers, [])
    }
    assert {
        "r.example:5000/drill/kube-api-exporter:dev",
        "r.example:5000/drill/workload:dev",
        "quay.io/prometheus/alertmanager:v0.33.1",
        "quay.io/prometheus/prometheus:v3.5.3",
        "quay.io/prometheus/node-exporter:v1.11.1",
    } == found


def test_the_same_input_is_the_same_stack(objects: list[Object]) -> None:
    """Rendering twice gives the same objects, and a change of any input another stack."""
    assert objects == rendered()
    keys = {
        str(running(found)[0]["metadata"]["annotations"][STACK_ANNOTATION])
        for found in (
            objects,
            rendered(rules={"a.rules.yaml": "groups: []\n"}),
            rendered(config=CONFIG.replace("evaluation_interval: 15s", "evaluation_interval: 14s")),
            rendered(lookback_seconds=16.0),
            rendered(alertmanager=Alertmanager(config="route: {receiver: b}\n", resend_seconds=3.0)),
            rendered(alertmanager=Alertmanager(config=ALERTMANAGER.config, resend_seconds=4.0)),
            rendered(images={EXPORTER: "1"}),
        )
    }
    assert 7 == len(keys)


def test_a_rebuilt_image_rolls_only_its_own_pods() -> None:
    """The pods of a rebuilt image get another template; those of other images keep theirs."""
    before, after = rendered(images={EXPORTER: "1"}), rendered(images={EXPORTER: "2"})
    templates = [
        {thing["metadata"]["name"]: yaml.safe_dump(thing["spec"]) for thing in running(found)}
        for found in (before, after)
    ]
    assert {"kube-api-exporter"} == {
        name for name, spec in templates[0].items() if spec != templates[1][name]
    }
    template = one(after, "Deployment", "kube-api-exporter")["spec"]["template"]
    assert "2" == template["metadata"]["annotations"][IMAGE_ANNOTATION]
