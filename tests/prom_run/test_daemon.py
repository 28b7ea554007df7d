"""A prom-run of its own: signals, reloads, restarts, disks that fill up."""

import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from git_sync_stand_in.hooks import Webhook
from prom_run.runs import procfs
from prom_run.runs.history import OnDisk

from .conftest import PromRun, alive

Start = Callable[..., PromRun]
LONG = "86398.{}"
RELOADED = "promrun_config_last_reload_success_timestamp_seconds"


def written(folder: Path, text: str) -> Path:
    """Write a file of commands."""
    file = folder / "commands.yaml"
    file.write_text(text)
    return file


def ended(name: str, count: int = 1) -> Callable[[PromRun], bool]:
    """Return what is true once a command has ended so many runs."""
    return lambda it: (it.metric(f'promrun_command_duration_seconds_count{{command="{name}"}}') or 0) >= count


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_its_children_and_says_zero(start: Start, tmp_path: Path, number: int) -> None:
    """A run in progress is ended, kept as stopped, and the exit code is 0."""
    sleep = LONG.format(f"1{number:02}")  # the two may run beside each other
    running = start(
        "-name=long", "--data", str(tmp_path / "data"), "--", "/bin/sh", "-c", f"sleep {sleep} & wait"
    )
    running.wait_for(lambda _: alive(sleep))
    assert 1 == running.metric('promrun_command_running{command="long"}')
    assert 0 == running.end(number)
    assert [] == alive(sleep)
    assert ["stopped"] == [run.outcome for run in OnDisk(tmp_path / "data" / "long").load()]
    assert "Traceback" not in running.log.read_text()


def test_a_child_that_ignores_sigterm_does_not_keep_it(start: Start) -> None:
    """The end waits for --kill-after, no longer."""
    sleep = LONG.format(2)
    running = start(
        "-kill-after=300ms", "--", "/bin/sh", "-c", f"trap '' TERM; while :; do sleep {sleep}; done"
    )
    running.wait_for(lambda _: alive(sleep))
    assert 0 == running.end(signal.SIGTERM)
    assert [] == alive(sleep)


def test_a_restart_remembers(start: Start, tmp_path: Path) -> None:
    """Before the first run ends, the last code and success of before are there: no alert starts anew."""
    data = str(tmp_path / "data")
    flag = tmp_path / "flag"
    line = f"test -e {flag} && sleep 60; exit 2"
    words = ("-name=x", "-period=1h", "--data", data, "--shell", "--", line)
    first = start(*words)
    first.wait_for(ended("x"))
    assert 2 == first.metric('command_exit_code{command="x"}')
    first.end(signal.SIGTERM)

    flag.touch()
    second = start(*words)
    assert (2, 1) == (
        second.metric('command_exit_code{command="x"}'),
        second.metric('promrun_command_running{command="x"}'),
    )
    assert 1 == len(second.get("/api/v1/commands/x").json()["runs"])


def test_sighup_reloads(start: Start, tmp_path: Path) -> None:
    """Commands come, change and go; a broken file changes nothing and is told as a metric."""
    sleep = LONG.format(3)
    file = written(
        tmp_path, f"commands: [{{name: old, command: [sleep, '{sleep}']}}, {{name: kept, command: ['true']}}]"
    )
    running = start("--config", str(file))
    running.wait_for(lambda _: alive(sleep))
    running.wait_for(ended("kept"))

    written(
        tmp_path, "commands: [{name: kept, command: ['false'], period: 50ms}, {name: new, command: ['true']}]"
    )
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(lambda it: it.metric('command_exit_code{command="kept"}') == 1)
    running.wait_for(ended("new"))
    running.wait_for(lambda _: not alive(sleep))
    assert running.metric('command_exit_code{command="old"}') is None
    assert 1 == running.metric("promrun_config_last_reload_successful")

    written(tmp_path, "commands: [")
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(lambda it: it.metric("promrun_config_last_reload_successful") == 0)
    assert running.metric('command_exit_code{command="new"}') == 0


def test_masks_of_a_reload_count_for_the_log(start: Start, tmp_path: Path) -> None:
    """What is hidden in pages from then on is hidden there, too."""
    text = "{0}commands: [{{name: open-sesame, command: ['true'], period: 50ms}}]"
    file = written(tmp_path, text.format(""))
    running = start("--config", str(file))
    running.wait_for(ended("open-sesame"))
    assert "command=open-sesame" in running.log.read_text()
    written(tmp_path, text.format("masks: [sesame]\n"))
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(lambda it: "command=open-•••" in it.log.read_text())
    after = running.log.read_text().partition("command=open-•••")[2]
    assert "sesame" not in after


def test_a_reload_that_fails_half_way_changes_nothing(start: Start, tmp_path: Path) -> None:
    """A command that can't be begun, as its folder can't be made, leaves all others as they are."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "new").write_text("a file where its folder should be")
    file = written(tmp_path, "commands: [{name: old, command: ['true']}]")
    running = start("--config", str(file), "--data", str(tmp_path / "data"))
    running.wait_for(ended("old"))
    written(tmp_path, "commands: [{name: new, command: ['true']}, {name: other, command: ['true']}]")
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(lambda it: it.metric("promrun_config_last_reload_successful") == 0)
    assert (0, None) == (
        running.metric('command_exit_code{command="old"}'),
        running.metric('promrun_command_running{command="other"}'),
    )


def test_a_textfile_that_is_wanted_no_more_is_shown_no_more(start: Start, tmp_path: Path) -> None:
    """After a reload without it its metrics are gone: they would never change again."""
    metric = tmp_path / "a.prom"
    text = "commands: [{{name: a, command: [sh, -c, 'echo my_metric 42 > {0}'], period: 50ms{1}}}]"
    file = written(tmp_path, text.format(metric, f", textfile: {metric}"))
    running = start("--config", str(file))
    running.wait_for(lambda it: it.metric('my_metric{command="a"}') == 42)
    written(tmp_path, text.format(metric, ""))
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(lambda it: it.metric('my_metric{command="a"}') is None)
    assert 1 == running.metric("promrun_config_last_reload_successful")


def test_a_name_given_back_at_once_does_not_overlap(start: Start, tmp_path: Path) -> None:
    """A command that is removed and comes back waits until its old run has ended."""
    sleep = LONG.format(4)
    slow = f"trap 'sleep 0.5; exit 0' TERM; sleep {sleep} & wait; sleep {sleep}"
    text = f"commands: [{{name: x, shell: true, command: \"{slow}\"}}, {{name: y, command: ['true']}}]"
    running = start("--config", str(written(tmp_path, text)))
    running.wait_for(lambda _: alive(sleep))
    for content in ("commands: [{name: y, command: ['true']}]", text):
        written(tmp_path, content)
        before = running.metric(RELOADED)
        running.process.send_signal(signal.SIGHUP)
        while running.metric(RELOADED) == before:
            pass
    running.wait_for(lambda it: it.metric('promrun_command_running{command="x"}'))
    assert len(alive(sleep)) <= 1


def test_killed_at_random_moments_its_history_is_whole(start: Start, tmp_path: Path) -> None:
    """After each SIGKILL the next start reads every run that is there."""
    commands = ", ".join(f"{{name: c{number}, command: [seq, '9999'], period: 20ms}}" for number in range(5))
    file = written(tmp_path, f"commands: [{commands}]")
    chance = random.Random(3)  # noqa: S311  # repeatable, no secret
    for _ in range(3):
        running = start("--config", str(file), "--data", str(tmp_path / "data"))
        assert "can't be read" not in running.log.read_text()
        running.wait_for(lambda _: len({file.parent for file in tmp_path.rglob("data/*/*.json")}) == 5)
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(chance.uniform(0.05, 0.4))
        running.end(signal.SIGKILL)
    for number in range(5):
        folder = tmp_path / "data" / f"c{number}"
        files = sorted(folder.glob("*.json"))
        assert files
        for each in files:
            assert 48_888 == json.loads(each.read_bytes())["output"]["total_bytes"]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs util-linux's unshare for a small disk")
def test_a_full_disk_stops_nothing(start: Start, tmp_path: Path) -> None:
    """A command that fills the disk goes on running and being reported; only its history has gaps."""
    disk = tmp_path / "disk"
    disk.mkdir()
    full = f"dd if=/dev/zero of={disk}/fill bs=4k 2>/dev/null"
    fill = f"if test -e {tmp_path}/empty; then rm -f {disk}/fill; else {full}; fi; echo tried"
    mount = f'mount -t tmpfs -o size=256k tmpfs {disk} && exec "$@"'
    running = start(
        *("-name=fill", "-period=100ms", "--data", str(disk / "data"), "--shell", "--", fill),
        before=("unshare", "--mount", "--map-root-user", "/bin/sh", "-c", mount, "sh"),
    )
    running.wait_for(lambda it: (it.metric('promrun_history_write_errors_total{command="fill"}') or 0) >= 3)
    assert 0 == running.metric('command_exit_code{command="fill"}')
    assert "tried" in running.get("/c/fill").text
    assert 200 == running.get("/livez").status_code
    assert 'event="run not saved"' in running.log.read_text()

    # Only the last output is in memory; one before it must have been saved to be there.
    assert 404 == _before_last(running)
    (tmp_path / "empty").touch()
    running.wait_for(lambda it: _before_last(it) == 200)


def _before_last(running: PromRun) -> int:
    """Ask for the output of the last run but one."""
    run = running.get("/api/v1/commands/fill").json()["runs"][2]["id"]
    return running.get(f"/c/fill/runs/{run}/output").status_code


def test_a_hundred_commands_share_one_process(start: Start, tmp_path: Path) -> None:
    """All of them run, on time, and are answered for in one scrape."""
    commands = "\n".join(
        f"- {{name: c{number}, command: [echo, '{number}'], period: 2s}}" for number in range(100)
    )
    running = start(
        "--config", str(written(tmp_path, f"commands:\n{commands}")), "--data", str(tmp_path / "data")
    )

    def done(it: PromRun) -> bool:
        lines = it.get("/metrics").text.splitlines()
        return 100 == sum("last_run_success{" in line and line.endswith(" 1.0") for line in lines)

    running.wait_for(done)
    threads = len(os.listdir(f"/proc/{running.process.pid}/task"))  # noqa: PTH208
    assert threads < 10
    running.end(signal.SIGTERM)
    assert 100 == len(list((tmp_path / "data").iterdir()))


@pytest.mark.slow
def test_a_flood_takes_no_memory(start: Start) -> None:
    """While a command prints half a gigabyte, the process stays within 40 MB of what it had when idle."""
    running = start("-name=x", "-period=1h", "--shell", "--", "sleep 1; head -c 500000000 /dev/zero")
    idle = _kilobytes(running, "VmRSS")
    running.wait_for(ended("x"))
    assert 500_000_000 == running.metric('promrun_command_output_bytes{command="x"}')
    assert _kilobytes(running, "VmHWM") - idle < 40_000


def _kilobytes(running: PromRun, field: str) -> int:
    """Return a size that the kernel tells of the process."""
    lines = Path(f"/proc/{running.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def test_requests_start_runs(start: Start, tmp_path: Path) -> None:
    """A git-sync hook's request runs a check at once; one during a run is kept, once."""
    token = tmp_path / "token"
    token.write_text("correct-horse-battery")
    marks = tmp_path / "marks"
    line = f"echo run >> {marks}; sleep 0.5"
    running = start("-name=x", "-period=1h", "--run-token-file", str(token), "--shell", "--", line)
    running.wait_for(lambda _: marks.exists())
    header = {"Authorization": "Bearer correct-horse-battery"}

    for _ in range(5):
        assert (200, {"asked": ["x"]}) == (
            (answer := running.post("/-/run", headers=header)).status_code,
            answer.json(),
        )
    running.wait_for(ended("x", 2))
    assert 2 == len(marks.read_text().splitlines())
    triggers = [run["trigger"] for run in running.get("/api/v1/commands/x").json()["runs"]]
    assert ["request", "start"] == triggers
    assert [401, 404] == [
        running.post("/-/run").status_code,
        running.post("/-/run?command=none", headers=header).status_code,
    ]


def test_the_hook_of_the_readme_is_taken_at_once(start: Start, tmp_path: Path) -> None:
    """A git-sync webhook, its URL as the README writes it, takes 200 only: that is what it gets."""
    token = tmp_path / "token"
    token.write_text("correct-horse/battery")
    running = start("-name=x", "-period=1h", "--run-token-file", str(token), "--", "true")
    running.wait_for(ended("x"))
    url = running.url.replace("//", "//x:correct-horse%2Fbattery@") + "/-/run"
    Webhook(url, method="POST", success=200, timeout=10)("c0ffee", tmp_path)
    running.wait_for(ended("x", 2))
    triggers = [run["trigger"] for run in running.get("/api/v1/commands/x").json()["runs"]]
    assert ["request", "start"] == triggers


def test_a_new_commit_starts_a_run(start: Start, tmp_path: Path) -> None:
    """A checkout that comes, and one that moves on, is run on at once; one that stays is not run on again."""
    link = tmp_path / "repo"
    words = (f"--checkout={link}", "--on-commit", "--", "echo", str(link))
    running = start("-name=x", "-period=1h", *words)
    running.wait_for(ended("x"))
    for number, commit in enumerate(("1" * 40, "2" * 40), start=2):
        (tmp_path / commit).mkdir()
        (tmp_path / "new").symlink_to(tmp_path / commit)
        (tmp_path / "new").rename(link)
        running.wait_for(ended("x", number))
    with pytest.raises(subprocess.TimeoutExpired):
        running.process.wait(2.5)  # it has looked twice more
    runs = running.get("/api/v1/commands/x").json()["runs"]
    assert [("commit", "2" * 40), ("commit", "1" * 40), ("start", "")] == [
        (run["trigger"], run["commit"]) for run in runs
    ]


def test_no_zombies_are_left(start: Start) -> None:
    """Orphans of runs are reaped by whoever adopts them: this process."""
    running = start("-period=50ms", "-name=x", "--shell", "--", "(sleep 0.1 &) ; (true &)")
    running.wait_for(ended("x", 10))

    def zombies() -> list[int]:
        ours = [each for each in procfs.processes() if each.parent == running.process.pid]
        return [each.pid for each in ours if each.state == "Z"]

    # One that ended a moment ago may still wait for its turn; one that is left stays.
    seen = set(zombies())
    running.wait_for(lambda _it: not seen & set(zombies()))
    assert not seen & set(zombies())
