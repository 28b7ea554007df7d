"""Our exporter as its image holds it: the image's Python, locked libraries, byte code made beforehand.

The environment of the tests holds more, which Python's libraries import when they find it: it would be
measured as well.
"""

import tarfile
from pathlib import Path

from alertdrill.machine.images import layers

START = "import sys; sys.argv[0] = 'kube-api-exporter'; from kube_api_exporter.cli import main; main()"


def unpack(folder: Path) -> Path:
    """Unpack the layers of the image into a folder, once; return it."""
    root = folder / "image"
    if not root.exists():
        for name in ("base", "dependencies", "code"):
            with tarfile.open(layers.layer(name)) as layer:
                layer.extractall(root, filter="fully_trusted")  # noqa: S202  # we have just made it
    return root


def command(root: Path) -> tuple[list[str], dict[str, str]]:
    """Return the words that start the exporter without an engine, and their environment."""
    loader = next(root.glob("usr/lib*/ld-linux*.so.*"))
    libraries = next(root.glob("usr/lib/*-linux-gnu*"))
    program = root / "usr/bin" / layers.PYTHON
    environment = {"PYTHONHOME": str(root / "usr"), "PYTHONPATH": str(root / layers.SITE)}
    return [str(loader), "--library-path", str(libraries), str(program), "-c", START], environment
