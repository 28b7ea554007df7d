"""Whatever objects hold, the scrape parses; and what a format says of itself is true."""

import gzip
import subprocess
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from alertdrill.machine.tools import promtool
from kube_api_exporter.kinds import Kind
from kube_api_exporter.options import Options
from kube_api_exporter.render.renderer import Refused, Renderer
from kube_api_exporter.scrape.exposition import Exposition
from kube_api_exporter.scrape.negotiate import OPENMETRICS, TEXT, Escaping, Format
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.store.store import Store

ESCAPINGS: tuple[Escaping, ...] = ("allow-utf-8", "underscores", "dots", "values")
FORMATS = [
    Format(),
    *(Format(TEXT, "1.0.0", escaping) for escaping in ESCAPINGS),
    *(Format(OPENMETRICS, "1.0.0", escaping) for escaping in ESCAPINGS),
    Format(OPENMETRICS, "0.0.1"),
]
ODD = [
    "name",
    "namespace",
    "a-b",
    "a_b",
    "a.b",
    "__name__",
    "le",
    "quantile",
    "items",
    "1",
    "NaN",
    "labels",
    '"',
]
words = st.text(max_size=6) | st.sampled_from([*ODD, "", '"', "\\", "\n"])
numbers = (
    st.integers(-(2**64), 2**64)
    | st.sampled_from([2**63, -(2**63), 2**63 - 1, 1e308, 5e-324, -0.0])
    | st.floats(allow_nan=False, allow_infinity=False)
)
trees: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.sampled_from(["NaN", "Inf", "7", "1e5", "x" * 1000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
metadata = st.fixed_dictionaries(
    {"name": words, "uid": st.uuids().map(str), "resourceVersion": st.just("1")},
    optional={
        "namespace": words | st.none(),
        "labels": st.none() | st.dictionaries(words, words | st.none(), max_size=4),
        "annotations": st.just({"big": "x" * 5000}) | st.none(),
        "generation": numbers,
    },
)
parts = {"spec": trees, "status": trees, "odd-field": trees}
objects = st.fixed_dictionaries({"metadata": metadata}, optional=parts)
hostile = st.lists(objects, max_size=4)
LINT_ONLY = 3  # it would rather have other names; what can't be read is 1
WIDGET = Kind("example.com", "v1", "widgets", "Widget")
POD = Kind("", "v1", "pods", "Pod")


def feed_of(values: list[dict[str, Any]], kind: Kind) -> Feed:
    """Return a synced feed that was given these objects as JSON."""
    feed = Feed(kind.name, Options())
    feed.kind, feed.renderer = kind, Renderer(kind)
    feed.store = Store(feed.renderer)
    for value in values:
        try:
            feed.take(feed.store, feed.renderer.of_json(msgspec.json.encode(value)))
        except Refused as refused:
            feed.refused[refused.reason] += 1
    return feed


def body(feeds: list[Feed], form: Format, coding: str = "", kinds: frozenset[str] | None = None) -> bytes:
    """Return a scrape of these feeds."""
    raw = b"".join(Exposition(lambda: feeds).chunks(form, coding, kinds))
    return raw + (b"# EOF\n" if form.openmetrics and not coding else b"")


def parsed(text: str, form: Format) -> list[tuple[str, tuple[tuple[str, str], ...], float]]:
    """Return the samples that prometheus_client's parser for this format finds."""
    parse = openmetrics if form.openmetrics else parser
    families = list(parse.text_string_to_metric_families(text))
    assert len(families) == len({family.name for family in families}), "a family came twice"
    return [
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in families
        for sample in family.samples
    ]


@pytest.mark.parametrize(
    "kind", [Kind("example.com", "v1", "widgets", "Widget"), Kind("", "v1", "pods", "Pod")], ids=str
)
@given(values=hostile, form=st.sampled_from(FORMATS))
def test_every_scrape_parses(kind: Kind, values: list[dict[str, Any]], form: Format) -> None:
    """Any JSON in any object: the scrape parses in both parsers, no series twice, none lost."""
    feed = feed_of(values, kind)
    assert feed.store is not None
    samples = parsed(body([feed], form).decode(), form)
    assert feed.store.series == len(samples)
    hidden = [key for key in feed.store.idents() if not feed.store.series_of(key)]
    assert len(hidden) <= feed.refused.total()  # what is lost is counted
    assert len(samples) == len({sample[:2] for sample in samples})


@settings(max_examples=max(settings().max_examples // 20, 5))  # each is a process
@given(values=st.lists(objects, min_size=5, max_size=20))
def test_promtool_takes_every_scrape(values: list[dict[str, Any]]) -> None:
    """Prometheus' own parser of text reads what is made of any JSON."""
    text = body([feed_of(values, WIDGET)], Format())
    checked = subprocess.run([promtool(), "check", "metrics"], input=text, capture_output=True, check=False)
    assert checked.returncode in {0, LINT_ONLY}, checked.stderr[-500:]


def test_an_annotation_of_a_mebibyte_costs_nothing() -> None:
    """It is no number, so it is skipped as it is read."""
    big = widget("a", size=1)
    big["metadata"]["annotations"] = {"big": 'x"\\' * 350_000}
    assert body([feed_of([widget("a", size=1)], WIDGET)], Format()) == body(
        [feed_of([big], WIDGET)], Format()
    )


@given(values=hostile, form=st.sampled_from(FORMATS))
def test_compressed_is_the_same(values: list[dict[str, Any]], form: Format) -> None:
    """The members of a gzip body and the frames of a zstd body are the plain body."""
    feed = feed_of(values, WIDGET)
    form = Format(TEXT, "1.0.0", form.escaping)
    plain = body([feed], form)
    assert plain == gzip.decompress(body([feed], form, "gzip") or gzip.compress(b""))
    frames = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)
    assert plain == frames.decompress(body([feed], form, "zstd"))


def widget(name: str, namespace: str = "n", **spec: float) -> dict[str, Any]:
    """Return a small object."""
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": "1"},
        "spec": spec,
    }


def test_the_order_is_stable() -> None:
    """Families by name, objects by namespace and name: two scrapes of the same state are the same bytes."""
    values = [widget("b", "m", size=1), widget("a", "n", size=1), widget("a", "m", big=2, size=1)]
    first = body([feed_of(values, WIDGET)], Format())
    assert first == body([feed_of(values[::-1], WIDGET)], Format())
    samples = [line.split(b" ")[0] for line in first.splitlines() if not line.startswith(b"#")]
    assert b'k8s_widget_spec_big{namespace="m",name="a"}' == samples[3]
    assert [
        b'k8s_widget_spec_size{namespace="m",name="a"}',
        b'k8s_widget_spec_size{namespace="m",name="b"}',
    ] == samples[4:6]


def test_help_says_where_from_and_what_unit() -> None:
    """HELP has the JSON path, the kind and the unit."""
    said = body([feed_of([widget("a", timeoutSeconds=3)], WIDGET)], Format()).decode()
    assert (
        "# HELP k8s_widget_spec_timeoutSeconds .spec.timeoutSeconds of Widget (example.com/v1); seconds.\n"
        "# TYPE k8s_widget_spec_timeoutSeconds gauge\n" in said
    )


def test_a_kind_that_is_not_synced_is_absent() -> None:
    """Half a kind is never shown; nor is one whose other namespace is still missing."""
    here, missing = feed_of([widget("a", size=1)], WIDGET), Feed("widgets.example.com", Options(), "other")
    missing.kind = WIDGET
    assert b"" == body([here, missing], Format())
    assert body([here], Format())


def test_one_kind_can_be_asked_for() -> None:
    """By its short or its full name."""
    pods = feed_of([{"metadata": {"name": "p"}}], POD)
    feeds = [feed_of([widget("a", size=1)], WIDGET), pods]
    for word in ("widgets", "widgets.example.com"):
        assert b"k8s_pod" not in body(feeds, Format(), kinds=frozenset({word}))
        assert b"k8s_widget" in body(feeds, Format(), kinds=frozenset({word}))


def test_a_name_that_older_readers_refuse_is_said_truly_to_those_that_take_it() -> None:
    """With allow-utf-8 the family has its true name between quotes; otherwise underscores."""
    feed = feed_of([{**widget("a"), "spec": {"on-call": 1}}], WIDGET)
    assert b'{"k8s_widget_spec_on-call",namespace="n",name="a"} 1\n' in body([feed], FORMATS[1])
    assert b'k8s_widget_spec_on_call{namespace="n",name="a"} 1\n' in body([feed], FORMATS[0])
