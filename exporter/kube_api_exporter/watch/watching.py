"""The watch protocol, one conversation at a time: list everything, or follow what happens.

Everything here raises an ApiError when the conversation is over for a reason; returning means that the
server ended it in the ordinary way and it may be resumed.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from exporter_kit.api.client import JSON, ApiClient, Stream
from exporter_kit.api.errors import (
    ApiError,
    Gone,
    Invalid,
    Silent,
    Throttled,
    Unreachable,
    for_status,
    wait_seconds,
)
from kube_api_exporter.render.decode import Identified, IdentifiedEvent, IdentifiedPage, ListMeta, Page
from kube_api_exporter.render.renderer import Key, Refused, Seen, shard_of
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.store.store import Store

T = TypeVar("T")
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
# Metadata holds who wrote which field, kilobytes of it: more objects at once would be our peak of memory.
METADATA_PAGE = 100
INITIAL_END = "k8s.io/initial-events-end"
# The server ends a watch after a time drawn from this range, so that watches don't all end together.
WATCH_SECONDS = (300, 600)
# A stream that was followed for less counts as one that never worked, or we would hammer the server.
GOOD_SECONDS = 1.0
# How long a server that has just been silent gets for a small answer, before what we serve is called old.
PROBE_SECONDS = 10.0
# Initial events come without a pause, and a stream that follows a silent one must say something soon: two
# such silences and the one before make less than the 3 minutes after which what is served is called old.
PROBATION_SECONDS = 25.0


class Conversation:
    """What one reader says to the server about its feed, and where it got to."""

    def __init__(self, client: ApiClient, feed: Feed, *, over: Callable[[], bool] = lambda: False) -> None:
        assert feed.kind
        self._over = over
        self._client = client
        self._feed = feed
        self.path = feed.kind.path(feed.namespace if feed.kind.namespaced else None)
        self.version: str | None = None
        self.live_since: float | None = None
        self.stream: Stream | None = None
        self._was_silent = False  # the last stream ended for it

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
        self._follow(query, Store(self._feed.renderer))

    def watch(self) -> None:
        """Follow what happens from where we are."""
        assert self.version is not None
        self._follow({"resourceVersion": self.version}, None)

    def close(self) -> None:
        """End the stream from another thread."""
        stream = self.stream
        if stream:
            stream.close()

    def _follow(self, query: dict[str, str], aside: Store | None) -> None:
        """Read a stream to its end; `aside` collects the initial events until they are all there."""
        seconds = random.uniform(*WATCH_SECONDS)  # noqa: S311  # spreading load, not secrets
        common = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(int(seconds))}
        query = {**self.selection(), **common, **query}
        began = time.monotonic()
        self.stream = self._client.stream(self.path, query, silence=self._feed.options.silence)
        try:
            if self._over():  # somebody wanted us to stop while the stream was being opened
                return
            heard = self._read(self.stream, aside)
        except Exception as error:
            if self._over():
                return  # it was closed while it was being read, and may have ended in any way
            if isinstance(error, Silent):
                self._note_silence()
            raise
        finally:
            self.close()
            self.stream = None
        if not self._over() and not heard and time.monotonic() - began < GOOD_SECONDS:
            # A proxy may do so for ever: each time it would look like a watch that ended in the ordinary way.
            raise Unreachable(f"watching {self.path}: the server ended the watch at once")

    def _read(self, stream: Stream, aside: Store | None) -> bool:
        """Apply the lines of a stream; return whether there were any."""
        heard, silence = False, stream.silence
        if aside is None:
            self._heard()
        if aside is not None or self._was_silent:
            stream.silence = min(silence, PROBATION_SECONDS)
        for line in stream:
            heard, self._was_silent = True, False
            aside = self._line(line, aside)
            if aside is None:
                stream.silence = silence
        if aside is not None and not self._over():
            raise Invalid("the stream ended before all initial events were there")
        return heard

    def _note_silence(self) -> None:
        """Resume once; a stream that opens and says nothing again proves nothing, only a list would."""
        if self._was_silent:
            self.version = None
        self._was_silent = True

    def lived(self) -> float:
        """Return for how many seconds the last stream was followed, once; 0 if it never was."""
        since, self.live_since = self.live_since, None
        return time.monotonic() - since if since is not None else 0.0

    def _heard(self) -> None:
        self.live_since = time.monotonic()
        self._feed.contact()
        self._feed.watching, self._feed.trouble = True, ""

    def _line(self, line: bytes, aside: Store | None) -> Store | None:
        """Apply one event; return the store aside, or None once it was swapped in."""
        feed = self._feed
        assert feed.renderer
        kind, said = self._event(line)
        if isinstance(said, Seen):
            store = feed.store if aside is None else aside
            assert store is not None
            self._apply(store, kind, said)
            if aside is None:
                self.version = said.version or self.version
                feed.events += 1
                feed.contact()
        elif kind == "BOOKMARK":
            return self._bookmark(said, aside)
        elif kind == "ERROR":
            raise _error_of(said)
        else:
            self._remember(feed.store if aside is None else aside, kind, said)
        return aside

    def _remember(self, store: Store | None, kind: str, said: Identified) -> None:
        """Know an object that can't be shown: its old state must go, and the audit must not miss it."""
        assert store is not None
        if kind == "DELETED":
            store.delete(said.metadata.key)
        else:
            store.put(said.metadata.key, said.metadata.ident, {})

    def _event(self, line: bytes) -> tuple[str, Seen | Identified]:
        """Decode an event, its object at least by name; without one we no longer know the truth about it."""
        assert self._feed.renderer
        try:
            return self._feed.renderer.of_event(line)
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
        self._heard()
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


def _error_of(said: Identified) -> ApiError:
    """Turn an ERROR event into what the same status would be outside a stream."""
    wait = (said.details or {}).get("retryAfterSeconds")
    error = for_status(said.code or 500, f"the watch said: {said.message}", None)
    if isinstance(error, Throttled) or (wait and not isinstance(error, Gone)):
        return Throttled(str(error), wait_seconds(wait))
    return error


def older(version: str, than: str | None) -> bool:
    """Whether a version is certainly older: both are integers (so since 1.35) and it is the smaller one."""
    return than is not None and version.isdecimal() and than.isdecimal() and int(version) < int(than)
