"""The cluster, asked by nothing but get and list: what it serves, how that is shaped, and what there is."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError, Forbidden, Gone, Invalid, NotServed, Throttled
from kubediff.schema import Schemas, Shape

DISCOVERY = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)
JSON = "application/json"
TRIES = 3


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


class _Page(msgspec.Struct):
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    items: list[msgspec.Raw] | None = None


_PAGES = msgspec.json.Decoder(_Page)


class Cluster:
    """One look at a cluster; what it serves is asked once."""

    def __init__(self, client: ApiClient, *, page: int = 500) -> None:
        self._client = client
        self._page = page
        self._kinds: dict[tuple[str, str], Kind] | None = None
        self._asked: set[str] = set()
        self._schemas: dict[str, Schemas] = {}

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """Return the resource behind what an object says it is, None if nothing serves it."""
        if self._kinds is None:
            self._kinds = {}
            for path in ("/api", "/apis"):
                self._discover(path)
        found = self._kinds.get((api_version, kind))
        if found is None and api_version not in self._asked:
            self._ask_group(api_version)
            found = self._kinds.get((api_version, kind))
        return found

    def kinds(self) -> list[Kind]:
        """Return all kinds that can be listed."""
        self.kind("v1", "Namespace")
        return list((self._kinds or {}).values())

    def _discover(self, path: str) -> None:
        try:
            body = self._client.get(path, accept=f"{DISCOVERY},{JSON}")
            groups = msgspec.json.decode(body, type=_Groups)
        except (Invalid, NotServed, Forbidden, msgspec.MsgspecError):
            return  # an older server: each group is asked by itself
        if groups.kind != "APIGroupDiscoveryList":
            return
        for group in groups.items:
            for version in group.versions:
                for found in version.resources:
                    kind = Kind(
                        group.metadata.name,
                        version.version,
                        found.resource,
                        found.responseKind.kind,
                        found.scope == "Namespaced",
                    )
                    self._learn(kind, found.verbs)

    def _learn(self, kind: Kind, verbs: list[str]) -> None:
        assert self._kinds is not None
        self._asked.add(kind.api_version)
        if "list" in verbs:
            self._kinds.setdefault((kind.api_version, kind.kind), kind)

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
                self._learn(Kind(group, version, found.name, found.kind, found.namespaced), found.verbs)

    def shape(self, kind: Kind) -> Shape:
        """Return the shape of a kind's objects; without one they are compared as they are."""
        if kind.api_version not in self._schemas:
            try:
                self._schemas[kind.api_version] = Schemas(self._client.get(kind.document))
            except (NotServed, Forbidden, Invalid, msgspec.MsgspecError):
                self._schemas[kind.api_version] = Schemas(b"{}")
        return self._schemas[kind.api_version].of_kind(kind.group, kind.version, kind.kind) or Shape()

    def objects(self, kind: Kind, namespace: str = "", *, only: str = "") -> Iterator[msgspec.Raw]:
        """Yield the objects of a kind, page by page; `only` is the name of the one that is wanted."""
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
            yield from page.items or ()
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
                time.sleep(min(error.retry_after, 10.0))
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
