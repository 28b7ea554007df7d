"""Which way images come is found out by looking, and said."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from alertdrill.machine import docker, images
from alertdrill.machine.images import built, local
from alertdrill.progress import Progress


class Engine:
    """A Docker whose registry answers or not."""

    def __init__(self, *, pulls: bool) -> None:
        self.pulls = pulls
        self.asked: list[str] = []

    def can_pull(self, name: str) -> bool:
        """Remember what was asked for."""
        self.asked.append(name)
        return self.pulls


@pytest.mark.parametrize(
    ("engine", "way", "says"),
    [
        (Engine(pulls=True), "built", "because the registry answers"),
        (Engine(pulls=False), "made", "no registry answers for quay.io/prometheus/prometheus:"),
        (None, "made", "no Docker answers to build or pull with"),
    ],
    ids=["registry", "no registry", "no Docker"],
)
def test_images_are_built_or_made_by_what_answers(
    monkeypatch: pytest.MonkeyPatch, engine: Engine | None, way: str, says: str
) -> None:
    """With a registry our images are built and others left to be pulled; without one all are made here."""
    monkeypatch.setattr(docker, "answering", lambda: engine)
    monkeypatch.setattr(built, "built", lambda _engine, _ours, _progress: Path("built"))
    monkeypatch.setattr(local, "made", lambda _ours, _progress, _others: Path("made"))
    console = Console(record=True, width=200, file=StringIO())
    assert Path(way) == images.packed(Progress(console))
    assert says in console.export_text()
    assert engine is None or ["quay.io/prometheus/prometheus:v3.5.3"] == engine.asked
