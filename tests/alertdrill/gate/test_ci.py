"""The hook, the action and the template do what they say, in a repository with a changed rule."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertdrill import data

CRASH_LOOP = data.path("fixtures", "incidents", "pods-crash-loop")
IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.com")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository of rules and a recording, whose rules were changed since its last commit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    shutil.copytree(CRASH_LOOP, tmp_path / "incidents" / "crash-loop")
    rules = tmp_path / "rules" / "pods.rules.yaml"
    rules.parent.mkdir()
    shutil.copy(data.path("rules", "pods.rules.yaml"), rules)
    for words in (("init", "-q"), ("add", "."), (*IDENTITY, "commit", "-qm", "x")):
        subprocess.run(["git", *words], check=True)
    rules.write_text(rules.read_text().replace("[10m]) > 0", "[1m]) > 1/300"))
    return tmp_path


def ran(script: str, **more: str) -> tuple[int, str]:
    """Run a script as a CI system does."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def read(*place: str) -> Any:
    """Return a file of this repository."""
    return yaml.safe_load(data.CHECKOUT.joinpath(*place).read_text())


def approve(repository: Path) -> None:
    """Say that the alert may fall silent."""
    (repository / "gate.txt").write_text(
        "2999-12-31 PodRestartingTooMuch no-longer-fires * It is replaced.\n"
    )


def test_the_hook_stops_a_commit_that_silences_an_alert(repository: Path) -> None:
    """As pre-commit calls it; what is approved goes through."""
    (hook,) = [one for one in read(".pre-commit-hooks.yaml") if one["id"] == "alertdrill-gate"]
    command = " ".join([hook["entry"], *hook["args"]])
    code, said = ran(command)
    assert (1, True) == (code, "no-longer-fires PodRestartingTooMuch (warning)  [pods/crash-loop]" in said)
    approve(repository)
    assert 0 == ran(f"{command} --approvals gate.txt")[0]


def test_the_other_hook_checks_the_rules(repository: Path) -> None:
    """It passes rules that are right, and stops those that are not."""
    (hook,) = [one for one in read(".pre-commit-hooks.yaml") if one["id"] == "alertdrill-rules"]
    command = " ".join([hook["entry"], *hook["args"]])
    before = ran(command)[0]
    (repository / "rules" / "pods.rules.yaml").write_text("groups: [{name: g, rules: [{alert: A}]}]\n")
    assert (0, 2) == (before, ran(command)[0])


@pytest.mark.usefixtures("repository")
def test_the_action_writes_its_summary_and_fails(tmp_path: Path) -> None:
    """The step of the action holds the branch against its base, and leaves a summary either way."""
    (step,) = [one for one in read("action.yml")["runs"]["steps"] if one["name"] == "gate"]
    given: Mapping[str, str] = {name: one["default"] for name, one in read("action.yml")["inputs"].items()}
    summary = tmp_path / "summary"
    words = {
        "RULES": given["rules"],
        "INCIDENTS": given["incidents"],
        "APPROVALS": given["approvals"],
        "BASE": "HEAD",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    assert {"GITHUB_STEP_SUMMARY", *step["env"]} == set(words)
    assert 1 == ran(step["run"], **words)[0]
    assert "| PodRestartingTooMuch | warning | **does not fire** any more |" in summary.read_text()
    approve(tmp_path)
    assert 0 == ran(step["run"], **{**words, "APPROVALS": "gate.txt"})[0]


@pytest.mark.usefixtures("repository")
def test_the_template_writes_its_reports_and_fails(tmp_path: Path) -> None:
    """The script of the job holds the branch against its base, and leaves what GitLab shows."""
    job = read(".gitlab", "alertdrill-gate.yml")["alertdrill-gate"]
    words = {name: value for name, value in job["variables"].items() if name.isupper()}
    code, _ = ran("\n".join(job["script"]), **words, CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD")
    kept = [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]
    assert (1, [True, True]) == (code, [(tmp_path / one).exists() for one in kept])
