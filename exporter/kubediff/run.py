"""The whole of a run: manifests against a cluster, kind by kind; what can't be told costs only itself."""

import datetime as dt
import hashlib
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from exporter_kit.api.errors import ApiError, CredentialsError, Forbidden, Unauthorized, Unreachable
from kubediff import extra, ignore
from kubediff.cache import Cache
from kubediff.ignore import Rule, Rules
from kubediff.live import Cluster, Kind
from kubediff.manifests import Manifest, Manifests
from kubediff.results import Difference, Item, Place, Subject, Trouble, Verdict

if TYPE_CHECKING:
    from kubediff.judge import Judge
    from kubediff.secrecy import Secrecy


class Wishes(msgspec.Struct, frozen=True):
    """How to compare."""

    rules: Sequence[Rule] = ()
    sensitive: Sequence[Rule] = ()
    applier: str = ""
    extra: bool = False


class Scope(msgspec.Struct):
    """The manifests of one kind, and where their objects are: one namespace, or ("") the whole cluster."""

    kind: Kind
    namespace: str
    manifests: dict[tuple[str, str], Manifest] = {}


class Run:
    """One comparison of everything."""

    def __init__(
        self, cluster: Cluster, manifests: Manifests, wishes: Wishes, cache: Cache | None = None
    ) -> None:
        self._cluster = cluster
        self._manifests = manifests
        self._wishes = wishes
        self._cache = cache
        self._lock = threading.Lock()
        self._rules = Rules(wishes.rules, dt.datetime.now(dt.UTC).date())
        self._scaled_in: dict[str, set[tuple[str, str]]] = {}
        self._absent: list[Manifest] = []
        self._claimed: set[tuple[str, str, str, str]] = set()
        # A manifest that can't be read may be that of any object.
        self._extra = wishes.extra and not manifests.troubles
        self._lost: Exception | None = None
        self.verdict = Verdict(troubles=list(manifests.troubles), hits=self._rules.hits)

    def whole(self) -> Verdict:
        """Compare it all."""
        self._cluster.each(self._scope, self._scopes())
        self._tell_absent()
        verdict = self.verdict
        for items in (verdict.drift, verdict.foreign, verdict.ignored):
            items.sort(key=lambda item: item.subject)
        verdict.troubles.sort()
        return verdict

    def _scopes(self) -> list[Scope]:
        """Group manifests by the list that holds their objects."""
        by_kind: dict[Kind, list[Manifest]] = {}
        for each in self._manifests.found:
            kind = self._kind(each)
            if kind is not None:
                subject = each.subject if kind.namespaced else structs.replace(each.subject, namespace="")
                manifest = each if kind.namespaced else structs.replace(each, subject=subject)
                by_kind.setdefault(kind, []).append(manifest)
                self._claimed.add((kind.group, kind.kind, subject.namespace, subject.name))
        scopes = []
        for kind, found in by_kind.items():
            namespaces = {manifest.subject.namespace for manifest in found}
            scope = Scope(kind, namespaces.pop() if len(namespaces) == 1 else "")
            self._claim(scope, found)
            scopes.append(scope)
        return scopes

    def _claim(self, scope: Scope, found: list[Manifest]) -> None:
        """Give each object its manifest; of one in no namespace, several may have told several."""
        for manifest in found:
            subject = manifest.subject
            first = scope.manifests.setdefault((subject.namespace, subject.name), manifest)
            if first is not manifest:
                self._trouble(manifest.place, f"{subject} is in {first.place} too; keep one of them")

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
            self._objects(scope)
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

    def _objects(self, scope: Scope) -> None:
        salt = self._salt(scope.kind)
        waiting = dict(scope.manifests)
        only = next(iter(waiting))[1] if len(waiting) == 1 and not self._extra else ""
        namespaces = {namespace for namespace, _ in waiting}
        for raw in self._cluster.objects(scope.kind, scope.namespace, only=only, claimed=scope.manifests):
            head = _HEADS.decode(raw)
            key = (head.metadata.namespace, head.metadata.name)
            manifest = waiting.pop(key, None)
            if manifest is not None:
                self._object(manifest, scope.kind, raw, salt)
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
            with self._lock:
                self._add(Item(subject, "extra"), None)

    def _salt(self, kind: Kind) -> "hashlib.blake2b | None":
        """Return the beginning of what tells one comparison from all others; None where none is kept."""
        digest = self._cluster.schema_digest(kind) if self._cache and kind.kind != "Secret" else ""
        if not self._cache or not digest:
            return None
        wishes = (self._wishes.applier, [str(rule) for rule in self._wishes.sensitive], kind.api_version)
        return hashlib.blake2b(
            self._cache.salt + self._secrets_digest + f"{wishes}{kind.kind}{digest}".encode(), digest_size=16
        )

    def _object(
        self, manifest: Manifest, kind: Kind, raw: msgspec.Raw, salt: "hashlib.blake2b | None"
    ) -> None:
        """Compare one object, unless the same two were compared before."""
        key = b""
        if self._cache and salt:
            known = salt.copy()
            known.update(f"{manifest.subject}{manifest.place}{manifest.stored.document}".encode())
            known.update(manifest.key)
            known.update(manifest.stored.body)
            known.update(raw)
            key = known.digest()
            if found := self._cache.verdict(key):
                self._same(manifest, found)
                return
        item = self._compared(manifest, kind, raw, key)
        if item is None:
            return
        with self._lock:
            self.verdict.checked += 1
            if item.foreign:
                self.verdict.foreign.append(Item(item.subject, item.state, item.place, foreign=item.foreign))
            if item.differences:
                self._add(item, manifest)

    def _same(self, manifest: Manifest, found: msgspec.Raw) -> None:
        """Take note of an object that was the same before, and still is."""
        foreign = msgspec.msgpack.decode(found, type=list[Difference])
        with self._lock:
            self.verdict.checked += 1
            if foreign:
                item = Item(manifest.subject, "differs", manifest.place, foreign=foreign)
                self.verdict.foreign.append(item)

    def _compared(self, manifest: Manifest, kind: Kind, raw: msgspec.Raw, key: bytes) -> Item | None:
        """Compare one object; what can't be understood of it is told, and is not drift."""
        from kubediff.judge import live  # noqa: PLC0415  # most of the time all is known already

        try:
            item = self._judge.differences(manifest, kind, self._cluster.shape(kind), live(raw))
            if self._cache and key and not item.differences:
                self._cache.put_verdict(key, item.foreign)
            return self._judge.without_scaled(item)
        except (Unreachable, Unauthorized, CredentialsError):
            raise
        except (ApiError, msgspec.MsgspecError, RecursionError) as error:
            self._trouble(manifest.place, f"{manifest.subject} can't be compared: {error}")
        except Exception as error:  # noqa: BLE001  # a mistake of ours is no drift, and the rest is compared
            from exporter_kit import log  # noqa: PLC0415

            log.get().exception("comparing failed", object=str(manifest.subject))
            self._trouble(manifest.place, f"{manifest.subject} can't be compared: {type(error).__name__}")
        return None

    @cached_property
    def _judge(self) -> "Judge":
        from kubediff.defaults import table  # noqa: PLC0415
        from kubediff.judge import Judge  # noqa: PLC0415

        return Judge(
            table(),
            self.secrecy,
            scaled=self._scaled,
            sensitive=self._wishes.sensitive,
            applier=self._wishes.applier,
        )

    @cached_property
    def secrecy(self) -> "Secrecy":
        """What is hidden in every word that is said."""
        from kubediff.secrecy import Secrecy, held  # noqa: PLC0415

        return Secrecy(text for each in self._secrets for text in held(each.value))

    @property
    def _secrets(self) -> list[Manifest]:
        return [each for each in self._manifests.found if each.subject.kind == "Secret"]

    @cached_property
    def _secrets_digest(self) -> bytes:
        """What the values of Secrets come to: the words about other objects depend on them."""
        return hashlib.blake2b(b"".join(each.stored.body for each in self._secrets)).digest()

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


_HEADS = msgspec.json.Decoder(extra.Head)
