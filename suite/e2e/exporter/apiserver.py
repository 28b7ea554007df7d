"""etcd and an API server of our own that can be killed, and put back to an older state of etcd."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.lab.clusters import keys
from alertdrill.machine import nodeimage

READY_SECONDS = 60.0
INTERNAL_ERROR = 500
ETCD_BYTES_MAX = 8 << 30  # minutes of 500 changes a second fill the 2 GiB of an etcd that nobody compacts
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
MERGE = "application/merge-patch+json"


class ApiServer:
    """Two processes on loopback and a token that may do everything; `audited`, it writes down who asks."""

    def __init__(self, folder: Path, *, audited: bool = False) -> None:
        self._folder = folder
        self._audited = audited
        folder.mkdir(parents=True, exist_ok=True)
        self._programs = nodeimage.programs()
        self._token = secrets.token_hex(16)
        self._etcd_port, self._peer_port, port = free_ports(3)
        self.url = f"https://127.0.0.1:{port}"
        self.etcd = f"http://127.0.0.1:{self._etcd_port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._session = requests.Session()
        self._keys = keys.make(folder / "keys")
        self.authority = self._keys.authority.certificate
        self.admin = self._keys.admin
        self.audit_log = folder / "audit.log"
        self._session.verify = str(self.authority)
        self._session.trust_env = False  # a bundle named in the environment would be verified against
        self._session.headers["Authorization"] = f"Bearer {self._token}"
        self._session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=32))
        (folder / "tokens.csv").write_text(f'{self._token},admin,admin,"system:masters"\nother,other,other\n')
        (folder / "audit.yaml").write_text(json.dumps(AUDIT))

    @property
    def headers(self) -> Mapping[str, str]:
        """What a client must send to be let in."""
        return {"Authorization": f"Bearer {self._token}"}

    @property
    def pid(self) -> int:
        """The API server's process, while it runs."""
        return self._processes[-1].pid

    def start(self) -> None:
        """Start both on the data that is there, and wait until they are ready."""
        self._run("etcd", *self._etcd_words())
        self._run("kube-apiserver", *self._api_words())

        def ready() -> bool:
            try:
                return self._session.get(self.url + "/readyz", timeout=5).ok
            except requests.RequestException as error:
                raise NotYet(str(error)) from error

        wait_for("the API server", ready, deadline=READY_SECONDS, clock=WallClock(), every=0.1)

    def kill(self) -> None:
        """Kill both without a word of warning."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def keep_copy(self) -> None:
        """Keep a copy of what etcd has now; etcd is stopped and started for it."""
        self.kill()
        shutil.rmtree(self._folder / "copy", ignore_errors=True)
        shutil.copytree(self._folder / "etcd", self._folder / "copy")
        self.start()

    def restore_copy(self) -> None:
        """Kill both and start them again from the copy, as an administrator would from a backup."""
        self.kill()
        shutil.rmtree(self._folder / "etcd")
        shutil.copytree(self._folder / "copy", self._folder / "etcd")
        self.start()

    def call(self, method: str, path: str, body: object = None, *, kind: str = "application/json") -> Any:
        """Send a request and return its JSON; conflicts and what is not there are no errors here."""
        reply = self._session.request(
            method, self.url + path, data=json.dumps(body), headers={"Content-Type": kind}, timeout=30
        )
        if reply.status_code >= INTERNAL_ERROR:  # it is being killed, or etcd is
            raise requests.HTTPError(f"{method} {path}: {reply.text[:500]}")
        assert reply.status_code in {200, 201, 202, 404, 409}, f"{method} {path}: {reply.text[:500]}"
        return reply.json()

    def try_to_create(self, path: str, body: object) -> Any:
        """Return what would become of an object that is created, None if the server refuses it."""
        reply = self._session.post(
            f"{self.url}{path}",
            params={"dryRun": "All", "fieldValidation": "Ignore"},
            data=json.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=30,
        )
        return reply.json() if reply.ok else None

    def try_to_patch(self, path: str, changes: list[Any], *, manager: str) -> Any:
        """Return what would become of an object that somebody changes, None if the server refuses it."""
        reply = self._session.patch(
            f"{self.url}{path}",
            params={"dryRun": "All", "fieldManager": manager, "fieldValidation": "Strict"},
            data=json.dumps(changes),
            headers={"Content-Type": "application/json-patch+json"},
            timeout=30,
        )
        return reply.json() if reply.ok else None

    def patch(self, path: str, body: object) -> Any:
        """Change some fields of an object."""
        return self.call("PATCH", path, body, kind=MERGE)

    def kubeconfig(self, server: str | None = None) -> Path:
        """Write a kubeconfig that leads here, or to what stands in between."""
        file = self._folder / f"kubeconfig-{'direct' if server is None else server.rpartition(':')[2]}"
        cluster = {"server": server or self.url, "certificate-authority": str(self.authority)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "it", "user": {"token": self._token}}],
        }
        file.write_text(json.dumps(config))
        return file

    def _run(self, name: str, *words: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            argv = [str(self._programs / name), *words]
            self._processes.append(subprocess.Popen(argv, stdout=log, stderr=log, process_group=0))

    def _etcd_words(self) -> list[str]:
        client, peer = self.etcd, f"http://127.0.0.1:{self._peer_port}"
        return [
            f"--data-dir={self._folder}/etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            "--unsafe-no-fsync",
            f"--quota-backend-bytes={ETCD_BYTES_MAX}",
        ]

    def _api_words(self) -> list[str]:
        key = self._keys.accounts
        audit = [f"--audit-policy-file={self._folder}/audit.yaml", f"--audit-log-path={self.audit_log}"]
        return [
            *(audit if self._audited else ()),
            f"--etcd-servers={self.etcd}",
            f"--cert-dir={self._folder}/certificates",
            f"--tls-cert-file={self._keys.server.certificate}",
            f"--tls-private-key-file={self._keys.server.key}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.url.rpartition(':')[2]}",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--client-ca-file={self.authority}",
            f"--token-auth-file={self._folder}/tokens.csv",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
        ]


def free_ports(count: int) -> list[int]:
    """Ask the kernel for ports nobody uses now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
