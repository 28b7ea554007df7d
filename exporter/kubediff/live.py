"""The cluster, asked by nothing but get and list: what it serves, how that is shaped, and what there is."""

import functools
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError, Forbidden, Gone, Invalid, NotServed, Throttled
from kubediff.cache import Cache
from kubediff.schema import Schemas, Shape

DISCOVERY = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)
JSON = "application/json"
TRIES = 3
# While some wait for the server, one compares.
THREADS = 4


@dataclass(frozen=True)
class Kind:
    """A resource in one version."""

    group: str
    version: str
    resource: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As an object says it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        """`pods`, `deployments.apps`: as roles name it."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @property
    def document(self) -> str:
        """Where its schema is."""
        return f"/openapi/v3/apis/{self.api_version}" if self.group else f"/openapi/v3/api/{self.version}"

    def path(self, namespace: str = "") -> str:
        """The URL path of its list."""
        base = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        return f"{base}/namespaces/{namespace}/{self.resource}" if namespace else f"{base}/{self.resource}"


class _Gvk(msgspec.Struct):
    kind: str = ""


class _Resource(msgspec.Struct):
    resource: str = ""
    responseKind: _Gvk = msgspec.field(default_factory=_Gvk)  # noqa: N815  # the API's spelling
    scope: str = ""
    verbs: list[str] = []


class _Version(msgspec.Struct):
    version: str
    resources: list[_Resource] = []


class _Name(msgspec.Struct):
    name: str = ""


class _Group(msgspec.Struct):
    metadata: _Name = msgspec.field(default_factory=_Name)
    versions: list[_Version] = []


class _Groups(msgspec.Struct):
    kind: str = ""
    items: list[_Group] = []


class _OldResource(msgspec.Struct):
    name: str
    kind: str
    namespaced: bool = False
    verbs: list[str] = []


class _OldGroup(msgspec.Struct):
    resources: list[_OldResource] = []


class _ListMeta(msgspec.Struct):
    continue_: str = msgspec.field(name="continue", default="")
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class Page(msgspec.Struct):
    """A part of a list."""

    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    items: list[msgspec.Raw] | None = None


class _Document(msgspec.Struct):
    url: str = msgspec.field(name="serverRelativeURL", default="")


class _Index(msgspec.Struct):
    paths: dict[str, _Document] = {}


_PAGES = msgspec.json.Decoder(Page)
_GROUPS = msgspec.json.Decoder(_Groups)


class Cluster:
    """One look at a cluster; what it serves is asked once, at once, while its asker does something else."""

    def __init__(self, client: ApiClient, *, page: int = 500, cache: Cache | None = None) -> None:
        self._client = client
        self._page = page
        self._cache = cache
        self._asked: set[str] = set()
        self._schemas: dict[str, Schemas] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._threads = ThreadPoolExecutor(THREADS)
        self._served: list[Future[list[_Group]]] = [
            self._threads.submit(self._discover, path) for path in ("/api", "/apis")
        ]
        self._index: Future[dict[str, str]] = self._threads.submit(self._documents)

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the threads."""
        self._threads.shutdown()

    def each(self, do: Callable[[Any], None], those: Iterable[Any]) -> None:
        """Do something for each, several at once."""
        for _ in self._threads.map(do, those):
            pass

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """Return the resource behind what an object says it is, None if nothing serves it."""
        found = self._kinds.get((api_version, kind))
        if found is None and api_version not in self._asked:
            self._ask_group(api_version)
            found = self._kinds.get((api_version, kind))
        return found

    @functools.cached_property
    def _kinds(self) -> dict[tuple[str, str], Kind]:
        found: dict[tuple[str, str], Kind] = {}
        for served in self._served:
            self._learn_all(found, served.result())
        return found

    def _discover(self, path: str) -> list[_Group]:
        try:
            body = self._client.get(path, accept=f"{DISCOVERY},{JSON}")
            groups = _GROUPS.decode(body)
        except (Invalid, NotServed, Forbidden, msgspec.MsgspecError):
            return []  # an older server: each group is asked by itself
        return groups.items if groups.kind == "APIGroupDiscoveryList" else []

    def _learn_all(self, kinds: dict[tuple[str, str], Kind], groups: list[_Group]) -> None:
        for group in groups:
            for version in group.versions:
                for found in version.resources:
                    kind = Kind(
                        group.metadata.name,
                        version.version,
                        found.resource,
                        found.responseKind.kind,
                        found.scope == "Namespaced",
                    )
                    self._learn(kinds, kind, found.verbs)

    def _learn(self, kinds: dict[tuple[str, str], Kind], kind: Kind, verbs: list[str]) -> None:
        self._asked.add(kind.api_version)
        if "list" in verbs:
            kinds.setdefault((kind.api_version, kind.kind), kind)

    def _ask_group(self, api_version: str) -> None:
        """Ask one group, as servers before aggregated discovery need, and those whose group was down."""
        self._asked.add(api_version)
        group, _, version = api_version.rpartition("/")
        try:
            body = self._client.get(f"/apis/{api_version}" if group else f"/api/{version}")
        except NotServed:
            return
        for found in msgspec.json.decode(body, type=_OldGroup).resources:
            if "/" not in found.name:
                kind = Kind(group, version, found.name, found.kind, found.namespaced)
                self._learn(self._kinds, kind, found.verbs)

    def _documents(self) -> dict[str, str]:
        """Return document → the hash by which the server names it; {} where it has no such list."""
        try:
            index = msgspec.json.decode(self._client.get("/openapi/v3"), type=_Index)
        except (NotServed, Forbidden, Invalid, msgspec.MsgspecError):
            return {}
        return {f"/openapi/v3/{path}": each.url.rpartition("?hash=")[2] for path, each in index.paths.items()}

    def schema_digest(self, kind: Kind) -> str:
        """Return what a kind's schema is known by, "" where the server does not tell."""
        return self._index.result().get(kind.document, "")

    def shape(self, kind: Kind) -> Shape:
        """Return the shape of a kind's objects; without one they are compared as they are."""
        with self._locks.setdefault(kind.api_version, threading.Lock()):
            if kind.api_version not in self._schemas:
                try:
                    self._schemas[kind.api_version] = Schemas(self._document(kind))
                except (NotServed, Forbidden, Invalid, msgspec.MsgspecError):
                    self._schemas[kind.api_version] = Schemas(b"{}")
            schemas = self._schemas[kind.api_version]
            # A kind is looked for among hundreds of names, each time it is asked for.
            if kind.kind not in schemas.found:
                found = schemas.of_kind(kind.group, kind.version, kind.kind)
                schemas.found[kind.kind] = found or Shape()
            return schemas.found[kind.kind]

    def _document(self, kind: Kind) -> bytes:
        digest = self.schema_digest(kind)
        kept = self._cache.schema(digest) if self._cache and digest else None
        if kept is None:
            kept = self._client.get(kind.document)
            if self._cache and digest:
                self._cache.put_schema(digest, kept)
        return kept

    def objects(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        only: str = "",
        claimed: Container[tuple[str, str]] | None = None,  # noqa: ARG002  # of use to who holds objects
    ) -> Iterator[msgspec.Raw]:
        """Yield the objects of a kind; `only` is the name of the one that is wanted."""
        for page in self.pages(kind, namespace, only=only):
            yield from page.items or ()

    def pages(self, kind: Kind, namespace: str = "", *, only: str = "") -> Iterator[Page]:
        """Yield the objects of a kind, page by page."""
        query = {"limit": str(self._page)}
        if only:
            query["fieldSelector"] = f"metadata.name={only}"
        restarts = 0
        while True:
            try:
                page = _PAGES.decode(self._get(kind.path(namespace), query))
            except Gone:
                # Its pages were kept for too short a time: all that was seen is seen again.
                restarts += 1
                if restarts == TRIES:
                    raise
                query.pop("continue", None)
                continue
            yield page
            if not page.metadata.continue_:
                return
            query["continue"] = page.metadata.continue_

    def has_namespace(self, name: str) -> bool | None:
        """Return whether a namespace is there, None where we may not know."""
        try:
            self._get(f"/api/v1/namespaces/{name}", {})
        except NotServed:
            return False
        except ApiError:
            return None
        return True

    def _get(self, path: str, query: Mapping[str, str]) -> bytes:
        """Ask once more when the server says that it is busy."""
        for attempt in range(TRIES):
            try:
                return self._client.get(path, query)
            except Throttled as error:
                if attempt == TRIES - 1:
                    raise
                time.sleep(min(error.retry_after, 10.0))  # as long as the server asked for
        raise AssertionError

    def scaled(self, namespace: str) -> set[tuple[str, str]]:
        """Return the (kind, name) of everything in a namespace whose replicas an autoscaler owns."""
        kind = self.kind("autoscaling/v2", "HorizontalPodAutoscaler")
        kind = kind or self.kind("autoscaling/v1", "HorizontalPodAutoscaler")
        found = set()
        for raw in self.objects(kind, namespace) if kind else ():
            target: dict[str, Any] = msgspec.json.decode(raw)["spec"].get("scaleTargetRef", {})
            found.add((str(target.get("kind")), str(target.get("name"))))
        return found
