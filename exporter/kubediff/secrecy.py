"""Values as text for people, with everything hidden that is secret: nothing of it, and not how long it is."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from exporter_kit.masks import DEFAULT, SECRET_NAME, Masks
from kubediff.compare import NOTHING
from kubediff.normalise import octets
from kubediff.results import NONE
from kubediff.schema import Shape

HIDDEN = "(sensitive)"
VALUE_CHARS_MAX = 400
# A shorter value would be hidden in half of all words.
SECRET_CHARS_MIN = 8
SECRET_FIELDS = ("data", "stringData")


class Secrecy:
    """Knows what is secret: by kind, by name, by form, and the values that manifests of Secrets hold."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._masks = Masks.of(DEFAULT).with_values(each for each in values if len(each) >= SECRET_CHARS_MIN)

    def hide(self, text: str) -> str:
        """Return a text with the secrets in it hidden."""
        return self._masks.hide(text)

    def shown(self, value: Any, shape: Shape, *, sensitive: bool) -> str:
        """Return a value as text, cut where it is long."""
        if value is NOTHING:
            return NONE
        if sensitive or shape.form == "password":
            return HIDDEN
        text = msgspec.json.encode(self._redacted(value)).decode()
        return text if len(text) <= VALUE_CHARS_MAX else text[:VALUE_CHARS_MAX] + "…"

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, dict):
            named = value.get("name")
            secret = isinstance(named, str) and SECRET_NAME.search(named)
            return {
                key: HIDDEN if secret and key == "value" else self._redacted(inner)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._redacted(inner) for inner in value]
        return self._masks.hide(value) if isinstance(value, str) else value


def is_secret(kind: str, path: str) -> bool:
    """Return whether a path of a kind leads to what a Secret holds, or to what is named like a secret."""
    top = path.partition(".")[0].partition("[")[0]
    if kind == "Secret" and top in SECRET_FIELDS:
        return True
    head, bracket, last = path.rpartition(".env[name=")
    return bool(bracket and head and SECRET_NAME.search(last.partition("]")[0]) and last.endswith("].value"))


def held(secret: dict[str, Any]) -> Iterator[str]:
    """Yield the texts that a Secret holds, and their base64."""
    for text in _entries(secret, "stringData"):
        yield text
        yield base64.b64encode(text.encode()).decode()
    for text in _entries(secret, "data"):
        yield text
        decoded = octets(text)
        if decoded is not None:
            yield decoded.decode(errors="replace")


def _entries(secret: dict[str, Any], name: str) -> list[str]:
    entries = secret.get(name)
    return [text for text in entries.values() if isinstance(text, str)] if isinstance(entries, dict) else []
