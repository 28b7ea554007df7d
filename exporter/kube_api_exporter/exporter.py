"""All of it together: the readers, the auditor, and what a scrape is made of."""

import threading
import time
from collections.abc import Iterator

from exporter_kit import log
from exporter_kit.api import ApiClient
from exporter_kit.api_errors import ApiError
from kube_api_exporter import memory
from kube_api_exporter.audit import Auditor
from kube_api_exporter.catalog import Catalog
from kube_api_exporter.chunks import Chunk
from kube_api_exporter.exposition import Exposition
from kube_api_exporter.feed import Feed
from kube_api_exporter.kinds import FULL_NAMES
from kube_api_exporter.negotiate import Format
from kube_api_exporter.options import Options
from kube_api_exporter.own import OwnMetrics
from kube_api_exporter.reader import Reader

EVERY = "all"
OWN = "self"
SETTLE_SECONDS_MAX = 120.0


class Exporter:
    """Feeds by kind and namespace, each with its thread."""

    def __init__(self, client: ApiClient, options: Options) -> None:
        self.options = options
        self._client = client
        self._catalog = Catalog(client, options)
        self.feeds: list[Feed] = []
        self._readers: list[Reader] = []
        self._exposition = Exposition(self.feeds)
        self.own = OwnMetrics(lambda: self.feeds)
        self._stop_asked = threading.Event()
        self._all_known = EVERY not in options.kinds
        self._auditor = Auditor(client, self._catalog, self._readers)
        for word in options.kinds:
            if word != EVERY:
                self._add(word)

    def _add(self, word: str) -> None:
        namespaces: list[str | None] = [*sorted(set(self.options.namespaces))]
        for namespace in namespaces or [None]:
            feed = Feed(FULL_NAMES.get(word, word), self.options, namespace)
            self.feeds.append(feed)
            self._readers.append(Reader(self._client, self._catalog, feed))

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._settle, name="settle", daemon=True).start()
        # Pods first: they are most of what there is to read.
        for reader in sorted(self._readers, key=lambda reader: reader.feed.word != "pods"):
            reader.start()

    def stop(self) -> None:
        """End all threads; they are daemons, so what hangs does not keep us."""
        self._stop_asked.set()
        self._auditor.stop()
        for reader in self._readers:
            reader.stop()

    def relist(self) -> None:
        """Read every kind anew; scrapes go on with what is there."""
        for reader in self._readers:
            reader.relist("user")

    def not_ready(self) -> list[str]:
        """Return a sentence for every kind that is not synced."""
        waiting = [f"{feed.label}: {feed.trouble or 'reading'}" for feed in self.feeds if not feed.synced]
        return waiting if self._all_known else ["all: learning which kinds there are", *waiting]

    def body(self, form: Format, coding: str, kinds: frozenset[str] | None) -> list[bytes]:
        """Return a scrape as many small pieces; `kinds` limits it, our own metrics are the kind `self`."""
        started = time.perf_counter()
        pieces = list(self._chunks(form, coding, kinds))
        self.own.build_seconds.observe(time.perf_counter() - started)
        return pieces

    def _chunks(self, form: Format, coding: str, kinds: frozenset[str] | None) -> Iterator[bytes]:
        yield from self._exposition.chunks(form, coding, kinds)
        tail = self.own.text(form) if kinds is None or OWN in kinds else b""
        if form.openmetrics:
            tail += b"# EOF\n"
        if tail or not kinds:
            yield Chunk(tail).encoded(coding)

    def _settle(self) -> None:
        """Learn what `all` means; then, when all is read, let go of what was only needed for that."""
        while EVERY in self.options.kinds and not self._stop_asked.is_set():
            try:
                known = {feed.word for feed in self.feeds}
                added = [kind.name for kind in self._catalog.every() if kind.name not in known]
            except ApiError as error:
                log.get().warning("can't learn which kinds there are", why=str(error))
                self._stop_asked.wait(5.0)
                continue
            first = len(self._readers)
            for name in added:
                self._add(name)
            for reader in self._readers[first:]:
                reader.start()
            self._all_known = True
            break
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < end and self.not_ready() and not self._stop_asked.wait(0.2):
            pass
        self._catalog.release()
        memory.settle()
        self._auditor.start()
