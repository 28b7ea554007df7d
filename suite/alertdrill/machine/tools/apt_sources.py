"""Which mirror, components and keyring this machine's own apt uses for Debian."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alertdrill.errors import LabError

ETC = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
ONE_LINE = re.compile(
    r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$"
)


@dataclass(frozen=True)
class Source:
    """One archive as apt knows it; `options` are apt's own words, such as `signed-by=/usr/share/…`."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: tuple[str, ...] = ()

    def line(self, suite: str) -> str:
        """Return the one-line source for another suite of the same archive."""
        options = f"[{' '.join(self.options)}] " if self.options else ""
        return f"deb {options}{self.uri} {suite} {' '.join(self.components)}\n"


def debian(etc: Path = ETC, os_release: Path = OS_RELEASE) -> Source:
    """Return the source the machine's own Debian release comes from; its mirror has the other suites too."""
    codename = _release(os_release).get("VERSION_CODENAME", "")
    for source in read(etc):
        if codename and codename in source.suites and "main" in source.components:
            return source
    raise LabError(
        f"looked in {etc} for the archive of this machine's own release ({codename or 'unnamed'}), found"
        " none: add Debian's main archive to the apt sources"
    )


def is_debian(os_release: Path = OS_RELEASE) -> bool:
    """Say whether this machine is a Debian itself; a descendant's mirror has none of Debian's suites."""
    return _release(os_release).get("ID") == "debian"


def read(etc: Path) -> list[Source]:
    """Return every enabled binary source, in both of apt's formats."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for file in files:
        if file.suffix == ".list" and file.is_file():
            found += _one_line(file.read_text())
        elif file.suffix == ".sources":
            found += _stanzas(file.read_text())
    return found


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        if match := ONE_LINE.match(line.split("#")[0].strip()):
            options = (match["options"] or "").split()
            yield Source(
                uri=match["uri"],
                suites=(match["suite"],),
                components=tuple(match["components"].split()),
                options=tuple(
                    word for word in options if word.lower().startswith(("signed-by=", "trusted="))
                ),
            )


def _stanzas(text: str) -> Iterator[Source]:
    """Read deb822; a key written out in the stanza, where a path could be, is left to apt's default keys."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for block in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = {
            name.lower(): " ".join(value.split())
            for name, value in re.findall(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", block, re.MULTILINE)
        }
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        options = [
            f"{name}={fields[name]}"
            for name in ("signed-by", "trusted")
            if name in fields and " " not in fields[name]
        ]
        yield Source(
            uri=fields.get("uris", "").split(" ")[0],
            suites=tuple(fields.get("suites", "").split()),
            components=tuple(fields.get("components", "").split()),
            options=tuple(options),
        )


def _release(os_release: Path) -> dict[str, str]:
    if not os_release.is_file():
        return {}
    pairs = (line.partition("=") for line in os_release.read_text().splitlines())
    return {name: value.strip("\"'") for name, _, value in pairs}
