"""kind clusters created through pytest-kind, as its users do; the one module that imports it (GPL, optional).

It is given our kind program and node image, so it downloads nothing; its port forwards are not used.
"""

import shlex
import subprocess
from pathlib import Path

import pytest_kind

from alertdrill.errors import LabError
from alertdrill.lab.clusters import state
from alertdrill.lab.clusters.kind import PREFIX, KindCommand
from alertdrill.machine import cache, tools

LITTER = Path(".pytest-kind")  # it makes a folder here for downloads, whether it needs one or not


def create(kind: KindCommand, image: str, config: Path, kubeconfig: Path) -> None:
    """Create the cluster, in the same way and with the same result as kind.create."""
    script = state.kind_script(kind.cluster.removeprefix(PREFIX))
    cache.write_whole(script, _script(kind), mode=0o700)
    cluster = pytest_kind.KindCluster(
        kind.cluster, kubeconfig, image=image, kind_path=script, kubectl_path=tools.kubectl()
    )
    try:
        cluster.create(config)
    except subprocess.CalledProcessError as error:
        raise LabError(
            f"creating the cluster {kind.cluster} through pytest-kind: kind ended with {error.returncode},"
            " what it said is above"
        ) from error
    finally:
        script.unlink()
        _sweep(LITTER / kind.cluster)


def _script(kind: KindCommand) -> str:
    """Return kind in its environment as a program of its own: pytest-kind takes a path and nothing more."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in kind.engine.env.items()]
    return "\n".join(["#!/bin/sh", *exports, f'exec {shlex.quote(str(kind.program))} "$@"', ""])


def _sweep(folder: Path) -> None:
    """Remove the folder and the one above it, as far as they are empty."""
    for one in (folder, folder.parent):
        if one.is_dir() and not any(one.iterdir()):
            one.rmdir()
