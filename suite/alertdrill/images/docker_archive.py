"""The catalogue's images as one archive, each layer once, written with no engine as `docker save` would."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from alertdrill import image_archive
from alertdrill.image_archive import Layer
from alertdrill.images.catalogue import Image

PATH = "/usr/local/bin:/usr/bin:/bin"


def write(
    target: Path,
    images: Sequence[Image],
    layers: Mapping[str, tuple[Path, str]],
    notes: Mapping[str, Mapping[str, str]],
) -> None:
    """Write `target`; `layers` are name → (tar, its SHA-256), `notes` image name → labels."""
    with target.open("wb") as stream:
        image_archive.write(stream, [_image(image, layers, notes.get(image.name, {})) for image in images])


def _image(
    image: Image, layers: Mapping[str, tuple[Path, str]], labels: Mapping[str, str]
) -> image_archive.Image:
    config = {
        "User": image.user,
        "Env": [f"PATH={PATH}", "PYTHONUNBUFFERED=1", "LANG=C.UTF-8"],
        "Entrypoint": list(image.entrypoint) or None,
        "Cmd": list(image.command) or None,
        "WorkingDir": image.folder,
        "Labels": dict(labels) or None,
    }
    return image_archive.Image((image.name,), tuple(Layer(*layers[name]) for name in image.layers), config)
