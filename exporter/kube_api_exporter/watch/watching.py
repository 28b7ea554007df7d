"""The watch protocol, one conversation at a time: list everything, or follow what happens.

Everything here raises an ApiError when the conversation is over for a reason; returning means that the
server ended it in the ordinary way and it may be resumed.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from exporter_kit.api.client import JSON, ApiClient
from exporter_kit.api.errors import ApiError, Gone, Invalid, Unreachable
from exporter_kit.watch.following import Following, error_of, older
from kube_api_exporter.render.decode import Identified, IdentifiedEvent, IdentifiedPage, ListMeta, Page
from kube_api_exporter.render.parts import whole
from kube_api_exporter.render.renderer import Key, Refused, Seen, nothing, shard_of
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.store.store import Store

T = TypeVar("T")
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
# Metadata holds who wrote which field, kilobytes of it: more objects at once would be our peak of memory.
METADATA_PAGE = 100
INITIAL_END = "k8s.io/initial-events-end"
# How long a server that has just been silent gets for a small answer, before what we serve is called old.
PROBE_SECONDS = 10.0


class Conversation(Following[Store]):
    """What one reader says to the server about its feed, and where it got to."""

    def __init__(
        self,
        client: ApiClient,
        feed: Feed,
        *,
        over: Callable[[], bool] = lambda: False,
        found: Callable[[], None] = lambda: None,
    ) -> None:
        assert feed.kind
        path = feed.kind.path(feed.namespace if feed.kind.namespaced else None)
        super().__init__(client, path, silence=feed.options.silence, over=over)
        self._feed = feed
        self._found = found

    def selection(self) -> dict[str, str]:
        """Return the query parameters that choose objects."""
        feed = self._feed
        assert feed.kind
        chosen = {"labelSelector": feed.options.label_selector(feed.kind.name)}
        if feed.options.node and feed.kind.name == "pods":
            chosen["fieldSelector"] = f"spec.nodeName={feed.options.node}"
        return {key: value for key, value in chosen.items() if value}

    def list(self) -> None:
        """Read everything page by page into a store aside, then swap it in by one reference."""
        aside, query = Store(self._feed.renderer), {**self.selection(), "limit": str(self._feed.options.page)}
        while True:
            page = msgspec.json.decode(self._get(query), type=Page)
            for raw in page.items or ():
                self._take_raw(aside, raw)
            if not page.metadata.continue_:
                break
            query["continue"] = page.metadata.continue_
        self._swap(aside, page.metadata.resourceVersion)

    def _get(self, query: dict[str, str], *, accept: str = JSON, timeout: float = 30.0) -> bytes:
        coding = "gzip" if self._feed.options.compressed_lists else "identity"
        return self._client.get(self.path, query, accept=accept, coding=coding, timeout=timeout)

    def version_now(self) -> str:
        """Return the server's present version of this kind, cheaply."""
        query = {**self.selection(), "limit": "1"}
        head = msgspec.json.decode(self._get(query, timeout=PROBE_SECONDS), type=_Head)
        return head.metadata.resourceVersion

    def watch_list(self) -> None:
        """Let the server stream everything, then go on following; Invalid if it can't."""
        query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        self.follow(query, Store(self._feed.renderer))

    def contacted(self) -> None:
        """Tell the feed that it is followed; and those that wait, if it was not."""
        if not self._feed.watching:
            self._found()
        self._feed.contact()
        self._feed.watching, self._feed.trouble = True, ""

    def take(self, line: bytes, aside: Store | None) -> Store | None:
        """Apply one event; return the store aside, or None once it was swapped in."""
        feed = self._feed
        assert feed.renderer
        store = feed.store if aside is None else aside
        kind, said = self._event(line, store)
        if isinstance(said, Seen):
            assert store is not None
            self._apply(store, kind, said)
            if aside is None:
                self.version = said.version or self.version
                feed.events += 1
                feed.contact()
        elif kind == "BOOKMARK":
            return self._bookmark(said, aside)
        elif kind == "ERROR":
            raise error_of(said.code, said.message, said.details)
        else:
            self._remember(store, kind, said)
        return aside

    def _remember(self, store: Store | None, kind: str, said: Identified) -> None:
        """Know an object that can't be shown: its old state must go, and the audit must not miss it."""
        assert store is not None
        if kind == "DELETED":
            store.delete(said.metadata.key)
        else:
            store.put(said.metadata.key, said.metadata.ident, whole({}))

    def _event(self, line: bytes, store: Store | None) -> tuple[str, Seen | Identified]:
        """Decode an event, its object at least by name; without one we no longer know the truth about it."""
        assert self._feed.renderer
        try:
            return self._feed.renderer.of_event(line, store.parts if store is not None else nothing)
        except Refused as refused:
            if self._over():
                raise Unreachable(f"watching {self.path}: closed by ourselves") from refused
            self._feed.refused[refused.reason] += 1
            known = _decoded(line, IdentifiedEvent)
            if known is None or known.object.metadata.name is None:
                raise Undecodable(str(refused)) from refused
            return known.type, known.object

    def _apply(self, store: Store, kind: str, seen: Seen) -> None:
        if kind == "DELETED":
            store.delete(seen.key)
        else:
            self._feed.take(store, seen)

    def _bookmark(self, said: Identified, aside: Store | None) -> Store | None:
        version = said.metadata.resourceVersion or ""
        if aside is None:
            if older(version, self.version):
                raise Gone(f"the server went back in time: {version} after {self.version}")
            self.version = version or self.version
            self._feed.contact()
            return None
        if (said.metadata.annotations or {}).get(INITIAL_END) != "true":
            raise Invalid("a bookmark amid the initial events: this server has no WatchList")
        self._check_whole(aside)
        self._swap(aside, version)
        self.heard()
        return None

    def _check_whole(self, aside: Store) -> None:
        """Refuse a stream without objects that the server still has: something on the way lost them."""
        held = self._feed.store
        vanished = held.idents().keys() - aside.idents().keys() if held is not None else set()
        if vanished and (lost := vanished & self.metadata().keys()):
            raise Incomplete(f"the initial events lack {len(lost)} objects, such as {min(lost)}")

    def metadata(self) -> dict[Key, str]:
        """Return which objects the server has and in which state, without their bodies."""
        query, found = {**self.selection(), "limit": str(min(self._feed.options.page, METADATA_PAGE))}, {}
        mine, shards = self._feed.options.shard
        while True:
            page = msgspec.json.decode(self._get(query, accept=METADATA_ONLY), type=IdentifiedPage)
            for item in page.items or ():
                if shards == 1 or shard_of(item.metadata.uid or "", shards) == mine:
                    found[item.metadata.key] = item.metadata.ident
            if not page.metadata.continue_:
                return found
            query["continue"] = page.metadata.continue_

    def _take_raw(self, aside: Store, raw: msgspec.Raw) -> None:
        """Put one object of a page aside; one that can't be decoded is known, and not shown."""
        assert self._feed.renderer
        try:
            self._feed.take(aside, self._feed.renderer.of_json(raw))
        except Refused as refused:
            self._feed.refused[refused.reason] += 1
            if known := _decoded(raw, Identified):
                self._remember(aside, "ADDED", known)

    def _swap(self, aside: Store, version: str) -> None:
        aside.snapshot()  # joined here, not in the first scrape
        self._feed.store = aside
        self.version = version
        self._feed.contact()


class Incomplete(ApiError):  # noqa: N818
    """A stream of initial events that lacks some."""

    reason = "incomplete"


class Undecodable(ApiError):  # noqa: N818
    """The stream holds something that is no event."""

    reason = "decode"


class _Head(msgspec.Struct):
    metadata: ListMeta


def _decoded(raw: bytes | msgspec.Raw, kind: type[T]) -> T | None:
    """Decode what may be beyond it."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, RecursionError):
        return None
