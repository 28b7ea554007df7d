"""Does what we hold match what the server has? Asked now and then, by metadata only.

A watch can lose an event (a proxy, a bug, a restored etcd) and nothing in the protocol would tell. The
comparison is made so that events still under way are never mistaken for lost ones.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from exporter_kit import log
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError
from kube_api_exporter.render.renderer import Key
from kube_api_exporter.watch.catalog import Catalog
from kube_api_exporter.watch.reader import Reader
from kube_api_exporter.watch.watching import Conversation

# How long an event may be on its way: what is still wrong after that was lost.
GRACE_SECONDS = 5.0
FIRST_SECONDS = 1.0

Idents = Mapping[Key, str]


def lost(before: Idents, listed: Idents, after: Idents) -> set[Key]:
    """Return the objects whose latest event never came.

    `before` was held before the list was asked for, `after` some time later. Something we held unchanged all
    the while, although the list had it otherwise or not at all, was missed. So was something the list had
    and we never got, unless it has come and gone: that only a second list can tell.
    """
    unchanged = {key for key, ident in before.items() if after.get(key) == ident and listed.get(key) != ident}
    missing = {key for key in listed if key not in before and key not in after}
    return unchanged | missing


class Auditor(threading.Thread):
    """Audits one feed after another, for ever."""

    def __init__(
        self,
        client: ApiClient,
        catalog: Catalog,
        readers: Callable[[], Sequence[Reader]],
        *,
        interval: float = 0.0,
        grace: float = GRACE_SECONDS,
    ) -> None:
        super().__init__(name="auditor", daemon=True)
        self._client = client
        self._catalog = catalog
        self._readers = readers
        self._interval = interval
        self._grace = grace
        self._stop_asked = threading.Event()
        self._seen_lost: dict[str, dict[Key, tuple[str, str]]] = {}
        self._prints: dict[str, str] = {}
        self._troubles: dict[str, str] = {}

    def run(self) -> None:
        """Audit everything soon after the start, then spread audits evenly over the interval; 0 is never."""
        longest = FIRST_SECONDS
        while self._interval > 0 and not self._stop_asked.is_set():
            readers = self._readers()
            pause = self._interval / max(len(readers), 1)
            if not readers:
                self._stop_asked.wait(pause)
            spent = 0.0
            for reader in readers:
                if self._stop_asked.wait(max(min(pause, longest) - spent, 0.0)):
                    return
                began = time.monotonic()
                self._try(reader)
                spent = time.monotonic() - began
            longest = self._interval

    def _try(self, reader: Reader) -> None:
        """Audit one feed; a failure is counted, and said when it is another one than the last."""
        trouble = ""
        try:
            self.audit(reader)
        except (ApiError, msgspec.MsgspecError) as error:
            trouble = str(error)
            reader.feed.audit_failures += 1
            if trouble != self._troubles.get(reader.name):
                log.get().warning("audit failed", kind=reader.feed.label, why=trouble)
        self._troubles[reader.name] = trouble

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop_asked.set()

    def audit(self, reader: Reader) -> int:
        """Audit one feed that is being followed, have it repaired; return how many objects were wrong."""
        feed = reader.feed
        store = feed.store
        if store is None or not feed.watching or feed.kind is None or feed.redundant:
            return 0
        if self._changed(reader):
            return 0
        if feed.renderer and feed.renderer.families.full:
            reader.learn_anew()  # names that nobody has any more make room
            return 0
        before = store.idents()
        talk = Conversation(self._client, feed)
        listed = talk.metadata()
        if self._stop_asked.wait(self._grace) or feed.store is not store:
            return 0  # it was listed anew meanwhile
        wrong = lost(before, listed, store.idents())
        if any(key in listed for key in wrong):
            again = talk.metadata()
            wrong = {key for key in wrong if again.get(key) == listed.get(key)}
            wrong = lost(before, {key: listed[key] for key in listed if key in again}, store.idents()) & wrong
        feed.audits += 1
        feed.mismatches += len(wrong)
        # A state that even a fresh list could not bring in is not worth another one; a newer one is.
        states = {key: (before.get(key, ""), listed.get(key, "")) for key in wrong}
        if wrong and states != self._seen_lost.get(reader.name):
            log.get().warning("events were lost", kind=feed.label, objects=len(wrong), example=min(wrong))
            reader.relist("audit")
        elif feed.could_show_more:
            reader.relist("budget")
        self._seen_lost[reader.name] = states
        return len(wrong)

    def _changed(self, reader: Reader) -> bool:
        """Have a kind learnt anew when its definition changed."""
        feed = reader.feed
        assert feed.kind
        new = self._catalog.fingerprint(feed.kind)
        if new is None:
            return False  # what was seen last stays, so that a change during an outage is seen after it
        old, self._prints[reader.name] = self._prints.get(reader.name, new), new
        if new == old:
            return False
        reader.learn_anew()
        return True
