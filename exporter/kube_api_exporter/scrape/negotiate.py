"""What a scraper may ask for, and what it gets: format, escaping of names, content coding.

https://prometheus.io/docs/instrumenting/content_negotiation/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Escaping = Literal["allow-utf-8", "underscores", "dots", "values"]
TEXT, OPENMETRICS = "text/plain", "application/openmetrics-text"
SPELLINGS: dict[str, Escaping] = {
    "allow-utf-8": "allow-utf-8",
    "allow-utf8": "allow-utf-8",  # the documents have it both ways
    "underscores": "underscores",
    "dots": "dots",
    "values": "values",
}
VERSIONS = {TEXT: ("0.0.4", "1.0.0"), OPENMETRICS: ("1.0.0", "0.0.1")}


@dataclass(frozen=True)
class Format:
    """One of the formats we speak."""

    media: str = TEXT
    version: str = "0.0.4"
    escaping: Escaping = "underscores"

    @property
    def openmetrics(self) -> bool:
        """Whether it ends with `# EOF`."""
        return self.media == OPENMETRICS

    @property
    def content_type(self) -> str:
        """The header that says so; only versions that know of escaping mention it."""
        said = f"{self.media}; version={self.version}; charset=utf-8"
        return f"{said}; escaping={self.escaping}" if self.version == "1.0.0" else said


@dataclass(frozen=True)
class _Wish:
    value: str
    parameters: dict[str, str]
    quality: float


def choose_format(accept: str) -> Format:
    """Return the format a client likes best; whatever it asks, text 0.0.4 is the answer of last resort."""
    best, liked = Format(), 0.0
    for wish in _wishes(accept):
        offered = _offer(wish)
        if offered and wish.quality > liked:
            best, liked = offered, wish.quality
    return best


def _offer(wish: _Wish) -> Format | None:
    """Return what we have for one wish."""
    if wish.value in {"*/*", "text/*"}:
        return Format()
    versions = VERSIONS.get(wish.value, ())
    if not versions:
        return None
    version = wish.parameters.get("version", versions[0])
    if version not in versions:
        return None
    escaping = SPELLINGS.get(wish.parameters.get("escaping", ""), "underscores")
    return Format(wish.value, version, escaping if version == "1.0.0" else "underscores")


def choose_coding(accept_encoding: str) -> str:
    """Return `zstd`, `gzip` or nothing; zstd wins where the client likes both alike.

    Neither is chosen where the client says that it likes the plain text better.
    """
    liked = {wish.value: wish.quality for wish in _wishes(accept_encoding)}
    usual = liked.get("*", 0.0)
    found = max(("zstd", "gzip"), key=lambda coding: liked.get(coding, usual))
    quality = liked.get(found, usual)
    return found if quality > 0 and quality >= liked.get("identity", 0.0) else ""


def _wishes(header: str) -> Iterator[_Wish]:
    """Yield the entries of an Accept header; what can't be read is passed over."""
    for entry in header.split(","):
        value, *said = (part.strip() for part in entry.split(";"))
        parameters = {
            name.strip().lower(): content.strip().strip('"')
            for name, equals, content in (part.partition("=") for part in said)
            if equals
        }
        quality = parameters.pop("q", "1")
        if re.fullmatch(r"[01](\.\d{0,3})?", quality) and value:
            yield _Wish(value.lower(), parameters, float(quality))
