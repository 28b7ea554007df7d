"""Faults by which a cluster and its repository part: what reaches kubectl, and what a pod makes of it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alertdrill import faults
from alertdrill.errors import LabError
from alertdrill.faults import catalogue
from alertdrill.faults.base import Place
from alertdrill.faults.commit import FILES, GIVEN
from alertdrill.scenario import Fault, Scenario
from alertdrill.testing.kube import FakeKube

READ = {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]}
OTHER = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]}


def run(fault: Fault, how: str, answer: object = None) -> list[tuple[str, ...]]:
    """Inject or heal a fault in the namespace `a`, kubectl answering so; returns what reached it."""

    def says(words: Sequence[str]) -> str:
        return json.dumps(answer) if "get" in words else ""

    kube = FakeKube(lambda _resource: [{"metadata": {"name": "git-1"}}], says=says)
    kind = catalogue.of(Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=fault))
    assert kind
    getattr(kind, how)(Place(kube, "a", 20.0), fault.args)
    assert all("--namespace=a" in words for words in kube.words)
    return kube.words


def patch(words: tuple[str, ...]) -> Any:
    """Return what a kubectl patch writes."""
    return json.loads(next(word for word in words if word.startswith("--patch=")).removeprefix("--patch="))


def in_the_pod(folder: Path, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run what a fault has a pod run, in a folder that stands for the pod's root."""
    statement = words[-1]
    for path, here in ((FILES, "files"), (GIVEN, "given"), ("/tmp/aside", "aside")):
        statement = statement.replace(path, f"{folder}/{here}")
    return subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, check=False)


def test_a_commit_changes_a_file_and_is_reverted(tmp_path: Path) -> None:
    """The file has the new text, and after the repair the text it had when the repository began."""
    for name in ("files", "given"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "web.yaml").write_text("replicas: 1\npaused: 'no'\n")
    fault = faults.commit("x=y", file="web.yaml", old="paused: 'no'\n", new="")
    for how, text in (("inject", "replicas: 1\n"), ("heal", "replicas: 1\npaused: 'no'\n")):
        (words,) = run(fault, how)
        assert ("git-1", 0) == (words[2], in_the_pod(tmp_path, words).returncode)
        assert text == (tmp_path / "files" / "web.yaml").read_text()
    assert ["web.yaml"] == [file.name for file in (tmp_path / "files").iterdir()]


def test_a_commit_of_nothing_is_an_error(tmp_path: Path) -> None:
    """A text that is not in the file breaks nothing, which must not read as a silence that passed."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "web.yaml").write_text("replicas: 1\n")
    (words,) = run(faults.commit("x=y", file="web.yaml", old="replicas: 2", new="x"), "inject")
    done = in_the_pod(tmp_path, words)
    assert (1, "replicas: 1\n") == (done.returncode, (tmp_path / "files" / "web.yaml").read_text())
    assert "substring not found" in done.stderr


def test_a_right_is_taken_and_given_back() -> None:
    """Only the rules about the resource go, and what comes back is to get and list."""
    fault = faults.revoke("kubediff", resource="services")
    _, taking = run(fault, "inject", {"rules": [READ, OTHER]})
    assert {"rules": [OTHER]} == patch(taking)
    _, giving = run(fault, "heal", {"rules": [OTHER]})
    assert {"rules": [OTHER, READ]} == patch(giving)


def test_a_right_that_is_there_is_not_given_twice() -> None:
    """A repair after half a fault changes nothing."""
    assert 1 == len(run(faults.revoke("kubediff", resource="services"), "heal", {"rules": [READ]}))


def test_a_right_that_nobody_has_can_t_be_taken() -> None:
    """A Role without the resource is lab trouble: nothing would be broken."""
    with pytest.raises(LabError, match=r"the Role kubediff says nothing of jobs\.batch"):
        run(faults.revoke("kubediff", resource="jobs.batch"), "inject", {"rules": [READ, OTHER]})
