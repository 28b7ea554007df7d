"""All of it together: the readers, the auditor, and what a scrape is made of."""

import threading
import time
from collections.abc import Iterable, Iterator

import msgspec

from exporter_kit import log
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError
from kube_api_exporter import memory
from kube_api_exporter.kinds import EVERY
from kube_api_exporter.options import Options
from kube_api_exporter.scrape import escaping
from kube_api_exporter.scrape.exposition import Exposition
from kube_api_exporter.scrape.negotiate import Format
from kube_api_exporter.scrape.own import OwnMetrics
from kube_api_exporter.store.chunks import Chunk
from kube_api_exporter.store.feed import Feed, siblings
from kube_api_exporter.watch.audit import Auditor
from kube_api_exporter.watch.catalog import Catalog
from kube_api_exporter.watch.discovery import HalfKnown
from kube_api_exporter.watch.reader import Reader
from kube_api_exporter.watch.way import Way
from kube_api_exporter.words import FULL_NAMES

__all__ = ["EVERY", "OWN", "Exporter"]
OWN = "self"
SETTLE_SECONDS_MAX = 120.0
# Until every group of the API server has said what it serves, it is asked again after such pauses.
LEARN_SECONDS, LEARN_SECONDS_MAX = 5.0, 60.0


class Exporter:
    """Feeds by kind and namespace, each with its thread.

    Scrapes and the auditor read `feeds` and `readers` while kinds come and go: both are replaced as a whole.
    """

    def __init__(self, client: ApiClient, options: Options) -> None:
        self.options = options
        self._client = client
        self._catalog = Catalog(client, options)
        self._way = Way()
        self.feeds: list[Feed] = []
        self._readers: list[Reader] = []
        self._exposition = Exposition(lambda: self.feeds)
        self.own = OwnMetrics(lambda: self.feeds)
        self._stop_asked = threading.Event()
        self._all_known = EVERY not in options.kinds
        self._trouble = "learning which kinds there are"
        self._learnt: set[str] = set()
        interval = options.audit_interval
        self._auditor = Auditor(client, self._catalog, lambda: self._readers, interval=interval)
        self._add(FULL_NAMES.get(word, word) for word in options.kinds if word != EVERY)

    def _add(self, words: Iterable[str]) -> list[Reader]:
        """Have feeds for these kinds; return their readers, to be started."""
        namespaces: list[str | None] = [*sorted(set(self.options.namespaces))]
        feeds = [
            feed
            for word in words
            for feed in siblings([Feed(word, self.options, place) for place in namespaces or [None]])
        ]
        added = [Reader(self._client, self._catalog, feed, self._way) for feed in feeds]
        self.feeds = [*self.feeds, *feeds]
        self._readers = [*self._readers, *added]
        return added

    def _drop(self, words: set[str]) -> None:
        """Let kinds go, as if they had never been there."""
        dropped = [reader for reader in self._readers if reader.feed.word in words]
        self.feeds = [feed for feed in self.feeds if feed.word not in words]
        self._readers = [reader for reader in self._readers if reader not in dropped]
        for reader in dropped:
            reader.stop()
            self._catalog.leave(reader.feed)

    def start(self) -> None:
        """Begin to read."""
        # Pods first: they are most of what there is to read.
        for reader in sorted(self._readers, key=lambda reader: reader.feed.word != "pods"):
            reader.start()
        threading.Thread(target=self._settle, name="settle", daemon=True).start()
        if EVERY in self.options.kinds:
            threading.Thread(target=self._keep_learning, name="learn", daemon=True).start()

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
        return waiting if self._all_known else [f"{EVERY}: {self._trouble}", *waiting]

    def body(self, form: Format, coding: str, kinds: frozenset[str] | None) -> list[bytes]:
        """Return a scrape as many small pieces; `kinds` limits it, our own metrics are the kind `self`."""
        started = time.perf_counter()
        pieces = list(self._chunks(form, coding, kinds))
        self.own.build_seconds.observe(time.perf_counter() - started)
        return pieces

    def _chunks(self, form: Format, coding: str, kinds: frozenset[str] | None) -> Iterator[bytes]:
        yield from self._exposition.chunks(form, coding, kinds)
        tail = escaping.own(self.own.text(form), form.escaping) if kinds is None or OWN in kinds else b""
        if form.openmetrics:
            tail += b"# EOF\n"
        if tail or not kinds:
            yield Chunk(tail).encoded(coding)

    def _settle(self) -> None:
        """Once all is read, or could have been, let go of what was only needed for that."""
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < end and self.not_ready() and not self._stop_asked.wait(0.2):
            pass
        self._catalog.release()
        memory.settle()
        self._auditor.start()

    def _keep_learning(self) -> None:
        """Learn what `all` means, and look again whenever everything is audited."""
        soon = LEARN_SECONDS
        while not self._stop_asked.is_set():
            if self._learn():
                pause, soon = self.options.audit_interval or threading.TIMEOUT_MAX, LEARN_SECONDS
            else:
                pause, soon = soon, min(soon * 2, LEARN_SECONDS_MAX)
            self._stop_asked.wait(pause)
            self._catalog.release()  # kinds that came later have their renderers by now

    def _learn(self) -> bool:
        """Read the kinds that are new, let go of those that went; return whether every group answered."""
        trouble = ""
        try:
            names = {kind.name for kind in self._catalog.every()}
        except HalfKnown as error:
            names, trouble = {kind.name for kind in error.kinds}, str(error)
        except (ApiError, msgspec.MsgspecError) as error:
            names, trouble = set(), str(error)
        if trouble and trouble != self._trouble:
            log.get().warning("can't learn which kinds there are", why=trouble)
        self._trouble = trouble
        new = names - {feed.word for feed in self.feeds}
        self._learnt |= new
        for reader in self._add(sorted(new)):
            reader.start()
        if trouble:
            return False
        # A server that has just started does not know all definitions yet: what is held stays.
        absent = {feed.word for feed in self.feeds if not feed.synced}
        self._drop((self._learnt - names) & absent)
        self._all_known = True
        return True
