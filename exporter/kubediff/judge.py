"""One manifest and one live object, compared: the differences, with their lines, and who made them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from kubediff import ignore, owners, path, special
from kubediff.compare import NOTHING, Comparison, Found
from kubediff.defaults import Defaults
from kubediff.live import Kind
from kubediff.manifests import Lines, Manifest
from kubediff.owners import LAST_APPLIED, Owners
from kubediff.path import Path
from kubediff.results import Difference, Item
from kubediff.schema import Shape
from kubediff.secrecy import Secrecy, is_secret
from kubediff.threeway import Beyond, ThreeWay

WHOSE = {"git once": "no longer in git", "git perhaps": "perhaps no longer in git", "foreign": "foreign"}
REPLICAS = "spec.replicas"


class Live(msgspec.Struct):
    """An object of the cluster, as far as it is compared."""

    value: dict[str, Any]
    managed: msgspec.Raw
    uid: str


def live(raw: msgspec.Raw) -> Live:
    """Read an object; who wrote what is read only when it is asked for."""
    value: dict[str, Any] = msgspec.json.decode(raw)
    managed = value["metadata"].pop("managedFields", None)
    value.pop("status", None)
    return Live(value, msgspec.Raw(msgspec.json.encode(managed or [])), value["metadata"].get("uid", ""))


class Judge:
    """Compares objects; `scaled` tells what an autoscaler scales in a namespace."""

    def __init__(
        self,
        defaults: Defaults,
        secrecy: Secrecy,
        *,
        scaled: Callable[[str], set[tuple[str, str]]],
        sensitive: Iterable[ignore.Rule] = (),
        applier: str = "",
    ) -> None:
        self._comparison = Comparison(defaults)
        self._three_way = ThreeWay(defaults)
        self._secrecy = secrecy
        self._scaled = scaled
        self._sensitive = list(sensitive)
        self._applier = applier
        self._lines = Lines()

    def differences(self, manifest: Manifest, kind: Kind, shape: Shape, other: Live) -> Item:
        """Return an object with all that is different about it, and what others added."""
        want = manifest.value
        annotations = (want.get("metadata") or {}).get("annotations")
        marked = [ignore.Rule(each) for each in ignore.annotated(annotations, ignore.SENSITIVE)]
        rules = [*marked, *(rule for rule in self._sensitive if rule.concerns(manifest.subject))]
        special.prepare(want)
        have = other.value
        last = self._last_applied(have)
        special.forget(have["metadata"])
        special.bring_together(kind.group, kind.kind, want, have)
        found = self._comparison.object(want, have, shape)
        who = Owners(owners.entries(other.managed), applier=self._applier, leaves=_leaves(want))
        beyond = self._three_way.beyond(want, have, shape, who, last)
        item = Item(manifest.subject, "differs", manifest.place)
        for each in found:
            item.differences.append(self._told(each, who, manifest, rules))
        for extra in beyond:
            told = self._told_beyond(extra, manifest, rules)
            (item.foreign if extra.whose == "foreign" else item.differences).append(told)
        self._without_scaled(item, manifest)
        return item

    def _last_applied(self, have: dict[str, Any]) -> dict[str, Any] | None:
        """Return what was applied last, if the object remembers it."""
        text = (have["metadata"].get("annotations") or {}).get(LAST_APPLIED)
        if not text:
            return None
        try:
            said = msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            return None
        return special.prepare(said) if isinstance(said, dict) else None

    def _told(self, found: Found, who: Owners, manifest: Manifest, rules: list[ignore.Rule]) -> Difference:
        text = path.text(found.path)
        hidden = self._is_sensitive(manifest, text, rules)
        return Difference(
            text,
            found.what,
            self._secrecy.shown(found.want, found.shape, sensitive=hidden),
            self._secrecy.shown(found.have, found.shape, sensitive=hidden),
            self._lines.place(manifest, path.in_manifest(found.path)),
            who.remover() if found.have is NOTHING or found.what == "order" else who.author(found.path),
        )

    def _told_beyond(self, extra: Beyond, manifest: Manifest, rules: list[ignore.Rule]) -> Difference:
        text = path.text(extra.path)
        hidden = self._is_sensitive(manifest, text, rules)
        return Difference(
            text,
            WHOSE[extra.whose],  # type: ignore[arg-type]  # one by one
            self._secrecy.shown(NOTHING, extra.shape, sensitive=False),
            self._secrecy.shown(extra.have, extra.shape, sensitive=hidden),
            self._lines.place(manifest, path.in_manifest(extra.path)),
            extra.author,
        )

    def _is_sensitive(self, manifest: Manifest, text: str, rules: list[ignore.Rule]) -> bool:
        return is_secret(manifest.subject.kind, text) or any(
            ignore.covers(rule.path, text) or _is_above(text, rule.path) for rule in rules
        )

    def _without_scaled(self, item: Item, manifest: Manifest) -> None:
        """Leave replicas to the autoscaler that owns them; asked only where they differ."""
        if not any(each.path == REPLICAS for each in item.differences):
            return
        subject = manifest.subject
        if (subject.kind, subject.name) in self._scaled(subject.namespace):
            ours = [each for each in item.differences if each.path == REPLICAS]
            item.differences = [each for each in item.differences if each.path != REPLICAS]
            item.foreign += [msgspec.structs.replace(each, what="foreign") for each in ours]


def _is_above(text: str, sensitive: str) -> bool:
    """Return whether a value holds something sensitive."""
    return sensitive.startswith((f"{text}.", f"{text}["))


def _leaves(value: dict[str, Any], at: Path = None) -> Iterator[Path]:
    """Yield the fields of a manifest down to its lists."""
    for key, inner in value.items():
        here = path.field(at, key)
        if isinstance(inner, dict) and inner:
            yield from _leaves(inner, here)
        else:
            yield here
