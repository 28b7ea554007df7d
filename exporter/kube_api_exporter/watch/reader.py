"""One thread per feed: sync, follow, resume; it never gives up and never hurries."""

import random
import threading
import time

import msgspec

from exporter_kit import log
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError, Gone, Invalid, NotServed, Throttled, Unreachable
from exporter_kit.watch.following import GOOD_SECONDS, older
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.store.store import Store
from kube_api_exporter.watch.catalog import Catalog
from kube_api_exporter.watch.watching import Conversation, Undecodable
from kube_api_exporter.watch.way import Way

BACKOFF_FIRST, BACKOFF_MAX = 0.25, 30.0
# Who can't be reached is not burdened by being asked, and the first reader that is through tells the others.
UNREACHABLE_MAX = 8.0
# An API server that has just started answers 404 for custom resources until it has read their definitions.
# A definition that really goes takes its objects along, by ordinary DELETED events.
NOT_SERVED_SECONDS = 60.0


class Reader(threading.Thread):
    """Keeps one feed true."""

    def __init__(self, client: ApiClient, catalog: Catalog, feed: Feed, way: Way) -> None:
        super().__init__(name=f"reader-{feed.word}-{feed.namespace or 'all'}", daemon=True)
        self.feed = feed
        self._client = client
        self._catalog = catalog
        self._way = way
        self._stop_asked = threading.Event()
        self._wish: str | None = None
        self._conversation: Conversation | None = None
        self._failures = 0
        self._not_served_since: float | None = None
        self._relearn = False
        self._lists_only = not feed.options.watch_list

    def run(self) -> None:
        """Serve the feed until told to stop."""
        while not self._stop_asked.is_set() and not self._is_redundant():
            try:
                self._turn()
                self._failures = 0
            except Throttled as error:
                self._stop_asked.wait(self._note(error))
            except ApiError as error:
                self._way.wait(self._note(error), self._stop_asked)
            except msgspec.MsgspecError as error:
                nonsense = ApiError(f"the API server's answer can't be read: {error}")
                self._stop_asked.wait(self._note(nonsense))
            except Exception as error:  # noqa: BLE001  # a mistake of ours must not end the thread unseen
                log.get().exception("reader failed", kind=self.feed.label)
                self._stop_asked.wait(self._note(ApiError(f"{type(error).__name__}: {error}")))

    def _is_redundant(self) -> bool:
        """Whether another reader reads the same: the kind by another name, or without namespaces."""
        feed = self.feed
        if feed.kind is None:
            return False
        elsewhere = not feed.kind.namespaced and feed.namespace not in {None, *feed.options.first_namespace}
        if not elsewhere and self._catalog.serves(feed):
            return False
        feed.redundant = True
        feed.store, feed.trouble, feed.watching = Store(feed.renderer), "", True
        feed.contact()
        return True

    def stop(self) -> None:
        """Ask the thread to end; it does so at once."""
        self._stop_asked.set()
        if self._conversation:
            self._conversation.close()

    def relist(self, reason: str) -> None:
        """Ask for everything to be read anew; what we have is served until then."""
        self._wish = reason
        if self._conversation:
            self._conversation.close()

    def learn_anew(self) -> None:
        """Ask for the kind's definition to be read anew, and then everything."""
        self._relearn = True
        self.relist("schema")

    def _turn(self) -> None:
        """Do the next thing: learn the kind, sync, or follow."""
        if self._relearn and self.feed.kind:
            self._relearn, self._conversation = False, None
            self._catalog.forget(self.feed.kind)
        talk = self._conversation or self._introduce()
        if self._is_redundant():
            return
        if self._wish:
            self.feed.relists[self._wish] += 1
            self._wish, talk.version = None, None
        if talk.version is None:
            self._sync(talk)
        elif self._failures and older(talk.version_now(), talk.version):
            raise Gone(f"the server went back in time, behind {talk.version}")
        else:
            talk.watch()
        if not self._wish:
            self.feed.restarts["expired"] += 1

    def _interrupted(self) -> bool:
        return self._stop_asked.is_set() or self._wish is not None

    def _introduce(self) -> Conversation:
        feed = self.feed
        feed.kind = self._catalog.kind(feed.word)
        feed.renderer = self._catalog.renderer(feed.kind)
        self._conversation = Conversation(self._client, feed, over=self._interrupted, found=self._way.found)
        return self._conversation

    def _sync(self, talk: Conversation) -> None:
        """Read everything, by a stream where the server has it."""
        if not self._lists_only:
            try:
                talk.watch_list()
            except Invalid as error:
                log.get().info("listing instead of streaming", kind=self.feed.label, why=str(error))
                self._lists_only = True
            else:
                return
        talk.list()
        talk.watch()

    def _note(self, error: ApiError) -> float:
        """Remember what went wrong; return how many seconds to wait before the next try."""
        feed, talk = self.feed, self._conversation
        if self._stop_asked.is_set() or (self._wish and talk):
            return (
                0.0  # the stream was closed on purpose; a kind that can't be learnt is trouble like any other
            )
        feed.restarts[error.reason] += 1
        lived = talk.lived() if talk else 0.0
        was_good = lived > GOOD_SECONDS
        self._failures = 1 if was_good else self._failures + 1
        if isinstance(error, Gone | Undecodable):
            self._wish = error.reason
        if isinstance(error, Undecodable):
            self._lists_only = True  # a page can be read past what a stream ends on
        self._mind_absence(error, served_since=bool(lived))
        if was_good and isinstance(error, Unreachable | Gone):
            return 0.0  # the first try again is at once: most connections break for no reason
        self._tell(str(error))
        longest = UNREACHABLE_MAX if isinstance(error, Unreachable) else BACKOFF_MAX
        pause = min(BACKOFF_FIRST * 2 ** min(self._failures, 10), longest)
        least = error.retry_after if isinstance(error, Throttled) else 0.0
        return least + random.uniform(pause / 2, pause)  # noqa: S311  # spreading load, not secrets

    def _mind_absence(self, error: ApiError, *, served_since: bool) -> None:
        """Forget a kind that has not been served for a while: it is absent, not stale."""
        feed = self.feed
        if not isinstance(error, NotServed) or feed.kind is None:
            self._not_served_since = None
            return
        if self._not_served_since is None or served_since:
            self._not_served_since = time.monotonic()
        if time.monotonic() - self._not_served_since < NOT_SERVED_SECONDS:
            return
        self._catalog.forget(feed.kind)
        feed.store, feed.renderer, self._conversation = None, None, None

    def _tell(self, trouble: str) -> None:
        """Say once per change what is wrong."""
        if self.feed.watching or self.feed.trouble != trouble:
            log.get().warning("not following", kind=self.feed.label, why=trouble)
        self.feed.watching, self.feed.trouble = False, trouble
