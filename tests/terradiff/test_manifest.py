"""What the stack deploys is a command line that prom-run and terradiff understand."""

import sys
from pathlib import Path

import pytest
import yaml

from exporter_kit import log
from prom_run import cli as prom_run
from terradiff import cli

MANIFESTS = Path(__file__).parents[2] / "manifests" / "base" / "terradiff"
WORKLOAD = Path(__file__).parents[2] / "fixtures" / "workloads" / "infrastructure" / "workload.yaml"


@pytest.mark.parametrize("file", [MANIFESTS / "deployment.yaml", WORKLOAD], ids=lambda file: file.parent.name)
def test_its_arguments_are_understood(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both halves of the arguments are good, and drift is a success to prom-run."""
    deployment = list(yaml.safe_load_all(file.read_text()))[-1]
    words = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "-success-codes=0,2" in words
    here = [f"--data={tmp_path}" if word.startswith("--data=") else word for word in words]
    monkeypatch.setattr(sys, "argv", ["prom-run", "--check", *here])
    monkeypatch.setattr(log, "configure", lambda *_, **__: None)  # the logging of the tests stays as it is
    prom_run.main()
    assert "good: 1 command(s)\n" == capsys.readouterr().out

    inner = words[words.index("terradiff") + 1 :]
    context = cli.terradiff.make_context("terradiff", inner)
    assert context.params["folder"].is_absolute()


def test_a_checkout_outlives_the_plan_that_reads_it() -> None:
    """What git-sync has replaced stays longer than a run, with the time to end it, may take."""
    (deployment,) = yaml.safe_load_all((MANIFESTS / "deployment.yaml").read_text())
    ours, git_sync = (
        dict(word.lstrip("-").partition("=")[::2] for word in container["args"])
        for container in deployment["spec"]["template"]["spec"]["containers"]
    )
    assert "9m" == ours["timeout"]
    assert "kill-after" not in ours  # seconds, where it is not said
    assert "15m" == git_sync["stale-worktree-timeout"]
