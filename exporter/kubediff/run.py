"""The whole of a run: manifests against a cluster, kind by kind; what can't be told costs only itself."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from exporter_kit import log
from exporter_kit.api.errors import ApiError, CredentialsError, Forbidden, Unauthorized, Unreachable
from kubediff import extra, ignore
from kubediff.defaults import table
from kubediff.ignore import Rule, Rules
from kubediff.judge import Judge, live
from kubediff.live import Cluster, Kind
from kubediff.manifests import Manifest, Manifests
from kubediff.results import Item, Place, Subject, Trouble, Verdict
from kubediff.schema import Shape
from kubediff.secrecy import Secrecy

# One asks while another compares.
THREADS = 2


@dataclass(frozen=True)
class Wishes:
    """How to compare."""

    rules: Sequence[Rule] = ()
    sensitive: Sequence[Rule] = ()
    applier: str = ""
    extra: bool = False
    secrets: frozenset[str] = frozenset()


@dataclass
class Scope:
    """The manifests of one kind, and where their objects are: one namespace, or ("") the whole cluster."""

    kind: Kind
    namespace: str
    manifests: dict[tuple[str, str], Manifest] = field(default_factory=dict)


class Run:
    """One comparison of everything."""

    def __init__(self, cluster: Cluster, manifests: Manifests, wishes: Wishes) -> None:
        self._cluster = cluster
        self._manifests = manifests
        self._wishes = wishes
        self._rules = Rules(wishes.rules, dt.datetime.now(dt.UTC).date())
        self.secrecy = Secrecy(wishes.secrets)
        self._judge = Judge(
            table(),
            self.secrecy,
            scaled=self._scaled,
            sensitive=wishes.sensitive,
            applier=wishes.applier,
        )
        self._scaled_in: dict[str, set[tuple[str, str]]] = {}
        self._absent: list[Manifest] = []
        self._claimed: set[tuple[str, str, str, str]] = set()
        # A manifest that can't be read may be that of any object.
        self._extra = wishes.extra and not manifests.troubles
        self._lost: Exception | None = None
        self.verdict = Verdict(troubles=list(manifests.troubles), hits=self._rules.hits)

    def whole(self) -> Verdict:
        """Compare it all."""
        scopes = self._scopes()
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(self._scope, scopes))
        self._tell_absent()
        verdict = self.verdict
        for items in (verdict.drift, verdict.foreign, verdict.ignored):
            items.sort(key=lambda item: item.subject)
        verdict.troubles.sort()
        return verdict

    def _scopes(self) -> list[Scope]:
        """Group manifests by the list that holds their objects."""
        by_kind: dict[Kind, list[Manifest]] = {}
        for manifest in self._manifests.found:
            kind = self._kind(manifest)
            if kind is not None:
                subject = (
                    manifest.subject if kind.namespaced else structs.replace(manifest.subject, namespace="")
                )
                by_kind.setdefault(kind, []).append(dataclasses.replace(manifest, subject=subject))
                self._claimed.add((kind.group, kind.kind, subject.namespace, subject.name))
        scopes = []
        for kind, found in by_kind.items():
            namespaces = {manifest.subject.namespace for manifest in found}
            scope = Scope(kind, namespaces.pop() if len(namespaces) == 1 else "")
            scope.manifests |= {(each.subject.namespace, each.subject.name): each for each in found}
            scopes.append(scope)
        return scopes

    def _kind(self, manifest: Manifest) -> Kind | None:
        if self._lost:
            return None
        subject = manifest.subject
        try:
            kind = self._cluster.kind(subject.api_version, subject.kind)
        except (ApiError, msgspec.MsgspecError) as error:
            self._lose(error)
            return None
        if kind is None:
            self._trouble(
                manifest.place,
                f"the cluster serves no {subject.api_version} {subject.kind} that can be listed",
            )
        return kind

    def _lose(self, error: Exception) -> None:
        """The cluster can't be asked any more: that is one trouble, and not one for each kind."""
        if self._lost is None:
            self._lost = error
            self._trouble("the API server", f"{error}; what was not compared by then is not known")

    def _scope(self, scope: Scope) -> None:
        """Compare the objects of one list; whatever happens to it is told and leaves the others alone."""
        if self._lost:
            return
        try:
            shape = self._cluster.shape(scope.kind)
            self._objects(scope, shape)
        except (Unreachable, Unauthorized, CredentialsError) as error:
            self._lose(error)
        except Forbidden as error:
            if scope.kind.namespaced and not scope.namespace:
                self._by_namespace(scope)
            else:
                self._trouble(scope.kind.name, f"{error}; {len(scope.manifests)} objects were not compared")
        except (ApiError, msgspec.MsgspecError) as error:
            self._trouble(scope.kind.name, f"{error}; {len(scope.manifests)} objects were not compared")

    def _by_namespace(self, scope: Scope) -> None:
        """Ask for one namespace after the other where we may not see the whole cluster."""
        for namespace in sorted({namespace for namespace, _ in scope.manifests}):
            part = {key: each for key, each in scope.manifests.items() if key[0] == namespace}
            self._scope(Scope(scope.kind, namespace, part))

    def _objects(self, scope: Scope, shape: Shape) -> None:
        waiting = dict(scope.manifests)
        only = next(iter(waiting))[1] if len(waiting) == 1 and not self._extra else ""
        namespaces = {namespace for namespace, _ in waiting}
        for raw in self._cluster.objects(scope.kind, scope.namespace, only=only):
            head = msgspec.json.decode(raw, type=extra.Head)
            key = (head.metadata.namespace, head.metadata.name)
            manifest = waiting.pop(key, None)
            if manifest is not None:
                self._object(manifest, scope.kind, shape, raw)
            elif self._extra and key[0] in namespaces:
                self._tell_extra(scope.kind, head)
        self._absent += waiting.values()

    def _tell_extra(self, kind: Kind, head: extra.Head) -> None:
        """Tell an object that git does not have, in any version of its kind."""
        metadata = head.metadata
        key = (kind.group, kind.kind, metadata.namespace, metadata.name)
        if key not in self._claimed and extra.is_somebodys(kind.kind, head):
            self._claimed.add(key)
            subject = Subject(kind.kind, metadata.namespace, metadata.name, kind.api_version)
            self._add(Item(subject, "extra"), None)

    def _object(self, manifest: Manifest, kind: Kind, shape: Shape, raw: msgspec.Raw) -> None:
        """Compare one object; what can't be understood of it is told, and is not drift."""
        try:
            item = self._judge.differences(manifest, kind, shape, live(raw))
        except (ApiError, msgspec.MsgspecError, RecursionError) as error:
            self._trouble(manifest.place, f"{manifest.subject} can't be compared: {error}")
            return
        except Exception as error:  # noqa: BLE001  # a mistake of ours is no drift, and the rest is compared
            log.get().exception("comparing failed", object=str(manifest.subject))
            self._trouble(manifest.place, f"{manifest.subject} can't be compared: {type(error).__name__}")
            return
        self.verdict.checked += 1
        if item.foreign:
            self.verdict.foreign.append(Item(item.subject, item.state, item.place, foreign=item.foreign))
        if item.differences:
            self._add(item, manifest)

    def _add(self, item: Item, manifest: Manifest | None) -> None:
        own: list[str] = []
        if manifest:
            annotations = (manifest.value.get("metadata") or {}).get("annotations")
            own = ignore.annotated(annotations, ignore.ANNOTATION)
        left, taken = self._rules.judge(item, own)
        if left:
            self.verdict.drift.append(left)
        if taken:
            self.verdict.ignored.append(taken)

    def _tell_absent(self) -> None:
        """Say what is not there; without its namespace an object can't be, and that is no drift."""
        named = {each.subject.name for each in self._manifests.found if each.subject.kind == "Namespace"}
        there: dict[str, bool | None] = {}
        for manifest in self._absent:
            subject = manifest.subject
            if subject.namespace and subject.namespace not in named:
                if subject.namespace not in there:
                    there[subject.namespace] = self._cluster.has_namespace(subject.namespace)
                if there[subject.namespace] is False:
                    self._trouble(
                        manifest.place,
                        f"there is no namespace {subject.namespace} for {subject.kind} {subject.name}",
                    )
                    continue
            self.verdict.checked += 1
            self._add(Item(subject, "missing", manifest.place), manifest)

    def _scaled(self, namespace: str) -> set[tuple[str, str]]:
        if namespace not in self._scaled_in:
            self._scaled_in[namespace] = self._cluster.scaled(namespace)
        return self._scaled_in[namespace]

    def _trouble(self, where: Place | str, sentence: str) -> None:
        self.verdict.troubles.append(Trouble(str(where), self.secrecy.hide(sentence)))
