"""Word → kind → renderer: asks the API server once per kind, and again when told to forget.

Schemas are read at run time, for built-in kinds too: the server publishes them all in one form, so they
fit its version and a custom resource is nothing special. The price is a few documents at start.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from exporter_kit import log
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import (
    ApiError,
    CredentialsError,
    Forbidden,
    Invalid,
    NotServed,
    Unauthorized,
    Unreachable,
)
from kube_api_exporter.kinds import EVERY, Kind
from kube_api_exporter.options import Options
from kube_api_exporter.render.decode import Types
from kube_api_exporter.render.places import Claims, Families
from kube_api_exporter.render.renderer import Renderer
from kube_api_exporter.render.shapes import Schemas
from kube_api_exporter.store.feed import Feed
from kube_api_exporter.watch.discovery import Discovery, HalfKnown

# For so long a group is asked for its schemas. Without them its objects are walked: numbers are the same, and
# states are not told.
SCHEMA_SECONDS = 20.0


class Catalog:
    """Shared by all readers; one look-up at a time."""

    def __init__(self, client: ApiClient, options: Options) -> None:
        self._client = client
        self._options = options
        self._claims = Claims()
        self._lock = threading.Lock()
        self._discovery = Discovery(client)
        self._known: list[Kind] = []
        self._tags: dict[str, str] = {}
        self._serving: dict[tuple[str, str | None], Feed] = {}
        self._schemas: dict[str, Schemas | None] = {}
        self._schemas_missed: dict[str, float] = {}
        self._types: defaultdict[str, Types] = defaultdict(Types)
        self._renderers: dict[Kind, Renderer] = {}

    def every(self) -> list[Kind]:
        """Return all kinds worth exporting that are served now."""
        with self._lock:
            return Discovery(self._client).every()

    def kind(self, word: str) -> Kind:
        """Return what a word names; UnknownKind looks again next time."""
        with self._lock:
            try:
                found = self._discovery.find(word)
            except ApiError:
                self._discovery = Discovery(self._client)
                raise
            self._options.learn(word, found.name)  # selectors and paths may be for the kind by that word
            return found

    def renderer(self, kind: Kind) -> Renderer:
        """Return the renderer of a kind; shared by its namespaces."""
        with self._lock:
            if kind not in self._renderers:
                schemas = self._of_group(kind)
                shape = schemas.of_kind(kind.group, kind.version, kind.kind) if schemas else None
                if shape is None:
                    log.get().info("no schema, rendering generically", kind=kind.name)
                keep = self._options.keeper(kind.name)
                families = Families(
                    self._tag(kind),
                    kind=kind.name,
                    keep=keep,
                    claims=self._claims,
                    words_max=self._options.word_budget,
                )
                tell = self._options.telling(kind.name)
                self._renderers[kind] = Renderer(kind, families, shape, self._types[kind.api_version], tell)
                if EVERY not in self._options.kinds and len(self._renderers) == len(self._options.kinds):
                    self._release()
            return self._renderers[kind]

    def serves(self, feed: Feed) -> bool:
        """Return whether this feed is the one for its kind and namespace: the first to ask is."""
        assert feed.kind
        return self._serving.setdefault((feed.kind.name, feed.namespace), feed) is feed

    def leave(self, feed: Feed) -> None:
        """Let another feed serve what this one did."""
        if feed.kind and self._serving.get((feed.kind.name, feed.namespace)) is feed:
            del self._serving[feed.kind.name, feed.namespace]

    def forget(self, kind: Kind) -> None:
        """Ask the server anew about a kind: its definition changed or went away."""
        with self._lock:
            self._discovery = Discovery(self._client)
            self._renderers.pop(kind, None)
            self._schemas.pop(kind.api_version, None)
            self._types.pop(kind.api_version, None)

    def release(self) -> None:
        """Let the documents go once every kind has its renderer: they are the biggest thing we hold."""
        with self._lock:
            self._release()

    def _release(self) -> None:
        self._schemas.clear()
        self._types.clear()

    def fingerprint(self, kind: Kind) -> str | None:
        """Return what changes when the definition of a kind does, None if the server doesn't say."""
        try:
            index = json.loads(self._client.get("/openapi/v3"))
            return str(index["paths"][_document(kind)]["serverRelativeURL"])
        except (ApiError, ValueError, KeyError, TypeError):
            return None

    def _tag(self, kind: Kind) -> str:
        """Return the kind's word in names; of chosen kinds that share it, one has it bare.

        A built-in kind, or else the first by name: it must not depend on which reader comes first. Nor may
        it change while we run, whatever is installed later.
        """
        if kind.name not in self._tags:
            if kind not in self._known:
                self._known = [*self._chosen(), kind]
            rivals = [other for other in self._known if other.tag == kind.tag]
            first = min(rivals, key=lambda each: (not each.built_in, each.name))
            is_free = kind.tag not in self._tags.values()
            self._tags[kind.name] = kind.tag if is_free and first.name == kind.name else kind.long_tag
        return self._tags[kind.name]

    def _chosen(self) -> Iterator[Kind]:
        """Yield the kinds that are wanted and served now."""
        for word in self._options.kinds:
            try:
                yield from self._discovery.every() if word == EVERY else [self._discovery.find(word)]
            except HalfKnown as error:
                yield from error.kinds
            except (Unreachable, Unauthorized):
                raise
            except (ApiError, msgspec.MsgspecError):
                continue  # its own reader says so

    def _of_group(self, kind: Kind) -> Schemas | None:
        """Return a group's schemas; a server without them costs speed, not numbers."""
        if kind.api_version not in self._schemas:
            try:
                document = self._client.get(f"/openapi/v3/{_document(kind)}")
                self._schemas[kind.api_version] = Schemas.parse(document)
            except (Unauthorized, CredentialsError):
                raise  # that is about us, not about schemas
            except (ApiError, msgspec.MsgspecError) as error:
                since = self._schemas_missed.setdefault(kind.api_version, time.monotonic())
                final = isinstance(error, NotServed | Forbidden | Invalid | msgspec.MsgspecError)
                if not final and time.monotonic() - since < SCHEMA_SECONDS:
                    raise
                log.get().warning("can't read the schema", kind=kind.name, error=str(error))
                self._schemas[kind.api_version] = None
            self._schemas_missed.pop(kind.api_version, None)
        return self._schemas[kind.api_version]


def _document(kind: Kind) -> str:
    return f"apis/{kind.api_version}" if kind.group else f"api/{kind.version}"
