"""The images made here from packages, with no engine and no registry."""

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alertdrill.machine import cache
from alertdrill.machine.images import archive, layers
from alertdrill.machine.images.catalogue import OWN, PROGRAMS, THIRD_PARTY, Image
from alertdrill.progress import Progress

STAGE = "images"
PATH = "/usr/local/bin:/usr/bin:/bin"
KEPT = 2  # so many archives, the newest: they are large


def made(ours: Sequence[Image], progress: Progress, others: Sequence[Image] = ()) -> Path:
    """Return the archive of our images and third parties', made anew as far as its layers have changed."""
    images = (*ours, *THIRD_PARTY, *others)
    names = sorted({name for image in images for name in image.layers})
    key = cache.digest(layers.FORMAT, repr(images), *(layers.key(name) for name in names))

    def make(folder: Path) -> None:
        # Layers wait for different things (the net, a core, the disk), so they are made side by side.
        with ThreadPoolExecutor(max_workers=4) as pool:
            tars = dict(zip(names, pool.map(lambda name: _layer(name, progress), names), strict=True))
        with (folder / "images.tar").open("wb") as stream:
            archive.write(stream, [saved(image, tars, _labels(image)) for image in images])

    entry = cache.entry(STAGE, key, make)
    _forget_old(entry)
    return entry / "images.tar"


def _layer(name: str, progress: Progress) -> archive.Layer:
    with progress.phase(f"image layer {name}"):
        return archive.Layer.cached(layers.layer(name))


def saved(image: Image, tars: Mapping[str, archive.Layer], labels: Mapping[str, str]) -> archive.Saved:
    """Return one image of the catalogue as the archive has it; `tars` are the layers by name."""
    config = {
        "User": image.user,
        "Env": [f"PATH={PATH}", "PYTHONUNBUFFERED=1", "LANG=C.UTF-8"],
        "Entrypoint": list(image.entrypoint) or None,
        "Cmd": list(image.command) or None,
        "WorkingDir": image.folder,
        "Labels": dict(labels) or None,
    }
    return archive.Saved((image.name,), tuple(tars[name] for name in image.layers), config)


def _labels(image: Image) -> dict[str, str]:
    """Say in a third party's image that it is not theirs, and what is in it."""
    labels = {"org.opencontainers.image.title": image.name}
    if image not in OWN:
        labels["alertdrill.stands-in-for"] = image.name
    for name in image.layers:
        if name in PROGRAMS:
            labels["org.opencontainers.image.version"] = (
                f"Debian {PROGRAMS[name].package} {layers.version(name)}"
            )
    return labels


def _forget_old(newest: Path) -> None:
    """Remove all but the newest archives; one that is being read stays readable until it is closed."""
    newest.touch()
    others = [path for path in newest.parent.iterdir() if path != newest and not path.name.startswith(".")]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
