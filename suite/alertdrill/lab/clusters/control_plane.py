"""A control plane only: etcd and the API server as two processes, on loopback, in about three seconds.

Nothing runs in it, but every object can be stored and watched: enough for exporters, and for benchmarks.
"""

import base64
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

import requests
import yaml

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.lab.clusters import keys, state
from alertdrill.lab.clusters.base import Ability, Access, Status, Wanted
from alertdrill.machine import cache, daemon, nodeimage, process
from alertdrill.progress import Progress

FLAVOUR = "control-plane"
CONTEXT = "alertdrill-control-plane"
READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
TRIES_MAX = 3  # a port that was free when we asked may be taken when it is used


class ControlPlane:
    """etcd and kube-apiserver, ours, known again by the lab's folder on their command lines."""

    flavour = FLAVOUR
    abilities = frozenset({Ability.OWNS_CLUSTER})

    def __init__(self, wanted: Wanted, reason: str) -> None:
        self.name = wanted.name
        self.reason = reason
        self._folder = state.folder(wanted.name) / "control-plane"
        self.access = Access(kubeconfig=state.kubeconfig(wanted.name), context=CONTEXT)

    def __repr__(self) -> str:
        """Say which cluster it is, in tests and in a debugger."""
        return f"<ControlPlane {self.name}>"

    def up(self, progress: Progress) -> Access:
        """Return access to it: at once when it answers, else started anew."""
        if self._answers():
            return self.access
        state.write(self.name, state.Record(flavour=self.flavour, reason=self.reason))
        programs = _programs(progress)
        with progress.phase("control plane"):
            for attempt in range(1, TRIES_MAX + 1):
                self._stop()
                shutil.rmtree(self._folder, ignore_errors=True)
                try:
                    self._start(programs)
                    break
                except LabError as error:
                    if attempt == TRIES_MAX or "address already in use" not in str(error):
                        self._stop()
                        raise
        state.write(self.name, state.Record(flavour=self.flavour, reason=self.reason, complete=True))
        return self.access

    def down(self, progress: Progress) -> None:
        """Stop both processes and remove what they stored."""
        if state.read(self.name) or self._folder.exists():
            with progress.phase("taking the control plane down"):
                self._stop()
                shutil.rmtree(self._folder, ignore_errors=True)
                state.forget(self.name)

    def status(self) -> Status:
        """Look whether the API server is ready."""
        exists = state.read(self.name) is not None
        answers = exists and self._answers()
        verb = "answers" if answers else "does not answer" if exists else "is not there"
        return Status(exists=exists, answers=answers, sentence=f"the control plane {self.name} {verb}")

    def load(self, archives: Sequence[Path], progress: Progress) -> None:
        """Do nothing: there are no nodes."""
        progress.say(f"{', '.join(archive.name for archive in archives)} not loaded: no node runs here")

    def run(self, what: str, *argv: str) -> str:
        """Refuse."""
        del argv
        raise LabError(f"{what}: a control plane alone has no node")

    @property
    def spare(self) -> None:
        """Return none: no node here is ours."""
        return

    def mend(self) -> None:
        """Do nothing: whatever is broken of it is made anew."""

    def halt(self, component: str) -> None:
        """Refuse."""
        raise LabError(f"halting {component}: not in a control plane without a kubelet")

    def resume(self, component: str) -> None:
        """Refuse, as nothing was halted."""
        raise LabError(f"resuming {component}: not in a control plane without a kubelet")

    def export_logs(self, folder: Path) -> None:
        """Copy what both programs said."""
        folder.mkdir(parents=True, exist_ok=True)
        for log in self._folder.glob("*.log"):
            shutil.copy(log, folder)

    def _start(self, programs: Path) -> None:
        pairs = keys.make(self._folder / "keys")
        client, peer, secure = _free_ports(3)
        words = {
            "etcd": _etcd_words(self._folder, pairs, client, peer),
            "kube-apiserver": _api_words(self._folder, pairs, client, secure),
        }
        daemons = [
            daemon.start(f"starting {name}", [programs / name, *given], log=self._folder / f"{name}.log")
            for name, given in words.items()
        ]
        cache.write_whole(self.access.kubeconfig, _kubeconfig(pairs, secure), mode=0o600)

        def ready() -> bool:
            if any(one.has_ended() for one in daemons):
                raise LabError(f"starting a control plane: {self._last_words()}")
            if not self._answers():
                raise NotYet(self._last_words())
            return True

        wait_for("the API server", ready, deadline=READY_SECONDS_MAX, clock=WallClock(), every=0.1)

    def _last_words(self) -> str:
        logs = sorted(self._folder.glob("*.log"))
        return "; ".join(f"{log.stem}: {process.last_words(log.read_bytes(), lines=2)}" for log in logs)

    def _answers(self) -> bool:
        try:
            loaded = yaml.safe_load(self.access.kubeconfig.read_text())
            server = loaded["clusters"][0]["cluster"]["server"]
            where = self._folder / "keys"
            reply = requests.get(
                f"{server}/readyz",
                verify=str(where / "authority.crt"),
                cert=(str(where / "admin.crt"), str(where / "admin.key")),
                timeout=5,
            )
        except (OSError, yaml.YAMLError, TypeError, KeyError):
            return False
        return reply.ok

    def _stop(self) -> bool:
        marks = (f"--data-dir={self._folder}/etcd", f"--cert-dir={self._folder}/certificates")
        return daemon.stop("the control plane", *marks, grace=STOP_SECONDS_MAX)


def _programs(progress: Progress) -> Path:
    """Return the folder that has etcd and kube-apiserver."""
    with progress.phase("control plane programs"):
        return nodeimage.programs()


def _free_ports(count: int) -> list[int]:
    """Ask the kernel for ports that nobody uses now, all of them different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _etcd_words(folder: Path, pairs: keys.Keys, client: int, peer: int) -> list[str]:
    trust = {
        "cert-file": pairs.server.certificate,
        "key-file": pairs.server.key,
        "trusted-ca-file": pairs.authority.certificate,
    }
    return [
        f"--data-dir={folder}/etcd",
        "--name=alertdrill",
        f"--listen-client-urls=https://127.0.0.1:{client}",
        f"--advertise-client-urls=https://127.0.0.1:{client}",
        f"--listen-peer-urls=https://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=https://127.0.0.1:{peer}",
        f"--initial-cluster=alertdrill=https://127.0.0.1:{peer}",
        "--client-cert-auth",
        "--peer-client-cert-auth",
        *(f"--{name}={path}" for name, path in trust.items()),
        *(f"--peer-{name}={path}" for name, path in trust.items()),
        "--unsafe-no-fsync",  # what it stores is thrown away
    ]


def _api_words(folder: Path, pairs: keys.Keys, etcd: int, port: int) -> list[str]:
    return [
        f"--cert-dir={folder}/certificates",
        f"--etcd-servers=https://127.0.0.1:{etcd}",
        f"--etcd-cafile={pairs.authority.certificate}",
        f"--etcd-certfile={pairs.server.certificate}",
        f"--etcd-keyfile={pairs.server.key}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={pairs.server.certificate}",
        f"--tls-private-key-file={pairs.server.key}",
        f"--client-ca-file={pairs.authority.certificate}",
        f"--service-account-key-file={pairs.accounts}",
        f"--service-account-signing-key-file={pairs.accounts}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        # Nobody makes service accounts here, and nobody could reach an address on loopback.
        "--disable-admission-plugins=ServiceAccount",
        "--endpoint-reconciler-type=none",
    ]


def _kubeconfig(pairs: keys.Keys, port: int) -> str:
    def data(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": data(pairs.authority.certificate),
    }
    user = {
        "client-certificate-data": data(pairs.admin.certificate),
        "client-key-data": data(pairs.admin.key),
    }
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": CONTEXT, "user": user}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        }
    )
