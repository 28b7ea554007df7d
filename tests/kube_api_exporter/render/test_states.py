"""States from the schema: both renderers tell the same of them, and what is no state is lost alone."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from kube_api_exporter.kinds import Kind
from kube_api_exporter.options import Keeper, Options
from kube_api_exporter.render.places import Families
from kube_api_exporter.render.renderer import Refused, Renderer, Seen
from kube_api_exporter.render.shapes import Object, Schemas
from kube_api_exporter.telling import Tell

GADGET = Kind("example.com", "v1", "gadgets", "Gadget")
REF = "#/components/schemas/"
QUANTITY = {"$ref": REF + "io.k8s.apimachinery.pkg.api.resource.Quantity"}
# As controller-gen writes a quantity, and the Gateway API a duration.
CUSTOM_QUANTITY = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": (
        r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
        r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
    ),
    "x-kubernetes-int-or-string": True,
}
CUSTOM_DURATION = {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
TIME = {"type": "string", "format": "date-time"}
TEXT = {"type": "string"}
MODES = {"type": "string", "enum": ["Fast", "Slow"]}


def mapped(values: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a map."""
    return {"type": "object", "additionalProperties": values}


def fields(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "properties": properties}


def listed(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


CONDITIONS = listed(
    fields(
        type=TEXT, status=TEXT, reason=TEXT, lastTransitionTime=TIME, observedGeneration={"type": "integer"}
    )
)
ONE_OF = fields(
    waiting=fields(reason=TEXT, message=TEXT), running=fields(startedAt=TIME), ended=fields(n=TEXT)
)
SPEC = fields(
    mode=MODES,
    modes=listed(MODES),
    storage=QUANTITY,
    custom=CUSTOM_QUANTITY,
    limits=mapped(QUANTITY),
    customLimits=mapped(CUSTOM_QUANTITY),
    maxSurge={"x-kubernetes-int-or-string": True},
    timeout=CUSTOM_DURATION,
    nodeName=TEXT,
    nodeSelector=mapped(TEXT),
    targetRef=fields(kind=TEXT, name=TEXT, secret=TEXT),
    password=TEXT,
    template=fields(
        spec=fields(mode=MODES, nodeName=TEXT, replicas={"type": "integer"}, limits=mapped(QUANTITY))
    ),
)
STATUS = fields(
    phase=TEXT,
    mode=MODES,
    reason=TEXT,
    startTime=TIME,
    conditions=CONDITIONS,
    conditionMap=mapped(fields(status=TEXT, lastTransitionTime=TIME)),
    parts=listed(fields(name=TEXT, state=ONE_OF, conditions=CONDITIONS, used=mapped(QUANTITY))),
    seen=mapped(TIME),
    stages=mapped(MODES),
    addresses=listed(fields(type=TEXT, address=TEXT)),
)
METADATA = fields(
    name=TEXT,
    creationTimestamp=TIME,
    annotations=mapped(TEXT),
    ownerReferences=listed(fields(kind=TEXT, name=TEXT, uid=TEXT, controller={"type": "boolean"})),
)


def shape() -> Object:
    """Return the shape of a gadget."""
    gvk = {"group": GADGET.group, "version": GADGET.version, "kind": GADGET.kind}
    gadget = {**fields(metadata=METADATA, spec=SPEC, status=STATUS), "x-kubernetes-group-version-kind": [gvk]}
    document = msgspec.json.encode({"components": {"schemas": {"com.example.v1.Gadget": gadget}}})
    found = Schemas.parse(document).of_kind(GADGET.group, GADGET.version, GADGET.kind)
    assert found is not None
    return found


def renderer(*more: str, deny: tuple[str, ...] = (), words_max: int = 200, states: bool = True) -> Renderer:
    """Return a renderer of gadgets with states of its own to count."""
    families = Families("gadget", keep=Keeper((), deny), words_max=words_max)
    return Renderer(GADGET, families, shape(), tell=Tell(more, states=states))


def gadget(**parts: Any) -> dict[str, Any]:
    """Return a gadget."""
    return {**parts, "metadata": {"name": "x", "namespace": "n", **parts.get("metadata", {})}}


def compiled(of: Renderer, value: dict[str, Any]) -> list[str]:
    """Return the samples of an object, in order, as the compiled renderer says them."""
    seen = of.of_json(msgspec.json.encode(value))
    assert isinstance(seen, Seen)
    return _lines(of, seen)


def walked(of: Renderer, value: dict[str, Any]) -> list[str]:
    """Return them as the generic renderer says them."""
    return _lines(of, of.of_value(value))


def _lines(of: Renderer, seen: Seen) -> list[str]:
    text = b"".join(of.pieces(seen).values()).decode()
    found = [f"{line}\n" for line in text.split("\n") if line]
    series = [line.rpartition("} ")[0] for line in found]
    assert len(set(series)) == len(series), "a series came twice"
    return sorted(
        line.replace('namespace="n",name="x"', "").replace("{,", "{").rstrip("\n") for line in found
    )


def told(value: dict[str, Any], *more: str, **options: Any) -> list[str]:
    """Return what both renderers tell of an object, but for what every object has."""
    found = compiled(renderer(*more, **options), value)
    assert found == walked(renderer(*more, **options), value)
    return [line for line in found if not line.startswith("k8s_gadget_labels")]


short = st.text(max_size=3)
hostile = st.sampled_from(['a"b', "a\nb", "a\x00b", "w" * 300, "w" * 299 + "x", "ü", "\\", ""])
words = st.sampled_from(["Fast", "Slow", "New"]) | hostile
quantities = st.sampled_from(["100m", "1Gi", "1e3", "-5", "much", "", "9" * 30])
times = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456Z", "yesterday", ""])
wrong = st.none() | st.sampled_from([7, True, 1.5, [], {}, "x", ["x"], {"x": "x"}])


def some(**drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw an object of which anything may be missing, null or of another type."""
    return st.fixed_dictionaries({}, optional={name: one | one | one | wrong for name, one in drawn.items()})


keyed = st.dictionaries(st.sampled_from(["cpu", "memory"]) | hostile, quantities, max_size=3)
conditions = st.lists(
    some(
        type=words,
        status=st.sampled_from(["True", "False", "Unknown", "true", ""]),
        reason=words,
        lastTransitionTime=times,
        observedGeneration=st.integers(0, 9),
    ),
    max_size=4,
)
one_of = some(waiting=some(reason=words, message=short), running=some(startedAt=times), ended=some(n=short))
gadgets = st.fixed_dictionaries(
    {
        "metadata": some(
            creationTimestamp=times,
            annotations=st.dictionaries(words, short, max_size=2),
            ownerReferences=st.lists(some(kind=words, name=words, controller=st.booleans()), max_size=2),
        ).map(lambda drawn: {**drawn, "name": "x", "namespace": "n"})
    },
    optional={
        "spec": some(
            mode=words,
            modes=st.lists(words, max_size=3),
            storage=quantities,
            custom=quantities | st.integers(-9, 9),
            limits=keyed,
            customLimits=keyed | st.dictionaries(short, st.integers(0, 9), max_size=2),
            maxSurge=st.sampled_from([1, "25%", "http", "%", ""]),
            timeout=st.sampled_from(["1h", "5", "1h30m", "x"]),
            nodeName=words,
            nodeSelector=st.dictionaries(words, short, max_size=2),
            targetRef=some(kind=words, name=words, secret=words),
        ),
        "status": some(
            phase=words,
            mode=words,
            reason=words,
            startTime=times,
            conditions=conditions,
            parts=st.lists(some(name=words, state=one_of, conditions=conditions, used=keyed), max_size=2),
            seen=st.dictionaries(words, times, max_size=2),
            stages=st.dictionaries(words, words, max_size=2),
            addresses=st.lists(some(type=words, address=words, name=words), max_size=2),
        ),
    },
)


STRICT = renderer("*")


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


@pytest.mark.parametrize(
    ("value", "lost", "kept"),
    [
        ({"spec": {"storage": "much", "nodeName": "n"}}, {"quantity": 1}, 1),
        ({"spec": {"limits": {"cpu": "x", "memory": "1"}}}, {"quantity": 1}, 1),
        ({"status": {"startTime": "yesterday", "phase": "P"}}, {"time": 1}, 1),
        ({"spec": {"timeout": "soon", "storage": "1"}}, {"duration": 1}, 1),
        (
            {"status": {"conditions": [{"status": "True"}, {"type": "A", "status": "True"}]}},
            {"condition": 1},
            1,
        ),
        (
            {"status": {"conditions": [{"type": "A", "status": s} for s in ("True", "False")]}},
            {"condition": 1},
            1,
        ),
        ({"status": {"conditions": [{"type": "A", "status": "Maybe"}]}}, {"condition": 1}, 0),
        ({"status": {"conditionMap": {"Ready": {"status": "True"}}, "phase": "P"}}, {}, 1),
        ({"spec": {"limits": {f"r{i}": "1" for i in range(5000)}}}, {"budget": 4800}, 200),
        ({"status": {"phase": 'a"\n\x00' + "w" * 10_000}}, {}, 1),
        ({"spec": {"nodeName": 'a"\n\x00' + "w" * 10_000}}, {}, 1),
    ],
)
def test_a_value_that_cannot_be_told_is_lost_alone(
    value: dict[str, Any], lost: dict[str, int], kept: int
) -> None:
    """It is counted by its reason, and everything else of the object is shown, each word cut at a length."""
    of = renderer()
    lines = [line for line in compiled(of, gadget(**value)) if "_labels" not in line]
    assert kept == len(lines)
    assert lost == dict(of.families.lost)
    assert all(len(line) < 1200 for line in lines)


def test_words_past_the_budget_are_other() -> None:
    """A family has so many different words and no more; those that are known stay."""
    of = renderer(words_max=2)
    phases = ["a", "b", "c", "a"]
    said = [
        line for phase in phases for line in compiled(of, gadget(status={"phase": phase})) if "phase" in line
    ]
    assert [f'k8s_gadget_status_phase{{phase="{word}"}} 1' for word in ("a", "b", "other", "a")] == said
    assert {"budget": 1} == dict(of.families.lost)


def test_every_preset_but_numbers_tells_states() -> None:
    """As far as its paths go."""
    presets = ("all", "numbers", "status", "rules")
    tells = {name: Options(preset=name).telling("pods").state("status.phase") for name in presets}
    assert {"all": True, "numbers": False, "status": True, "rules": True} == tells
    assert Options(preset="rules").keeper("pods")("status.containerStatuses.state.waiting.reason")
