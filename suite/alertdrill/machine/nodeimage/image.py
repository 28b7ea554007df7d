"""The node image: four stages, each cached by what went into it, and loaded into the engine as layers.

A stage's key is made of its inputs only, so a changed entrypoint costs one small layer, not a build.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alertdrill.errors import LabError
from alertdrill.machine import cache, process
from alertdrill.machine.docker import Engine
from alertdrill.machine.images import archive
from alertdrill.machine.nodeimage import control_plane, program, system
from alertdrill.progress import Progress

FILES = Path(__file__).parent / "root"
REPOSITORY = "alertdrill/node"
EXECUTABLE = "kind/bin"
CONFIG = {
    "Entrypoint": ["/kind/bin/entrypoint", "/sbin/init"],
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=docker"],
    "StopSignal": "SIGRTMIN+3",  # what systemd takes for "halt"
}
LOAD_SECONDS_MAX = 600.0
# Units that make no sense inside a container: consoles, hardware, other people's timers.
OFF = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "fstrim.timer",
    "getty-static.service",
    "getty.target",
    "remote-fs.target",
    "systemd-logind.service",
    "systemd-pstore.service",
    "systemd-remount-fs.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-tmpfiles-setup.service",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service",
)


def built(engine: Engine, progress: Progress) -> str:
    """Return the name of the node image inside the engine, made and loaded if it is not there."""
    with ThreadPoolExecutor(2) as pool:  # one downloads while the other compiles
        system_tar = pool.submit(_timed, progress, "node image: root file system", system.built)
        programs = _timed(progress, "node image: programs", program.built)
        images = _timed(progress, "node image: control plane images", lambda: control_plane.built(programs))
        layers = _layers(system_tar.result(), images)
    name = f"{REPOSITORY}:{program.KUBERNETES}-{cache.digest(*(layer.digest for layer in layers))}"
    if not engine.has_image(name):
        with progress.phase("node image: loading"):
            _load(engine, archive.Saved((name,), layers, CONFIG))
            _remove_earlier(engine, name)
    return name


def _layers(system_tar: Path, images: Path) -> tuple[archive.Layer, ...]:
    names = json.loads((images / "names.json").read_text())
    key = cache.digest("1", Path(__file__), FILES, names["pause"], program.KUBERNETES)
    files = cache.entry("node-files", key, lambda folder: _write_files(folder / "layer.tar", names["pause"]))
    return tuple(map(archive.Layer.cached, (system_tar, images / "layer.tar", files / "layer.tar")))


def _write_files(path: Path, pause: str) -> None:
    members: dict[str, archive.Source] = {"kind/version": program.KUBERNETES.encode()}
    for file in FILES.rglob("*"):
        if file.is_file():
            name = str(file.relative_to(FILES))
            text = file.read_text().replace("@PAUSE@", pause).encode()
            members[name] = archive.Script(text) if name.startswith(EXECUTABLE) else text
    units = "etc/systemd/system"
    members |= {f"{units}/{unit}": archive.Link("/dev/null") for unit in OFF}
    members[f"{units}/default.target"] = archive.Link("/lib/systemd/system/multi-user.target")
    for unit in ("containerd.service", "kubelet.service"):
        members[f"{units}/multi-user.target.wants/{unit}"] = archive.Link(f"/{units}/{unit}")
    archive.pack(path, members)


def _load(engine: Engine, image: archive.Saved) -> None:
    """Stream the layers into the engine; it skips those it has."""
    with tempfile.TemporaryFile() as said:
        process_ = subprocess.Popen(
            [shutil.which("docker", path=engine.env.get("PATH")) or "docker", "load", "--quiet"],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env={**os.environ, **engine.env},
            process_group=0,
        )
        broken: OSError | None = None
        try:
            assert process_.stdin is not None
            with process_.stdin:
                archive.write(process_.stdin, [image])
        except OSError as error:
            broken = error
        except BaseException:
            process.kill_group(process_)
            raise
        code = process_.wait(LOAD_SECONDS_MAX)
        said.seek(0)
        if code or broken:
            raise LabError(f"loading the node image into Docker: {process.last_words(said.read())}")


def _remove_earlier(engine: Engine, name: str) -> None:
    """Remove the node images that this one replaces; the engine keeps those that a node still runs on."""
    listing = ("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY)
    for other in engine.run("listing node images", *listing).split():
        if other != name:
            with contextlib.suppress(LabError):
                engine.run(f"removing {other}", "image", "rm", other)


def _timed(progress: Progress, phase: str, work: Callable[[], Path]) -> Path:
    with progress.phase(phase):
        return work()
