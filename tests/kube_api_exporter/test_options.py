"""What the user asked for."""

import re

import pytest

from exporter_kit.errors import UsageError
from kube_api_exporter.options import PRESETS, Options, parse_shard


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kinds": ("po ds",)}, "--kinds names 'po ds', which is no kind"),
        ({"kinds": ()}, "--kinds names no kind"),
        *(
            ({"kinds": ("pods", word)}, f"--kinds names {word}: Secrets and Events are never exported")
            for word in ("secrets", "Secret", "events", "ev", "events.events.k8s.io")
        ),
        ({"selectors": ("pods:",)}, "--selector 'pods:' is no label selector"),
        ({"selectors": ("a;b",)}, "--selector 'a;b' is no label selector"),
        (
            {"kinds": ("pods", "sts"), "selectors": ("deploy:app=web",)},
            "--selector 'deploy:app=web' is for 'deploy', which is no kind of --kinds; there are pods, sts",
        ),
        (
            {"kinds": ("pods",), "allow": ("jobs:status.*",)},
            "--allow 'jobs:status.*' is for 'jobs', which is no kind of --kinds; there is pods",
        ),
        (
            {"deny": ("pods.example.com:spec.*",)},
            "--deny 'pods.example.com:spec.*' is for 'pods.example.com'",
        ),
        ({"preset": "tiny"}, "--preset 'tiny' is unknown; choose from all, numbers, status, rules"),
        ({"shard": (2, 2)}, "--shard 2/2: no such shard"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, object], sentence: str) -> None:
    """Each mistake is a sentence that names the flag."""
    with pytest.raises(UsageError, match="^" + re.escape(sentence)):
        Options(**options)  # type: ignore[arg-type]  # mistakes are the point


@pytest.mark.parametrize("given", ["", "1", "a/b", "1/-2", "1/2/3"])
def test_a_shard_is_i_of_n(given: str) -> None:
    """Anything else is a sentence."""
    with pytest.raises(UsageError, match="is not I/N"):
        parse_shard(given)


def test_a_selector_is_for_one_kind_or_for_all() -> None:
    """All that apply must hold."""
    options = Options(selectors=("app=web", "pods:tier=front", "deployments.apps:x"))
    assert "app=web,tier=front" == options.label_selector("pods")
    assert "app=web,x" == options.label_selector("deployments.apps")
    assert "app=web" == options.label_selector("nodes")


@pytest.mark.parametrize(
    ("chosen", "word", "kind"),
    [
        ("deploy", "deploy", "deployments.apps"),
        ("deploy", "deployments", "deployments.apps"),
        ("deployment.apps", "deploy", "deployments.apps"),
        ("deployments.apps", "Deployment", "deployments.apps"),
        ("hpa", "hpa.autoscaling", "horizontalpodautoscalers.autoscaling"),
        ("po", "Pod", "pods"),
        ("all", "deploy", "deployments.apps"),
        ("deployments.example.com", "deployments", "deployments.example.com"),
        ("widgets.example.com", "widgets", "widgets.example.com"),
        ("widgets", "widgets.example.com", "widgets.example.com"),
    ],
)
def test_a_kind_is_meant_by_any_of_its_names(chosen: str, word: str, kind: str) -> None:
    """Whoever chooses deploy may go on to speak of deploy, or of deployments."""
    options = Options(kinds=(chosen,), selectors=(f"{word}:app=web",), deny=(f"{word}:spec.*",))
    assert ("app=web", "") == (options.label_selector(kind), options.label_selector("nodes"))
    assert [False, True] == [options.keeper(each)("spec.replicas") for each in (kind, "nodes")]


def test_a_short_name_that_only_the_api_server_knows_is_learnt() -> None:
    """What the user calls a custom resource in one flag means it in all of them, without its group too."""
    options = Options(kinds=("wd", "gd.example.com"), selectors=("wd:a", "gd:b"), deny=("wd:spec.*",))
    assert options.keeper("widgets.example.com")("spec.size")
    options.learn("wd", "widgets.example.com")
    options.learn("gd.example.com", "gadgets.example.com")
    assert ["a", "b"] == [options.label_selector(f"{name}.example.com") for name in ("widgets", "gadgets")]
    assert not options.keeper("widgets.example.com")("spec.size")


def test_paths_are_allowed_and_denied() -> None:
    """Allowed by any pattern, denied by none; a star crosses dots; a kind's own patterns are its own."""
    options = Options(allow=("status.*", "pods:spec.priority"), deny=("*.ready",))
    pods, nodes = options.keeper("pods"), options.keeper("nodes")
    assert pods("status.containerStatuses.restartCount")
    assert not pods("status.containerStatuses.ready")
    assert pods("spec.priority")
    assert not nodes("spec.priority")
    assert options.keeper("pods") is pods


def test_nothing_said_is_everything() -> None:
    """Without patterns every path is exported."""
    assert Options().keeper("pods")("whatever.it.is")


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"all", "numbers"}))
def test_a_preset_keeps_what_the_rules_need(preset: str) -> None:
    """Every preset keeps the fields that the stack's alerts compare."""
    keeper = Options(preset=preset).keeper("deployments.apps")
    for path in (
        "spec.replicas",
        "status.availableReplicas",
        "status.observedGeneration",
        "metadata.generation",
        "status.containerStatuses.restartCount",
    ):
        assert keeper(path), path
    assert not keeper("spec.template.spec.containers.ports.containerPort")
