"""One archive with all images in it, each layer once, written with no engine as `docker save` would."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from alertdrill.images import tarball
from alertdrill.images.catalogue import Image

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
LONG_AGO = "1970-01-01T00:00:00Z"
PATH = "/usr/local/bin:/usr/bin:/bin"


def write(
    target: Path,
    images: Sequence[Image],
    layers: Mapping[str, tuple[Path, str]],
    notes: Mapping[str, Mapping[str, str]],
) -> None:
    """Write `target`; `layers` are name → (tar, its SHA-256), `notes` image name → labels."""
    members: dict[str, tarball.Source] = {f"{digest}.tar": tar for tar, digest in layers.values()}
    manifest = []
    for image in images:
        digests = [layers[name][1] for name in image.layers]
        config = _json(_config(image, digests, notes.get(image.name, {})))
        config_name = f"{hashlib.sha256(config).hexdigest()}.json"
        members[config_name] = config
        manifest.append(
            {
                "Config": config_name,
                "RepoTags": [image.name],
                "Layers": [f"{digest}.tar" for digest in digests],
            }
        )
    members["manifest.json"] = _json(manifest)
    tarball.pack(target, members)


def _config(image: Image, digests: Sequence[str], labels: Mapping[str, str]) -> dict[str, object]:
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": LONG_AGO,
        "config": {
            "User": image.user,
            "Env": [f"PATH={PATH}", "PYTHONUNBUFFERED=1", "LANG=C.UTF-8"],
            "Entrypoint": list(image.entrypoint) or None,
            "Cmd": list(image.command) or None,
            "WorkingDir": image.folder,
            "Labels": dict(labels) or None,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": LONG_AGO, "created_by": f"alertdrill: {name}"} for name in image.layers],
    }


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
