"""Object in, exposition text out: every pair in fixtures/objects."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from kube_api_exporter import kinds
from kube_api_exporter.render.renderer import Renderer, Seen
from kube_api_exporter.render.shapes import Schemas
from kube_api_exporter.telling import Tell

OBJECTS = Path(__file__).parents[2] / "fixtures" / "objects"
SCHEMAS = OBJECTS / "states" / "schemas.yaml"
STATES = sorted(file for file in SCHEMAS.parent.glob("*.yaml") if file != SCHEMAS)


def samples(value: dict[str, Any]) -> str:
    """Render one object as a scrape would show it, families in order."""
    renderer = Renderer(kinds.of_object(value))
    pieces = renderer.pieces(renderer.of_value(value))
    return b"".join(piece for _, piece in sorted(pieces.items())).decode()


def told(value: dict[str, Any]) -> str:
    """Render one object by its schema, states and all, families in order."""
    kind = kinds.of_object(value)
    document = msgspec.json.encode(yaml.safe_load(SCHEMAS.read_text()))
    shape = Schemas.parse(document).of_kind(kind.group, kind.version, kind.kind)
    renderer = Renderer(kind, shape=shape, tell=Tell())
    seen = renderer.of_json(msgspec.json.encode(value))
    assert isinstance(seen, Seen)
    return b"".join(piece for _, piece in sorted(renderer.pieces(seen).items())).decode()


@pytest.mark.parametrize("file", sorted(OBJECTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_an_object_has_exactly_these_samples(file: Path, update_goldens: Callable[[Path, str], None]) -> None:
    """The samples of an object are those written beside it."""
    got = samples(yaml.safe_load(file.read_text()))
    update_goldens(file.with_suffix(".metrics"), got)
    assert sorted(file.with_suffix(".metrics").read_text().splitlines()) == sorted(got.splitlines())


@pytest.mark.parametrize("file", STATES, ids=lambda file: file.stem)
def test_an_object_with_a_schema_has_exactly_these_samples(
    file: Path, update_goldens: Callable[[Path, str], None]
) -> None:
    """The samples of an object whose schema is known are those written beside it, its states among them."""
    got = told(yaml.safe_load(file.read_text()))
    update_goldens(file.with_suffix(".metrics"), got)
    assert sorted(file.with_suffix(".metrics").read_text().splitlines()) == sorted(got.splitlines())


def test_every_golden_has_its_object() -> None:
    """No expected text is left behind by an object that was renamed."""
    assert [] == [file.name for file in OBJECTS.rglob("*.metrics") if not file.with_suffix(".yaml").exists()]
