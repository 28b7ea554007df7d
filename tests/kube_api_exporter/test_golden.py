"""Object in, exposition text out: every pair in fixtures/objects."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube_api_exporter import kinds
from kube_api_exporter.render.renderer import Renderer

OBJECTS = Path(__file__).parents[2] / "fixtures" / "objects"


def samples(value: dict[str, Any]) -> str:
    """Render one object as a scrape would show it, families in order."""
    renderer = Renderer(kinds.of_object(value))
    pieces = renderer.pieces(renderer.of_value(value))
    return b"".join(piece for _, piece in sorted(pieces.items())).decode()


@pytest.mark.parametrize("file", sorted(OBJECTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_an_object_has_exactly_these_samples(file: Path, update_goldens: Callable[[Path, str], None]) -> None:
    """The samples of an object are those written beside it."""
    got = samples(yaml.safe_load(file.read_text()))
    update_goldens(file.with_suffix(".metrics"), got)
    assert sorted(file.with_suffix(".metrics").read_text().splitlines()) == sorted(got.splitlines())


def test_every_golden_has_its_object() -> None:
    """No expected text is left behind by an object that was renamed."""
    assert [] == [file.name for file in OBJECTS.glob("*.metrics") if not file.with_suffix(".yaml").exists()]
