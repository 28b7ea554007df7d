"""States from the schema: both renderers tell the same of them, and what is no state is lost alone."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from prometheus_client.parser import text_string_to_metric_families

from kube_api_exporter.options import Options
from kube_api_exporter.render.places import Families
from kube_api_exporter.render.renderer import Refused, Renderer

from .gadgets import GADGET, compiled, gadget, gadgets, renderer, told, walked

STRICT = renderer("*")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "deny", "budget"),
    [
        ((), (), 200),
        (("*reason", "metadata.annotations.*", "spec.template.*"), (), 200),
        ((), ("status.conditions", "*Name", "spec.limits", "status.parts.state", "*.phase"), 200),
        (("*reason",), (), 1),
    ],
    ids=["default", "more", "less", "budget"],
)
@given(value=gadgets)
def test_compiled_and_generic_tell_the_same(
    value: dict[str, Any], more: tuple[str, ...], deny: tuple[str, ...], budget: int
) -> None:
    """Of any object, even one that breaks its schema: the same samples, and the same number of losses."""
    options: dict[str, Any] = {"deny": deny, "words_max": budget}
    one, other = renderer(*more, **options), renderer(*more, **options)
    raw = msgspec.json.encode(value)
    if one.of_json(raw).typed and not STRICT.of_json(raw).typed:
        return  # what is not told is not decoded: there we trust the server, which lets nothing else in
    try:
        expected = walked(other, value)
    except Refused as refused:
        with pytest.raises(Refused, match=refused.reason):
            compiled(one, value)
        return
    assert expected == compiled(one, value)
    assert other.families.lost == one.families.lost
    text = b"".join(one.pieces(one.of_value(value)).values()).decode()
    assert list(text_string_to_metric_families(text.replace("\x00", "")))


OWNER = 'ownerReference="s",kind="Set",controller="true"} 1'
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "quantities": (
        {"spec": {"storage": "1Gi", "limits": {"cpu": "100m"}, "custom": 3, "customLimits": {"cpu": "2"}}},
        [
            "k8s_gadget_spec_custom{} 3",
            'k8s_gadget_spec_customLimits{resource="cpu"} 2',
            'k8s_gadget_spec_limits{resource="cpu"} 0.1',
            "k8s_gadget_spec_storage{} 1073741824",
        ],
    ),
    # The first as it ever was.
    "an integer in a map of quantities": (
        {"spec": {"customLimits": {"cpu": 2}}},
        ['k8s_gadget_spec_customLimits{resource="cpu"} 2', "k8s_gadget_spec_customLimits_cpu{} 2"],
    ),
    "times": (
        {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"timeout": "1h30m"}},
        ["k8s_gadget_metadata_creationTimestamp{} 1767225600", "k8s_gadget_spec_timeout{} 5400"],
    ),
    "conditions": (
        {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "No"}]}},
        ['k8s_gadget_status_conditions{type="Ready"} 0'],
    ),
    "words": (
        {"status": {"phase": "Fine", "mode": "Newer", "reason": "Evicted", "stages": {"a": "Fast"}}},
        [
            'k8s_gadget_status_mode{mode="Newer"} 1',
            'k8s_gadget_status_phase{phase="Fine"} 1',
            'k8s_gadget_status_reason{reason="Evicted"} 1',
            'k8s_gadget_status_stages{stage="a",stages="Fast"} 1',
        ],
    ),
    "which of several": (
        {"status": {"parts": [{"name": "p", "state": {"waiting": {"reason": "Err"}}}]}},
        [
            'k8s_gadget_status_state_waiting_reason{parts="0",part="p",reason="Err"} 1',
            'k8s_gadget_status_state{parts="0",part="p",state="waiting"} 1',
        ],
    ),
    "what joins need": (
        {
            "metadata": {"ownerReferences": [{"kind": "Set", "name": "s", "uid": "u", "controller": True}]},
            "spec": {
                "mode": "Fast",
                "modes": ["Slow", "Slow"],
                "nodeName": "n1",
                "nodeSelector": {"a.b/c": "d", "a-b/c": "e"},
                "targetRef": {"kind": "Web", "name": "w", "secret": "s"},
                "password": "p",
            },
        },
        [
            'k8s_gadget_metadata_controller{ownerReferences="0",ownerReference="s"} 1',
            'k8s_gadget_metadata_ownerReferences_info{ownerReferences="0",' + OWNER,
            'k8s_gadget_spec_info{mode="Fast",nodeName="n1"} 1',
            'k8s_gadget_spec_modes{mode="Slow"} 1',
            'k8s_gadget_spec_nodeSelector_info{nodeSelector_a_b_c="e",nodeSelector_a_b_c_conflict2="d"} 1',
            'k8s_gadget_spec_targetRef_info{kind="Web",targetRef="w"} 1',
        ],
    ),
    "a list whose elements have no name": (
        {"status": {"addresses": [{"type": "Internal", "address": "10.0.0.1", "name": "odd"}]}},
        ['k8s_gadget_status_addresses_info{addresses="0",type="Internal",address="10.0.0.1"} 1'],
    ),
    "percentages": ({"spec": {"maxSurge": "25%"}}, ["k8s_gadget_spec_maxSurge_percent{} 25"]),
    "a template": (
        {"spec": {"template": {"spec": {"mode": "Fast", "replicas": 2, "limits": {"cpu": "1"}}}}},
        ["k8s_gadget_spec_template_spec_replicas{} 2"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_told_unasked(case: str) -> None:
    """Names are paths; a list, the key of a map and a word are labels."""
    value, expected = CASES[case]
    assert sorted(expected) == told(gadget(**value))


@pytest.mark.parametrize("case", CASES)
def test_preset_numbers_tells_no_state(case: str) -> None:
    """It is what there was before there were states."""
    numbers = [line for line in told(gadget(**CASES[case][0]), states=False) if "{resource=" not in line]
    schemaless = Renderer(GADGET, Families("gadget"))
    plain = [line for line in walked(schemaless, gadget(**CASES[case][0])) if "_labels" not in line]
    assert plain == numbers


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("status.conditions.reason", 'k8s_gadget_status_conditions_reason{type="Ready",reason="Ok"} 1'),
        ("metadata.annotations.team", 'k8s_gadget_annotations{annotation_team="a"} 1'),
        ("spec.template.spec.nodeName", 'k8s_gadget_spec_template_spec_info{nodeName="n"} 1'),
    ],
)
def test_what_is_asked_for_is_told_too(asked: str, expected: str) -> None:
    """And nothing else beside what is told anyway."""
    value = gadget(
        metadata={"annotations": {"team": "a", "token": "secret"}},
        spec={"template": {"spec": {"nodeName": "n"}}},
        status={"conditions": [{"type": "Ready", "status": "True", "reason": "Ok"}]},
    )
    assert sorted([expected, *told(value)]) == told(value, asked)


def test_every_preset_but_numbers_tells_states() -> None:
    """As far as its paths go."""
    presets = ("all", "numbers", "status", "rules")
    tells = {name: Options(preset=name).telling("pods").state("status.phase") for name in presets}
    assert {"all": True, "numbers": False, "status": True, "rules": True} == tells
    assert Options(preset="rules").keeper("pods")("status.containerStatuses.state.waiting.reason")
