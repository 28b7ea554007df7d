"""The engine: the Docker that answers, or a clear word on why there is none."""

import os
from pathlib import Path

import pytest

from alertdrill.errors import LabError, UsageError
from alertdrill.machine import docker

DOCKER = """#!/bin/sh
echo "$@" >> {folder}/calls
case "$1 $2" in
"version "*) {version};;
"image ls") [ "$4" = here ] && echo abc || true;;
"manifest inspect") [ "$3" = there ];;
"ps --all") printf 'one\\ntwo\\n';;
esac
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a docker command on PATH that answers like one with an engine behind it."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return write(tmp_path, version="echo 28.5.2")


def write(folder: Path, *, version: str) -> Path:
    """Write the docker command."""
    program = folder / "docker"
    program.write_text(DOCKER.format(folder=folder, version=version))
    program.chmod(0o755)
    return folder


def test_the_docker_that_answers_is_used(scripted: Path) -> None:
    """An engine that answers is taken as it is, and is not ours to stop."""
    engine = docker.answering()
    assert engine == docker.Engine("the Docker that answers on this machine")
    assert (scripted / "calls").read_text().startswith("version ")


def test_a_docker_command_without_an_engine_is_no_engine(scripted: Path) -> None:
    """A command alone is not enough."""
    write(scripted, version="echo 'Cannot connect' >&2; exit 1")
    assert docker.answering() is None


def test_no_docker_command_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no docker command, nothing is asked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert docker.answering() is None


@pytest.mark.parametrize(("image", "has", "pulls"), [("here", True, False), ("there", False, True)])
@pytest.mark.usefixtures("scripted")
def test_images_are_looked_for_here_and_there(image: str, has: bool, pulls: bool) -> None:  # noqa: FBT001
    """What the engine has, and what its registry has, are two questions."""
    engine = docker.Engine("scripted")
    assert has == engine.has_image(image)
    assert pulls == engine.can_pull(image)


@pytest.mark.usefixtures("scripted")
def test_containers_are_listed_by_name() -> None:
    """All of them, running or not."""
    assert ["one", "two"] == docker.Engine("scripted").containers("label=a=b")


def test_without_docker_only_root_gets_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is not root is told what to do."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match=r"none answers, and only root may start one of its own: start Docker"):
        docker.private(dict, "a private one")


def test_a_cache_too_deep_for_sockets_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that no socket can have is found before anything is started."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / ("x" * 100)))
    with pytest.raises(UsageError, match="letters too long for the sockets of a private engine"):
        docker.private(dict, "a private one")


def test_an_engine_that_will_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What dockerd said last is in the sentence, and nothing is left running."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path))
    monkeypatch.setattr(docker, "SOCKET_PATH_MAX", 1000)  # no socket is made here
    dockerd = tmp_path / "dockerd"
    dockerd.write_text("#!/bin/sh\necho 'no space left on device'\nexit 1\n")
    dockerd.chmod(0o755)
    with pytest.raises(LabError, match="dockerd ended: no space left on device") as caught:
        docker.private(lambda: {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}, "a private one")
    assert f"all of it: {tmp_path}/engine/dockerd.log" in str(caught.value)
    assert not docker.stop_private()


def test_an_engine_of_ours_that_does_not_run_is_not_started_to_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even its programs are looked for."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path))
    assert docker.running(lambda: pytest.fail("looked for programs")) is None
    assert not (tmp_path / "engine").exists()
