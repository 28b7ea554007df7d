"""A kind that has every state there is, its schema, its renderers, and objects of it to draw."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from kube_api_exporter.kinds import Kind
from kube_api_exporter.options import Keeper
from kube_api_exporter.render.places import Families
from kube_api_exporter.render.renderer import Renderer, Seen
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


def shape_of(schema: dict[str, Any]) -> Object:
    """Return the shape of a gadget that has another schema."""
    gvk = {"group": GADGET.group, "version": GADGET.version, "kind": GADGET.kind}
    gadget = {**schema, "x-kubernetes-group-version-kind": [gvk]}
    document = msgspec.json.encode({"components": {"schemas": {"com.example.v1.Gadget": gadget}}})
    found = Schemas.parse(document).of_kind(GADGET.group, GADGET.version, GADGET.kind)
    assert found is not None
    return found


def shape() -> Object:
    """Return the shape of a gadget."""
    return shape_of(fields(metadata=METADATA, spec=SPEC, status=STATUS))


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
# What no schema has a server leaves out, so its type is never wrong: `name` of an address.
addresses = some(type=words, address=words)
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
            addresses=st.lists(addresses | addresses.map(lambda one: {**one, "name": "odd"}), max_size=2),
        ),
    },
)
