"""What was brought into a cluster and left alone does not differ, however it was written and brought."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kubediff.conftest import MANIFESTS, WAYS, Cluster
from e2e.kubediff.running import Outcome
from kubediff import documents


def _read(file: Path) -> Iterator[Any]:
    """Yield the documents of a file, by the parser under test: others stumble over some."""
    for line, text in documents.split(file.read_bytes()):
        document = documents.read(text, line)
        if document:
            yield document.value


def _names() -> list[str]:
    """Return what all manifests are about."""
    found = []
    for folder in MANIFESTS:
        for file in sorted(folder.glob("*.yaml")):
            for each in _read(file):
                kind = str(each["kind"])
                found += [
                    f"{one.get('kind') or kind.removesuffix('List')} {one['metadata']['name']}"
                    for one in (each["items"] if kind.endswith("List") else [each])
                ]
    return list(dict.fromkeys(found))


@pytest.fixture(scope="session")
def outcomes(cluster: Cluster) -> dict[str, Outcome]:
    """Return what kubediff says of each way, asked when it is needed."""

    class Outcomes(dict[str, Outcome]):
        def __missing__(self, way: str) -> Outcome:
            self[way] = cluster(way)("--json", *MANIFESTS)
            return self[way]

    return Outcomes()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", _names())
def test_what_was_left_alone_is_silent(outcomes: dict[str, Outcome], way: str, name: str) -> None:
    """An object that nobody touched has no drift."""
    assert [] == outcomes[way].drift.get(name, [])


@pytest.mark.parametrize("way", WAYS)
def test_all_of_it_was_compared(outcomes: dict[str, Outcome], way: str) -> None:
    """Silence means that everything was looked at, under a role that can't write."""
    outcome = outcomes[way]
    data: dict[str, Any] = outcome.data
    assert [] == outcome.troubles
    assert 0 == outcome.code
    assert len(_names()) <= data["objects_checked"]
