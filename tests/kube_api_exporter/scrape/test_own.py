"""The exporter's own metrics."""

import re
from importlib.metadata import version
from typing import Any

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from exporter_kit.api import errors as api_errors
from kube_api_exporter.options import Options
from kube_api_exporter.render.parts import whole
from kube_api_exporter.scrape import escaping, own
from kube_api_exporter.scrape.negotiate import OPENMETRICS, Format
from kube_api_exporter.store.feed import REFUSALS, RELISTS, RESTART_REASONS, Feed
from kube_api_exporter.store.store import Store
from kube_api_exporter.watch import discovery, watching

openmetrics_families: Any = openmetrics_parser.text_string_to_metric_families
FEEDS = [Feed("pods", Options()), Feed("nodes", Options())]


def samples(feeds: list[Feed]) -> dict[str, float]:
    """Return our own samples by their text before the value."""
    text = own.OwnMetrics(lambda: feeds).text(Format()).decode()
    found = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in found}


def test_every_series_is_there_before_anything_happened() -> None:
    """A rule on a counter sees its first increase, and one on a gauge sees 0, not absence."""
    found = samples(FEEDS)
    assert 0 == found["kube_api_exporter_up"]
    for kind in ("pods", "nodes"):
        for name, *_ in own.GAUGES:
            assert 0 == found[f'kube_api_exporter_{name}{{kind="{kind}"}}']
        for name, *_ in own.COUNTERS:
            assert 0 == found[f'kube_api_exporter_{name}_total{{kind="{kind}"}}']
        for name, _, reasons, _ in own.BY_REASON:
            for reason in reasons:
                assert 0 == found[f'kube_api_exporter_{name}_total{{kind="{kind}",reason="{reason}"}}']
    assert {*RESTART_REASONS} == set(
        re.findall(r'watch_restarts_total{kind="pods",reason="(\w+)"}', "\n".join(found))
    )


def test_every_reason_there_can_be_has_its_series() -> None:
    """No error or refusal counts under a reason that was not there from the start."""
    errors = [
        thing.reason
        for module in (api_errors, discovery, watching)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, api_errors.ApiError)
    ]
    assert {*errors} <= {*RESTART_REASONS}
    assert {"budget", "decode", "families", "render"} == {*REFUSALS}
    assert {"audit", "budget", "decode", "gone", "schema", "user"} == {*RELISTS}


def test_namespaces_of_a_kind_count_together() -> None:
    """One is missing: the kind is not synced. Objects and series add up."""
    feeds = [Feed("pods", Options(), "a"), Feed("pods", Options(), "b")]
    feeds[0].store = Store()
    feeds[0].store.put(("a", "x"), "1", whole({"f": b"1\n2\n"}))
    assert 0 == samples(feeds)['kube_api_exporter_kind_synced{kind="pods"}']
    assert 2 == samples(feeds)['kube_api_exporter_kind_series{kind="pods"}']
    feeds[1].store = Store()
    assert 1 == samples(feeds)['kube_api_exporter_kind_synced{kind="pods"}']


def test_a_feed_that_repeats_another_keeps_no_kind_old() -> None:
    """When the server was last heard about nodes is told by the one feed that asks for them."""
    feeds = [Feed("nodes", Options(), "a"), Feed("nodes", Options(), "b")]
    feeds[0].last_contact, feeds[1].last_contact, feeds[1].redundant = 20.0, 10.0, True
    assert 20 == samples(feeds)['kube_api_exporter_kind_last_event_timestamp_seconds{kind="nodes"}']


def test_a_feed_that_repeats_another_says_nothing_of_the_server() -> None:
    """It asks for nothing, so that it is content does not mean that the server is up."""
    feeds = [Feed("nodes", Options(), "a"), Feed("nodes", Options(), "b")]
    feeds[1].watching = feeds[1].redundant = True
    assert 0 == samples(feeds)["kube_api_exporter_up"]


def test_a_default_kind_has_one_label_from_the_start() -> None:
    """By whatever name it was asked for, and before the API server was: no counter begins twice."""
    assert ["pods", "deployments.apps", "gadgets"] == [
        Feed(word, Options()).label for word in ("po", "deploy", "gadgets")
    ]


def test_the_dots_scheme_spells_our_own_names_too() -> None:
    """A reader of that scheme takes two underscores for one, in labels as in names."""
    text = escaping.own(own.OwnMetrics(lambda: FEEDS).text(Format()), "dots").decode()
    assert 'kube__api__exporter__kind__synced{kind="pods"} 0.0' in text.replace(" 0\n", " 0.0\n")
    assert "# TYPE kube__api__exporter__up gauge" in text
    bare = re.compile(r"^(?:# (?:HELP|TYPE) )?([a-z]\w*)", re.MULTILINE)
    assert [] == [name for name in bare.findall(text) if "_" in name.replace("__", "")]


def test_a_refused_web_config_is_told() -> None:
    """The gauge is 1 without a file too, and follows what it is told."""
    metrics = own.OwnMetrics(list)
    assert "\nkube_api_exporter_web_config_ok 1\n" in metrics.text(Format()).decode()
    metrics.web_config_ok = lambda: False
    assert "\nkube_api_exporter_web_config_ok 0\n" in metrics.text(Format()).decode()


def test_both_formats_parse() -> None:
    """prometheus_client's parsers take them."""
    metrics = own.OwnMetrics(lambda: FEEDS)
    assert list(parser.text_string_to_metric_families(metrics.text(Format()).decode()))
    text = metrics.text(Format(OPENMETRICS, "1.0.0")).decode() + "# EOF\n"
    assert list(openmetrics_families(text))


def test_what_is_running_says_its_version() -> None:
    """An image holds no package metadata, so the version stands in the code: the package takes it there."""
    assert 1 == samples([])[f'kube_api_exporter_build_info{{version="{version("alertdrill")}"}}']
