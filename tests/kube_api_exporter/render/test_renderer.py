"""The compiled renderer against the generic one, on whatever the API server may send."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kube_api_exporter.kinds import Kind
from kube_api_exporter.options import Keeper
from kube_api_exporter.render.places import Families
from kube_api_exporter.render.renderer import Refused, Renderer, Seen, shard_of
from kube_api_exporter.render.shapes import Object, Schemas

WIDGET = Kind("example.com", "v1", "widgets", "Widget")
POD = Kind("", "v1", "pods", "Pod")
JOB = Kind("batch", "v1", "jobs", "Job")
REF = "#/components/schemas/"
CONTAINER = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "image": {"type": "string"},
        "stdin": {"type": "boolean"},
        "ports": {"type": "array", "items": {"$ref": REF + "Port"}},
    },
}
ANY = {"x-kubernetes-preserve-unknown-fields": True}
# What a list's elements may be called, beside text; each gets a list of its own.
NAMES: dict[str, dict[str, Any]] = {
    "openNames": ANY,
    "eitherNames": {"x-kubernetes-int-or-string": True},
    "integerNames": {"type": "integer"},
    "booleanNames": {"type": "boolean"},
    "listNames": {"type": "array", "items": {"type": "integer"}},
    "objectNames": {"type": "object", "properties": {"size": {"type": "integer"}}},
}


def listed(name: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list whose elements have such a name."""
    return {"type": "array", "items": {"properties": {"name": name, "size": {"type": "integer"}}}}


SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "ratio": {"type": "number"},
        "on": {"type": "boolean"},
        "note": {"type": "string"},
        "surge": {"x-kubernetes-int-or-string": True},
        "port": {"allOf": [{"$ref": REF + "IntOrString"}]},
        "containers": {"type": "array", "items": {"$ref": REF + "Container"}},
        "initContainers": {"type": "array", "items": {"$ref": REF + "Container"}},
        "numbers": {"type": "array", "items": {"type": "integer"}},
        "matrix": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
        "limits": {"type": "object", "additionalProperties": {"type": "integer"}},
        "words": {"type": "object", "additionalProperties": {"type": "string"}},
        "memory": {"$ref": REF + "io.k8s.apimachinery.pkg.api.resource.Quantity"},
        "open": {"type": "object", **ANY},
        **{field: listed(name) for field, name in NAMES.items()},
        "tree": {"$ref": REF + "Tree"},
    },
}


def document(kind: Kind) -> bytes:
    """Return an OpenAPI document with one kind in it."""
    gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    named = {
        "x-kubernetes-group-version-kind": [gvk],
        "properties": {
            "apiVersion": {"type": "string"},
            "metadata": {"allOf": [{"$ref": REF + "Meta"}]},
            "spec": SPEC,
        },
    }
    meta = {
        "properties": {
            "name": {"type": "string"},
            "generation": {"type": "integer"},
            "ownerReferences": {
                "type": "array",
                "items": {"properties": {"name": {"type": "string"}, "controller": {"type": "boolean"}}},
            },
            "managedFields": {"type": "array", "items": {"type": "object"}},
        }
    }
    trees = {"type": "array", "items": {"$ref": REF + "Tree"}}
    quantity = {"oneOf": [{"type": "string"}, {"type": "number"}]}
    schemas = {
        f"example.v1.{kind.kind}": named,
        "Meta": meta,
        "Container": CONTAINER,
        "Port": {"properties": {"name": {"type": "string"}, "port": {"type": "integer"}}},
        "Tree": {"properties": {"weight": {"type": "integer"}, "children": trees}},
        "IntOrString": {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"},
        "io.k8s.apimachinery.pkg.api.resource.Quantity": quantity,
    }
    return msgspec.json.encode({"components": {"schemas": schemas}})


def shape(kind: Kind) -> Object:
    """Return the shape of a kind from its document."""
    found = Schemas.parse(document(kind)).of_kind(kind.group, kind.version, kind.kind)
    assert found is not None
    return found


class Walking(Renderer):
    """A renderer that takes every object for one that breaks its schema."""

    def of_json(self, raw: bytes | msgspec.Raw) -> Seen:
        """Decode one object to plain values."""
        try:
            return self.of_value(msgspec.json.decode(raw))
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Refused("decode", str(error)) from error


def renderers(kind: Kind, keep: Keeper | None = None) -> tuple[Renderer, Renderer]:
    """Return the compiled and the generic renderer of a kind."""
    kept = keep or Keeper((), ())
    return (
        Renderer(kind, Families(kind.tag, keep=kept), shape(kind)),
        Walking(kind, Families(kind.tag, keep=kept), shape(kind)),
    )


EVERYTHING = {kind: renderers(kind) for kind in (WIDGET, POD)}
CHOSEN = renderers(
    WIDGET, Keeper(("spec.*", "metadata.labels"), ("spec.containers*", "spec.count", "spec.*.name"))
)
integers = st.integers(-(2**70), 2**70)
floats = st.floats(allow_nan=False, allow_infinity=False)


UNDECODED = ("note", "words", "memory", "image")


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw an object in which every field may be missing, null, or of the wrong type.

    Where the schema has strings we trust it: the server lets nothing else in, and nobody looks there.
    """
    wrong = st.sampled_from(["7", True, 1, {}, [], "NaN"])
    drawn = {
        name: st.none() | value if name in UNDECODED else st.none() | value | value | value | wrong
        for name, value in fields.items()
    }
    return st.fixed_dictionaries({}, optional=drawn)


short = st.text(max_size=3)
# No two of them read alike: which of two such keys gets a number depends on who came first.
keys = st.text("abcxyz", max_size=3)
ports = st.lists(optional(name=short, port=integers), max_size=2)
containers = st.lists(
    optional(name=short, image=short, stdin=st.booleans(), ports=ports),
    max_size=3,
)
trees = st.recursive(
    optional(weight=integers), lambda inner: optional(weight=integers, children=st.lists(inner, max_size=2))
)
sizes = st.dictionaries(st.just("size"), integers)
odd = (
    st.text('a"\\\n', max_size=3)
    | integers
    | st.booleans()
    | st.lists(integers, max_size=2)
    | sizes  # of what the schema does not know the server lets nothing in
)
odder = odd | st.dictionaries(st.sampled_from(['x"y', "a\nb"]), integers, max_size=2)
specs = optional(
    count=integers,
    ratio=floats | integers,
    on=st.booleans(),
    note=st.text(),
    surge=integers | st.text(),
    port=integers | st.text(),
    containers=containers,
    initContainers=containers,
    numbers=st.lists(st.none() | integers, max_size=3),
    matrix=st.lists(st.lists(floats, max_size=2), max_size=2),
    limits=st.dictionaries(keys, integers, max_size=3),
    words=st.dictionaries(keys, st.text(), max_size=2),
    memory=st.sampled_from(["1Gi", "5"]),
    open=st.dictionaries(
        st.text(max_size=4), integers | st.text() | st.lists(floats, max_size=2), max_size=3
    ),
    tree=trees,
    **{
        field: st.lists(optional(name=odder if field == "openNames" else odd, size=integers), max_size=2)
        for field in NAMES
    },
)
metadata = optional(
    name=st.text(),
    namespace=st.text(),
    uid=st.uuids().map(str),
    resourceVersion=st.integers(0).map(str),
    generation=integers,
    labels=st.dictionaries(st.text(), st.none() | st.text(), max_size=3),
    ownerReferences=st.lists(optional(name=short, controller=st.booleans()), max_size=2),
    managedFields=st.just([{"manager": "x", "fieldsV1": {"f:spec": {}}}]),
)
objects = st.fixed_dictionaries({"metadata": metadata}, optional={"spec": st.none() | specs})


def lines(renderer: Renderer, raw: bytes) -> tuple[list[str], str, tuple[str, str]]:
    """Return an object's samples in order, with who it is."""
    seen = renderer.of_json(raw)
    pieces = renderer.pieces(seen)
    return sorted(b"".join(pieces.values()).decode().splitlines()), seen.ident, seen.key


@pytest.mark.parametrize("kind", [WIDGET, POD], ids=lambda kind: kind.name)
@given(value=objects)
def test_compiled_and_generic_agree(kind: Kind, value: dict[str, Any]) -> None:
    """Both renderers make the same samples of any object, even one that breaks its schema."""
    raw = msgspec.json.encode(value)
    compiled, generic = EVERYTHING[kind]
    assert lines(generic, raw) == lines(compiled, raw)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        *product(NAMES, ['te"xt', 7, True, [1], {"size": 2}, None]),
        *product(["openNames"], [{'x"y': 1}, {"a\nb": 1}]),
    ],
)
def test_they_agree_on_elements_whatever_their_name_is(field: str, name: object) -> None:
    """Only text names an element; anything else is a value like others."""
    value = {"metadata": {"name": "x"}, "spec": {field: [{"name": name, "size": 1}]}}
    compiled, generic = renderers(WIDGET)
    raw = msgspec.json.encode(value)
    assert lines(generic, raw) == lines(compiled, raw)


@given(value=objects)
@example(value={"metadata": {}, "spec": {"integerNames": [{"name": "a", "size": 0}]}})
def test_they_agree_on_what_the_user_does_not_want(value: dict[str, Any]) -> None:
    """Allow and deny mean the same to both."""
    raw = msgspec.json.encode(value)
    compiled, generic = CHOSEN
    assert lines(generic, raw) == lines(compiled, raw)


def test_threads_that_meet_a_kind_together_render_it_alike() -> None:
    """What is written when it is first met may be met by the readers of two namespaces at once."""
    container = {"name": "c", "image": "i", "stdin": True, "ports": [{"name": "p", "port": 1}] * 2}
    value = {"metadata": {"name": "x"}, "spec": {"count": 1, "containers": [container] * 3}}
    raw = msgspec.json.encode(value)
    compiled, generic = renderers(POD)
    with ThreadPoolExecutor(8) as threads:
        rendered = list(threads.map(lambda _: lines(compiled, raw), range(64)))
    assert [lines(generic, raw)] * 64 == rendered


def test_an_event_and_a_listed_object_are_rendered_alike() -> None:
    """A watch event carries the same object."""
    compiled, _ = renderers(POD)
    value = {"metadata": {"name": "x", "uid": "u", "resourceVersion": "1"}, "spec": {"count": 1}}
    kind, seen = compiled.of_event(msgspec.json.encode({"type": "ADDED", "object": value}))
    assert isinstance(seen, Seen)
    assert seen.typed
    assert "ADDED" == kind
    assert compiled.pieces(compiled.of_json(msgspec.json.encode(value))) == compiled.pieces(seen)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9","annotations":{"a":"b"}}}}',
        b'{"object":{"spec":{"containers":null},"metadata":{"resourceVersion":"9"}},"type":"BOOKMARK"}',
        b'{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":410,"metadata":{"resourceVersion":"9"}}}',
    ],
)
def test_bookmarks_and_errors_are_no_objects(line: bytes) -> None:
    """They say something about the watch."""
    for renderer in renderers(POD):
        _, said = renderer.of_event(line)
        assert not isinstance(said, Seen)
        assert "9" == said.metadata.resourceVersion


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "decode"),
        (b"[]", "decode"),
        (b'{"metadata":null}', "decode"),
        (b'{"metadata":{"name":"a"},"spec":{"count":1' + b"0" * 400 + b"}}", "render"),
        (b'{"metadata":{"name":"a"},"spec":{"open":' + b"[" * 5000 + b"]" * 5000 + b"}}", "decode"),
    ],
)
def test_an_object_that_would_spoil_the_scrape_is_refused(raw: bytes, reason: str) -> None:
    """Only that object is lost, and why is said."""
    for renderer in renderers(WIDGET):
        with pytest.raises(Refused) as refused:
            renderer.pieces(renderer.of_json(raw))
        assert reason == refused.value.reason


@pytest.mark.parametrize(
    "spec",
    [
        {"open": {"xs": [{"name": "n" * 1000, **{f"k{i}": 1 for i in range(1500)}}] * 20}},
        {"open": {"x" * 30_000: list(range(1000))}},
        {"containers": [{"name": "n" * 1024, "ports": [{"port": 1}] * 20_000}]},
        {"containers": [{"name": "n" * 1025, "stdin": True}]},
        {"open": {f"k{i}": 1 for i in range(2_500)}},
    ],
    ids=["names", "keys", "compiled", "long-name", "families"],
)
def test_a_small_object_is_no_huge_scrape(spec: dict[str, Any]) -> None:
    """What repeats itself in every line is refused before it fills the memory; the next object is shown."""
    compiled, _ = renderers(WIDGET)
    raw = msgspec.json.encode({"metadata": {"name": "a"}, "spec": spec})
    with pytest.raises(Refused):
        compiled.pieces(compiled.of_json(raw))
    assert "k8s_widget_spec_count" in compiled.pieces(
        compiled.of_value({"metadata": {}, "spec": {"count": 1}})
    )


@pytest.mark.parametrize(
    "spec",
    [
        {"open": {"a.b": 1, "a": {"b": 2}}},
        {"open": {"items": [{"items": [1], "items_2": [1]}]}},
        {"open": {"my-Containers": [{"x": 1}], "my_Containers": [{"x": 1}]}},
    ],
)
def test_no_two_paths_make_one_series(spec: dict[str, Any]) -> None:
    """However alike two paths are written."""
    compiled, _ = renderers(WIDGET)
    samples = lines(compiled, msgspec.json.encode({"metadata": {"name": "a"}, "spec": spec}))[0]
    series = [sample.rpartition(" ")[0] for sample in samples]
    assert len({*series}) == len(series) == 3


def test_a_shard_is_stable() -> None:
    """The same UID is in the same shard for ever, and shards are even."""
    assert [3, 1, 3] == [shard_of(uid, 4) for uid in ("a", "b", "c")]
    counts = [sum(shard_of(f"uid-{i}", 3) == shard for i in range(3000)) for shard in range(3)]
    assert all(900 < count < 1100 for count in counts)


@pytest.mark.parametrize(
    ("status", "deny", "counts"),
    [
        ({"failed": 2}, (), {"failed": 2, "succeeded": 0}),
        ({"succeeded": 1}, (), {"failed": 0, "succeeded": 1}),
        ({"active": 1}, (), {}),
        ({"failed": 2, "succeeded": 1}, ("status.failed",), {"succeeded": 1}),
        ({"failed": 2, "succeeded": 1}, ("status.succeeded",), {"failed": 2}),
        ({"failed": 2}, ("status.failed",), {}),
    ],
)
def test_a_job_has_both_counts_unless_one_is_unwanted(
    status: dict[str, int], deny: tuple[str, ...], counts: dict[str, int]
) -> None:
    """What the API omits is zero; what the user filtered out is not there, least of all as a zero."""
    renderer = Renderer(JOB, Families(JOB.tag, keep=Keeper((), deny)))
    found = lines(renderer, msgspec.json.encode({"metadata": {"name": "x"}, "status": status}))[0]
    expected = [f'k8s_job_status_{word}{{namespace="default",name="x"}} {n}' for word, n in counts.items()]
    assert expected == [line for line in found if "_failed{" in line or "_succeeded{" in line]
