"""Kubeconfigs, given to kubectl and to the exporters: the server sees the same, or neither asks it."""

import base64
import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import pytest

from alertdrill.machine import nodeimage, process
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.kubeconfigs import FORMS, WHOLE, Form, says
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError
from exporter_kit.api.place import Place

PATH = "/api/v1/namespaces"
# How the server took who asked, and what it answered; None: we did not ask it.
Seen = dict[str, Any] | None


@dataclass
class Both:
    """The same kubeconfig for both programs, and what the server saw of each."""

    api: ApiServer
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)
    kubectl_said: str = ""
    we_said: str = ""

    def __post_init__(self) -> None:
        """Write what kubeconfigs name."""
        token = self.api.headers["Authorization"].removeprefix("Bearer ")
        self._names = {
            "SERVER": self.api.url,
            "PORT": self.api.url.rpartition(":")[2],
            "TOKEN": token,
            "FOLDER": str(self.folder),
            "CA": str(self.api.authority),
            "CERT": str(self.api.admin.certificate),
            "KEY": str(self.api.admin.key),
        }
        for name in ("CA", "CERT", "KEY"):
            pem = Path(self._names[name]).read_bytes()
            self._names[f"{name}DATA"] = base64.b64encode(pem).decode()
        for name, content in (("token", f"{token}\n"), ("other", "other"), ("empty", "\n")):
            (self.folder / name).write_text(content)
        pair = {
            "clientCertificateData": self.api.admin.certificate.read_text(),
            "clientKeyData": self.api.admin.key.read_text(),
        }
        self._program("plugin", says({"token": token}))
        self._program("certificate", says(pair))
        self._program("told", f'echo "$KUBERNETES_EXEC_INFO" >> {self.told}\n{says({"token": token})}')

    @property
    def told(self) -> Path:
        """Where a plugin writes down what it is told."""
        return self.folder / "told.jsonl"

    def _program(self, name: str, script: str) -> None:
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def write(self, text: str, name: str = "kubeconfig") -> Path:
        """Write a kubeconfig, with its names filled in."""
        file = self.folder / name
        file.write_text(Template(text).safe_substitute(self._names))
        return file

    def kubectl(self, *words: str) -> Seen:
        """Ask with kubectl."""
        marked, path = self._marked()
        argv: list[str | Path] = [nodeimage.programs() / "kubectl", *words, "get", "--raw", path]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        self.kubectl_said = done.stderr
        return self._seen(marked)

    def ours(self, place: Place) -> Seen:
        """Ask as the exporters do; whatever is wrong is one sentence."""
        marked, path = self._marked()
        self.we_said = ""
        try:
            ApiClient(place).get(path)
        except ApiError as error:
            self.we_said = str(error)
        assert "\n" not in self.we_said
        return self._seen(marked)

    def _marked(self) -> tuple[str, str]:
        marked = f"case%3D{next(self.numbers)}x"
        return marked, f"{PATH}?labelSelector={marked}"

    def _seen(self, marked: str) -> Seen:
        """Return what the server wrote down about the one request so marked."""
        lines = [line for line in self.api.audit_log.read_text().splitlines() if f"={marked}" in line]
        if not lines:
            return None
        (found,) = map(json.loads, lines)
        who = {name: found.get(name) for name in ("user", "impersonatedUser")}
        for one in who.values():
            (one or {}).get("extra", {}).pop("authentication.kubernetes.io/credential-id", None)
        code, uri = found["responseStatus"]["code"], found["requestURI"]
        return {"code": code, "path": uri.partition("?")[0], **who}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Return an API server that writes down who asks it."""
    server = ApiServer(tmp_path_factory.mktemp("audited"), audited=True)
    with process.interruptible():
        try:
            server.start()
            yield Both(server, tmp_path_factory.mktemp("kubeconfigs"))
        finally:
            server.kill()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy of this machine take part."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_kubeconfig_means_what_it_means_to_kubectl(
    both: Both, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes both for the same and answers both the same, or neither asks it."""
    for name, value in form.environment.items():
        monkeypatch.setenv(name, value)
    file = both.write(form.text())
    theirs, ours = both.kubectl(f"--kubeconfig={file}"), both.ours(Place(file))
    assert theirs == ours, f"kubectl said {both.kubectl_said!r}, we {both.we_said!r}"
    assert (ours is None) == form.refused, both.we_said


OTHER = WHOLE.replace("$TOKEN", "other")


@pytest.mark.parametrize(
    ("first", "second", "context"),
    [
        (WHOLE, OTHER, ""),
        (OTHER, WHOLE, ""),
        (WHOLE, OTHER, "it"),
        (WHOLE.replace("current-context: it", ""), OTHER.replace("name: it", "name: that"), "it"),
        ("", WHOLE, ""),
        ("users: [{name: it, user: {token: other}}]", WHOLE, ""),
        ("current-context: that", WHOLE, ""),
        ("users: [{name: it}]", WHOLE, ""),
        ("a: [", WHOLE, ""),
        (WHOLE, "users: [{name: 5}]", ""),
    ],
)
def test_files_are_joined_as_kubectl_joins_them(
    both: Both, first: str, second: str, context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one name the first file's meaning counts, whole; files that aren't there are none."""
    files = [both.write(first, "first"), both.folder / "none", both.write(second, "second")]
    listed = os.pathsep.join(map(str, files))
    monkeypatch.setenv("KUBECONFIG", listed)
    theirs = both.kubectl(*([f"--context={context}"] if context else ()))
    assert theirs == both.ours(Place(Path(listed), context or None)), both.we_said


def test_a_plugin_is_told_what_kubectl_tells_it(both: Both) -> None:
    """Of the cluster it is told all, for it asked."""
    both.told.unlink(missing_ok=True)
    (form,) = (form for form in FORMS if form.name == "exec that looks at the cluster")
    file = both.write(form.text())
    assert both.kubectl(f"--kubeconfig={file}") == both.ours(Place(file))
    theirs, ours = map(json.loads, filter(None, both.told.read_text().splitlines()))
    assert {"audience": "it", "port": 8} == theirs["spec"]["cluster"]["config"]
    assert theirs == ours
