"""Our own images as anybody builds them, where a registry answers: `docker build` of exporter/Dockerfile."""

from collections.abc import Sequence
from pathlib import Path

from alertdrill import data
from alertdrill.machine import cache
from alertdrill.machine.docker import Engine
from alertdrill.machine.images import layers
from alertdrill.machine.images.catalogue import Image
from alertdrill.progress import Progress

STAGE = "images-built"
BUILD_SECONDS_MAX = 1200.0
SAVE_SECONDS_MAX = 300.0


def built(engine: Engine, ours: Sequence[Image], progress: Progress) -> Path:
    """Return an archive of our own images; third parties' are left to the cluster, which pulls them."""
    context = data.path("exporter")

    def make(folder: Path) -> None:
        for image in ours:
            words = ("build", f"--target={target(image.name)}", f"--tag={image.name}", context)
            with progress.phase(f"building {image.name}"):
                engine.run(f"building {image.name}", *words, timeout=BUILD_SECONDS_MAX)
        names = [image.name for image in ours]
        archive = folder / "images.tar"
        engine.run("saving images", "save", f"--output={archive}", *names, timeout=SAVE_SECONDS_MAX)

    sources = (layers.key("dependencies"), layers.key("code"), context / "Dockerfile")
    return cache.entry(STAGE, cache.digest(repr(ours), *sources), make) / "images.tar"


def target(image: str) -> str:
    """Return the Dockerfile's name for one of our images: its component."""
    return image.removeprefix("alertdrill/").partition(":")[0]
