"""The container engine: the Docker that answers, else a private one of ours below the cache folder.

The private engine leaves the machine alone: own socket, data, run folder and pid file, no default bridge, no
firewall rules, no forwarding. Published ports work by Docker's own proxy. It outlives the command that
started it, and the last lab to go down stops it.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.errors import LabError, UsageError
from alertdrill.machine import cache, daemon, process

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0
SOCKET_PATH_MAX = 107  # of sockaddr_un; the longest of the engine's own sockets must fit as well
STARTING = "starting a private container engine"
LONGEST_SOCKET = "run/containerd/containerd.sock.ttrpc"
REGISTRY_SECONDS_MAX = 15.0


@dataclass(frozen=True)
class Engine:
    """A Docker that answers; `env` makes programs we start (docker, kind) use it."""

    reason: str
    env: Mapping[str, str] = field(default_factory=dict)
    private: bool = False

    def run(self, what: str, *words: str | Path, timeout: float = 120.0, stdin: str | None = None) -> str:
        """Run a docker command and return what it printed."""
        return process.run(what, ["docker", *words], timeout=timeout, env=self.env, stdin=stdin)

    def has_image(self, name: str) -> bool:
        """Say whether an image is there without asking a registry."""
        return bool(self.run(f"looking for the image {name}", "image", "ls", "--quiet", name).strip())

    def can_pull(self, name: str) -> bool:
        """Say whether a registry answers for an image; takes a bounded time."""
        try:
            self.run(
                f"asking the registry for {name}", "manifest", "inspect", name, timeout=REGISTRY_SECONDS_MAX
            )
        except LabError:
            return False
        return True

    def containers(self, *filters: str) -> list[str]:
        """Return the names of all containers, running or not, that pass Docker's filters."""
        words = [word for one in filters for word in ("--filter", one)]
        listing = self.run("listing containers", "ps", "--all", "--format", "{{.Names}}", *words)
        return listing.split()


def answering() -> Engine | None:
    """Return the Docker that answers on this machine, if one does."""
    if not shutil.which("docker"):
        return None
    engine = Engine("the Docker that answers on this machine")
    try:
        engine.run(
            "asking Docker whether it is there", "version", "--format", "{{.Server.Version}}", timeout=20
        )
    except LabError:
        return None
    return engine


def private(environment: Callable[[], Mapping[str, str]], reason: str) -> Engine:
    """Return our own engine, started if it does not run; `environment` finds its programs.

    Two commands may ask at once: the second waits for the first one's engine.
    """
    if os.geteuid() != 0:
        raise LabError(
            "looked for a Docker to run a cluster in: none answers, and only root may start one of its own:"
            " start Docker, or let this user use it (group docker)"
        )
    _check_socket_length()
    engine = _own(environment, reason)
    with cache.locked("engine"):
        if not (daemon.find(_mark()) and _answers(engine)):
            _start(engine)
    return engine


def running(environment: Callable[[], Mapping[str, str]]) -> Engine | None:
    """Return our own engine if it runs already."""
    if not daemon.find(_mark()):
        return None
    engine = _own(environment, "a container engine of our own, which runs")
    return engine if _answers(engine) else None


def _own(environment: Callable[[], Mapping[str, str]], reason: str) -> Engine:
    return Engine(reason, {**environment(), "DOCKER_HOST": f"unix://{_home() / 'docker.sock'}"}, private=True)


def stop_private(*, unless: Callable[[], bool] = lambda: False) -> bool:
    """Stop our own engine if it runs, and say whether it was stopped.

    `unless` is asked while nobody can start anything, so it may look for labs that still need the engine.
    """
    with cache.locked("engine"):
        if not daemon.find(_mark()) or unless():
            return False
        daemon.stop("the private engine", _mark(), grace=STOP_SECONDS_MAX)
        _unmount()
    return True


def _unmount() -> None:
    """Undo the mounts that a killed engine has left: they keep its folder from being deleted."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in sorted((one for one in mounts if Path(one).is_relative_to(_home())), reverse=True):
        process.run(f"unmounting {mount}", ["umount", mount], timeout=30)


def _home() -> Path:
    return cache.folder() / "engine"


def _check_socket_length() -> None:
    longest = str(_home() / LONGEST_SOCKET)
    if len(longest.encode()) > SOCKET_PATH_MAX:
        raise UsageError(
            f"the cache folder {cache.folder()} is {len(longest) - SOCKET_PATH_MAX} letters too long for the"
            " sockets of a private engine: set ALERTDRILL_CACHE to a shorter path"
        )


def _start(engine: Engine) -> None:
    """Start dockerd, unless a killed command has begun to, and wait until it answers."""
    log = _home() / "dockerd.log"
    begun = daemon.find(_mark())
    started = None if begun else daemon.start(STARTING, _argv(engine), log=log, env=engine.env)

    def answers() -> bool:
        if started and started.has_ended():
            said = process.last_words(log.read_bytes(), lines=2)
            raise LabError(f"{STARTING}: dockerd ended: {said} (all of it: {log})")
        if not _answers(engine):
            raise NotYet(process.last_words(log.read_bytes(), lines=1))
        return True

    try:
        wait_for("the private engine", answers, deadline=START_SECONDS_MAX, clock=WallClock(), every=0.1)
    except BaseException:
        if started:
            daemon.stop("the private engine", _mark(), grace=STOP_SECONDS_MAX)
        raise


def _argv(engine: Engine) -> Sequence[str]:
    home = _home()
    dockerd = shutil.which("dockerd", path=engine.env.get("PATH"))
    return [
        dockerd or "dockerd",
        _mark(),
        "--config-file=/dev/null",
        f"--host=unix://{home / 'docker.sock'}",
        f"--data-root={home / 'data'}",
        f"--exec-root={home / 'run'}",
        "--group=root",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--dns=127.0.0.1",  # containers can't get out, and so are told at once instead of after a wait
        "--log-level=warn",
    ]


def _mark() -> str:
    """Return the word on dockerd's command line by which our engine is known again."""
    return f"--pidfile={_home() / 'docker.pid'}"


def _answers(engine: Engine) -> bool:
    if not (_home() / "docker.sock").is_socket():
        return False
    try:
        engine.run("asking the private engine whether it is there", "version", timeout=20)
    except LabError:
        return False
    return True
