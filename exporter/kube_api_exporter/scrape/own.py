"""Our own metrics: everything we do to stay true, present from the first scrape on with 0."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter_kit.version import VERSION
from kube_api_exporter.render.places import LOSSES
from kube_api_exporter.scrape.negotiate import Format
from kube_api_exporter.store.feed import REFUSALS, RELISTS, RESTART_REASONS, Feed
from kube_api_exporter.text import label_value, number

PREFIX = "kube_api_exporter_"
BUILD_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
GAUGES: tuple[tuple[str, str, Callable[[Sequence[Feed]], float]], ...] = (
    (
        "kind_synced",
        "1 when all objects of the kind are here; until then it is absent from scrapes.",
        lambda feeds: all(feed.synced for feed in feeds),
    ),
    (
        "kind_watching",
        "1 while changes are being followed; 0 means that what is served may be old.",
        lambda feeds: all(feed.watching for feed in feeds),
    ),
    (
        "kind_last_event_timestamp_seconds",
        "When the API server was last heard about the kind: an event, a bookmark or a list.",
        lambda feeds: min((feed.last_contact for feed in feeds if not feed.redundant), default=0.0),
    ),
    (
        "kind_objects",
        "Objects held.",
        lambda feeds: sum(len(feed.store) for feed in feeds if feed.store is not None),
    ),
    (
        "kind_series",
        "Series exported.",
        lambda feeds: sum(feed.store.series for feed in feeds if feed.store is not None),
    ),
    (
        "kind_hidden_objects",
        "Objects held that show nothing, for want of series in the budget.",
        lambda feeds: sum(len(feed.store.hidden) for feed in feeds if feed.store is not None),
    ),
    (
        "kind_name_conflicts",
        "Paths whose names read alike and got a number.",
        lambda feeds: max(feed.renderer.families.conflicts if feed.renderer else 0 for feed in feeds),
    ),
)
COUNTERS: tuple[tuple[str, str, Callable[[Feed], int]], ...] = (
    ("watch_events", "Events applied.", lambda feed: feed.events),
    ("audits", "Comparisons of what is held with what the server has.", lambda feed: feed.audits),
    ("audit_failures", "Comparisons that could not be made.", lambda feed: feed.audit_failures),
    ("audit_mismatches", "Objects found wrong by an audit, then repaired.", lambda feed: feed.mismatches),
    ("decode_errors", "Objects and events that could not be decoded.", lambda feed: feed.refused["decode"]),
)
BY_REASON: tuple[tuple[str, str, tuple[str, ...], Callable[[Feed, str], int]], ...] = (
    (
        "watch_restarts",
        "Watches that ended, by reason; expired is the ordinary one.",
        RESTART_REASONS,
        lambda feed, reason: feed.restarts[reason],
    ),
    (
        "relists",
        "Times a kind was read anew from the start, by reason.",
        RELISTS,
        lambda feed, reason: feed.relists[reason],
    ),
    (
        "dropped_objects",
        "Objects left out of scrapes, by reason.",
        REFUSALS,
        lambda feed, reason: feed.refused[reason],
    ),
)


def feed_lines(feeds: Sequence[Feed], *, openmetrics: bool) -> Iterator[str]:
    """Yield the state of the feeds at this moment: some hundred lines, at a fifth of a registry's cost."""
    grouped: dict[str, list[Feed]] = {}
    for feed in feeds:
        grouped.setdefault(label_value(feed.label), []).append(feed)
    reachable = any(feed.watching and not feed.redundant for feed in feeds)
    yield from _head("up", "1 while the API server is being watched.", "gauge")
    yield f"{PREFIX}up {number(reachable)}\n"
    for name, said, value in GAUGES:
        yield from _head(name, said, "gauge")
        for kind, those in grouped.items():
            yield f'{PREFIX}{name}{{kind="{kind}"}} {number(value(those))}\n'
    for name, said, count in COUNTERS:
        yield from _head(name, said, "counter", "" if openmetrics else "_total")
        for kind, those in grouped.items():
            yield f'{PREFIX}{name}_total{{kind="{kind}"}} {sum(map(count, those))}\n'
    for name, said, reasons, counted in BY_REASON:
        yield from _head(name, said, "counter", "" if openmetrics else "_total")
        for kind, those in grouped.items():
            for reason in reasons:
                total = sum(counted(feed, reason) for feed in those)
                yield f'{PREFIX}{name}_total{{kind="{kind}",reason="{reason}"}} {total}\n'
    yield from _lost_lines(grouped, openmetrics=openmetrics)


def _lost_lines(grouped: Mapping[str, Sequence[Feed]], *, openmetrics: bool) -> Iterator[str]:
    """Yield the values that were left out: those of one kind's namespaces are counted in one place."""
    said = "Values that could not be read or had no room, by reason; the rest of their objects is shown."
    yield from _head("lost_values", said, "counter", "" if openmetrics else "_total")
    for kind, feeds in grouped.items():
        for reason in LOSSES:
            total = max(feed.renderer.families.lost[reason] if feed.renderer else 0 for feed in feeds)
            yield f'{PREFIX}lost_values_total{{kind="{kind}",reason="{reason}"}} {total}\n'


def web_config_lines(*, ok: bool) -> Iterator[str]:
    """Yield whether the web configuration is the one in its file; without a file it is."""
    yield from _head(
        "web_config_ok",
        "1 while the web configuration that is in force is the one in its file; "
        "0 after a change that was refused.",
        "gauge",
    )
    yield f"{PREFIX}web_config_ok {number(ok)}\n"


def _head(name: str, said: str, kind: str, ending: str = "") -> Iterator[str]:
    yield f"# HELP {PREFIX}{name}{ending} {said}\n# TYPE {PREFIX}{name}{ending} {kind}\n"


class OwnMetrics:
    """The registry, and how it is written in each format."""

    def __init__(self, feeds: Callable[[], Sequence[Feed]]) -> None:
        self._feeds = feeds
        self.web_config_ok: Callable[[], bool] = lambda: True
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        Info(PREFIX + "build", "What is running.", registry=self._registry).info({"version": VERSION})
        self.build_seconds = Histogram(
            PREFIX + "scrape_build_seconds",
            "Time to put a scrape together, before the first byte is sent.",
            buckets=BUILD_SECONDS,
            registry=self._registry,
        )

    def text(self, form: Format) -> bytes:
        """Return the lines, without the end mark of OpenMetrics."""
        feeds = "".join(feed_lines(self._feeds(), openmetrics=form.openmetrics)).encode()
        feeds += "".join(web_config_lines(ok=self.web_config_ok())).encode()
        if form.openmetrics:
            process: bytes = generate_openmetrics(self._registry)  # type: ignore[no-untyped-call]
            return feeds + process.removesuffix(b"# EOF\n")
        return feeds + generate_latest(self._registry)
