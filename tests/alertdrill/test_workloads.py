"""Workloads are fit to be broken, and are not broken by a busy machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from alertdrill import data
from alertdrill.clock import WallClock, wait_for

FILES = sorted(data.path("fixtures", "workloads").glob("*/workload.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_a_probe_waits_for_a_busy_machine(file: Path) -> None:
    """A kubelet gives a probe five seconds: one that is only slow must not look like a fault."""
    things = [thing for thing in yaml.safe_load_all(file.read_text()) if thing["kind"] == "Deployment"]
    containers = [one for thing in things for one in thing["spec"]["template"]["spec"]["containers"]]
    assert [5] * len(containers) == [one["readinessProbe"]["timeoutSeconds"] for one in containers]


FROM_GIT = list(
    yaml.safe_load_all(data.path("fixtures", "workloads", "from-git", "workload.yaml").read_text())
)


def config_map(name: str) -> dict[str, str]:
    """Return what a ConfigMap of the workload `from-git` holds."""
    (found,) = [one for one in FROM_GIT if (one["kind"], one["metadata"]["name"]) == ("ConfigMap", name)]
    held: dict[str, str] = found["data"]
    return held


def test_what_stands_in_git_is_what_was_applied() -> None:
    """Before anything is broken the cluster is as its repository says, to the last field."""
    in_git = [yaml.safe_load(text) for text in config_map("in-git").values()]
    names = {(one["kind"], one["metadata"]["name"]) for one in in_git}
    assert {("ConfigMap", "settings"), ("Deployment", "web"), ("Service", "web")} == names
    assert [] == [one for one in in_git if one not in FROM_GIT]


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Run the workload's git server; returns its URL and the folder that it serves commits of."""
    (tmp_path / "in-git").mkdir()
    for name, text in config_map("in-git").items():
        (tmp_path / "in-git" / name).write_text(text)
    (tmp_path / "serve.py").write_text(config_map("git")["serve.py"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [tmp_path / name for name in ("serve.py", "in-git", "files", "served")]
    with subprocess.Popen([sys.executable, *words, str(port)]) as server:
        try:
            wait_for("the git server", lambda: answers(port), deadline=20, clock=WallClock(), every=0.05)
            yield f"http://127.0.0.1:{port}", tmp_path / "files"
        finally:
            server.terminate()


def answers(port: int) -> bool:
    """Say whether somebody listens."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_git_takes_the_repository_for_one(repository: tuple[str, Path], tmp_path: Path) -> None:
    """A real git fetches it as git-sync does, finds a commit for each change, and nothing new without one."""
    url, files = repository
    heads = []
    git(tmp_path, "init", "--quiet")
    for change in (None, "a: 1\n", "a: 1\n", None):
        if change is None:
            (files / "settings.yaml").write_text(config_map("in-git")["settings.yaml"])
        else:
            (files / "settings.yaml").write_text(change)
        git(tmp_path, "fetch", url, "HEAD", "--verbose", "--no-progress", "--prune", "--no-auto-gc")
        heads.append(git(tmp_path, "rev-parse", "FETCH_HEAD^{}"))
        assert (files / "settings.yaml").read_text() == git(tmp_path, "show", "FETCH_HEAD:settings.yaml")
    first, second, third, fourth = heads
    assert (second, 3) == (third, len({first, second, fourth}))
    assert [second, first] == git(tmp_path, "rev-list", f"{fourth}^").split()


def git(folder: Path, *words: str) -> str:
    """Run git, apart from any configuration of this machine; returns what it said."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.rstrip("\n") + ("\n" if words[0] == "show" else "")
