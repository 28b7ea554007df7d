"""What the stack deploys, and the drill breaks, is a command line that prom-run and kubediff understand."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter_kit import log
from exporter_kit.durations import seconds
from kubediff import cli
from prom_run import cli as prom_run

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / "manifests" / "base" / "kubediff" / "deployment.yaml",
    ROOT / "fixtures" / "workloads" / "from-git" / "workload.yaml",
]


def containers(file: Path) -> list[dict[str, Any]]:
    """Return kubediff's container and git-sync's."""
    deployment = next(
        one
        for one in yaml.safe_load_all(file.read_text())
        if (one["kind"], one["metadata"]["name"]) == ("Deployment", "kubediff")
    )
    found: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    return found


def flags(container: dict[str, Any]) -> dict[str, str]:
    """Return a container's flags."""
    return dict(word.lstrip("-").partition("=")[::2] for word in container["args"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_its_arguments_are_understood(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both halves of the arguments are good; drift is a success to prom-run, a new commit a reason to run."""
    words = containers(file)[0]["args"]
    assert {"-success-codes=0,2", "--on-commit", "--pass-env=KUBERNETES_*"} <= set(words)
    here = [f"--data={tmp_path}" if word.startswith("--data=") else word for word in words]
    monkeypatch.setattr(sys, "argv", ["prom-run", "--check", *here])
    monkeypatch.setattr(log, "configure", lambda *_, **__: None)  # the logging of the tests stays as it is
    prom_run.main()
    assert "good: 1 command(s)\n" == capsys.readouterr().out

    inner = words[words.index("kubediff") + 1 :]
    context = cli.kubediff.make_context("kubediff", inner)
    assert ("/data/git/repo",) == context.params["paths"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_both_mean_the_same_checkout(file: Path) -> None:
    """What git-sync links to is what prom-run resolves, and it stays for longer than a run may take."""
    ours, git_sync = (flags(container) for container in containers(file))
    assert ours["checkout"] == f"{git_sync['root']}/{git_sync['link']}"
    assert seconds(ours["timeout"]) + 5 < seconds(git_sync["stale-worktree-timeout"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_git_sync_is_scraped(file: Path) -> None:
    """KubediffStale goes by git-sync's own metrics: they are served, at a port that says so by its name."""
    _, git_sync = containers(file)
    (port,) = git_sync["ports"]
    assert {"http-metrics", "http-bind"} <= flags(git_sync).keys()
    assert (True, f":{port['containerPort']}") == (
        port["name"].endswith("-metrics"),
        flags(git_sync)["http-bind"],
    )
