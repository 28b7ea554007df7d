"""kubediff as users run it, a process under a role that can't write; and what puts objects into a cluster."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertdrill.machine import nodeimage
from e2e.exporter.apiserver import ApiServer

READER = "reader"
# The whole of what it may do.
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": READER},
    "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": READER},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": READER},
    "subjects": [{"kind": "ServiceAccount", "name": READER, "namespace": "default"}],
}
TOKEN = {"spec": {"expirationSeconds": 7200}}
ROLES = "/apis/rbac.authorization.k8s.io/v1"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


@dataclass(frozen=True)
class Outcome:
    """What a run said."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """Its JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def drift(self) -> dict[str, list[str]]:
        """Object → what differs about it, as `path: what`; the whole object is its state."""
        return {
            f"{item['subject']['kind']} {item['subject']['name']}": [
                f"{each['path']}: {each['what']}" for each in item["differences"]
            ]
            or [item["state"]]
            for item in self.data["drift"]
        }

    @property
    def authors(self) -> dict[str, str]:
        """Path → manager, of all differences."""
        return {
            each["path"]: (each.get("author") or {}).get("manager", "")
            for item in self.data["drift"]
            for each in item["differences"]
        }

    @property
    def troubles(self) -> list[str]:
        """What could not be told."""
        return [f"{each['where']}: {each['sentence']}" for each in self.data["troubles"]]


class Kubediff:
    """Runs the command against a server, as a service account that may get and list."""

    def __init__(self, api: ApiServer, folder: Path) -> None:
        self.api = api
        self._folder = folder
        api.call("POST", f"{ROLES}/clusterroles", ROLE)
        api.call("POST", f"{ROLES}/clusterrolebindings", BINDING)
        api.call("POST", ACCOUNTS, {"metadata": {"name": READER}})
        token = api.call("POST", f"{ACCOUNTS}/{READER}/token", TOKEN)
        self.token_file = folder / "token"
        self.token_file.write_text(token["status"]["token"])

    @property
    def access(self) -> list[str]:
        """The flags that say who we are."""
        return [
            f"--server={self.api.url}",
            f"--token-file={self.token_file}",
            f"--ca-file={self.api.authority}",
        ]

    def __call__(self, *words: str | Path, stdin: str = "", server: bool = True) -> Outcome:
        """Run it once."""
        command = Path(sys.executable).with_name("kubediff")
        access = self.access if server else []
        done = subprocess.run(
            [str(command), *access, f"--cache={self._folder / 'cache'}", *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={name: value for name, value in os.environ.items() if name != "KUBECONFIG"},
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def kubectl(self, *words: str | Path, stdin: str = "", editor: str = "") -> str:
        """Run kubectl as an administrator; what fails is an error."""
        done = subprocess.run(
            [
                str(nodeimage.programs() / "kubectl"),
                f"--kubeconfig={self.api.kubeconfig()}",
                *map(str, words),
            ],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "KUBE_EDITOR": editor},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
