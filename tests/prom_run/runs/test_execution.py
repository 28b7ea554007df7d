"""One run, however its command behaves. Every hostile case here once held up somebody's runner."""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter_kit.masks import HIDDEN, Masks
from prom_run.runs import procfs
from prom_run.runs.children import Children
from prom_run.runs.command import Command
from prom_run.runs.execution import Execution
from prom_run.runs.record import Record

from ..conftest import alive

RunOne = Callable[..., Record]
# A sleep that no other test uses, so that it can be looked for.
LONG = "86399.{}"


def shell(line: str) -> tuple[str, str, str]:
    """Return a shell command line as a command."""
    return "/bin/sh", "-c", line


def python(program: str) -> tuple[str, str, str]:
    """Return a Python program as a command."""
    return sys.executable, "-c", program


@pytest.mark.parametrize(
    ("line", "outcome", "code", "note"),
    [
        ("exit 0", "success", 0, ""),
        ("exit 3", "success", 3, ""),
        ("exit 2", "failure", 2, ""),
        ("kill -SEGV $$", "failure", 139, "ended by SIGSEGV"),
        ("kill -40 $$", "failure", 168, "ended by signal 40"),
    ],
)
def test_an_end_is_judged(run_one: RunOne, line: str, outcome: str, code: int, note: str) -> None:
    """Exit codes and signals become an outcome, a code and a note."""
    run = run_one(*shell(line), success_codes=frozenset({0, 3})).run
    assert (outcome, code, note) == (run.outcome, run.exit_code, run.note)


@pytest.mark.parametrize(
    ("argv", "fields", "note"),
    [
        (("/no/such",), {}, "can't run /no/such: No such file or directory"),
        (("/etc/passwd",), {}, "can't run /etc/passwd: Permission denied"),
        (("true",), {"cwd": "/no/folder"}, "can't run /no/folder: No such file or directory"),
        (("true",), {"checkout": "/no/link"}, "can't run /no/link: No such file or directory"),
        (("true", "x" * 3_000_000), {}, "can't run true: Argument list too long"),
    ],
    ids=["missing", "not executable", "no folder", "no checkout", "too long"],
)
def test_what_cannot_start_is_a_record(
    run_one: RunOne, argv: tuple[str, ...], fields: dict[str, str], note: str
) -> None:
    """A command that can't be started has a code and a sentence of its own."""
    run = run_one(*argv, **fields).run
    assert ("not started", 255, note) == (run.outcome, run.exit_code, run.note)


def test_both_streams_are_kept_in_order(run_one: RunOne) -> None:
    """Output and errors stand as they were printed; there is nothing to read from standard input."""
    record = run_one(*shell("echo one; echo two >&2; cat; echo three"))
    assert ("one\ntwo\nthree\n", 14) == (record.output.text(), record.run.output_bytes)


def test_the_environment_is_its_own(run_one: RunOne, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sees what it needs, what it asked for and the facts of its run: nothing else of ours."""
    for name in ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours-alone")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    record = run_one("/usr/bin/env", env={"LEVEL": "3"}, pass_env=("KUBERNETES_*",), textfile="/tmp/x.prom")
    given = dict(line.split("=", 1) for line in record.output.text().splitlines())
    assert "1" == given.pop("PROM_RUN_DEADLINE")[:1]
    assert "x/1/" == given.pop("PROM_RUN_ID")[:4]
    assert {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/home/me",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "LEVEL": "3",
        "PROM_RUN_COMMAND": "x",
        "PROM_RUN_TEXTFILE": "/tmp/x.prom",
    } == given


def test_secrets_of_its_environment_are_hidden(run_one: RunOne) -> None:
    """A value that a command was given as a token is hidden where it prints it."""
    record = run_one(*shell("echo it is $API_TOKEN"), env={"API_TOKEN": "open-sesame"})
    assert f"it is {HIDDEN}\n" == record.output.text()


def test_the_checkout_does_not_move_during_a_run(run_one: RunOne, tmp_path: Path) -> None:
    """A command gets the folder behind the link, in its words, as its folder and as a fact."""
    commit = "c" * 40
    (tmp_path / commit).mkdir()
    link = tmp_path / "repo"
    link.symlink_to(commit)
    script = 'echo "$0 $(pwd) $PROM_RUN_CHECKOUT $PROM_RUN_COMMIT"'
    record = run_one("/bin/sh", "-c", script, f"{link}/k8s", checkout=str(link), cwd=str(link))
    real = tmp_path / commit
    assert f"{real}/k8s {real} {real} {commit}\n" == record.output.text()
    assert commit == record.run.commit


def test_a_grandchild_that_holds_the_pipe_stops_nothing(run_one: RunOne) -> None:
    """The run ends with its command; who is left behind is counted and ended."""
    sleep = LONG.format(1)
    begun = time.monotonic()
    run = run_one(*shell(f"sleep {sleep} & echo started; exit 0")).run
    assert ("success", 1) == (run.outcome, run.leftovers)
    assert time.monotonic() - begun < 10
    assert [] == alive(sleep)


def test_a_timeout_is_not_held_up_by_a_grandchild(run_one: RunOne) -> None:
    """Time over, a shell ends at SIGTERM while its child ignores it and holds the pipe: the run is over."""
    sleep = LONG.format(2)
    line = f"(trap '' TERM; sleep {sleep}) & sleep {sleep}"
    run = run_one(*shell(line), timeout=0.5).run
    assert ("timeout", 124, "not done after 500ms") == (run.outcome, run.exit_code, run.note)
    assert run.duration < 0.5 + 1 + 4  # four for a machine that is busy with other things
    assert [] == alive(sleep)


@pytest.mark.parametrize("adopting", [True, False])
def test_a_daemon_is_ended_with_its_run(run_one: RunOne, adopting: bool) -> None:  # noqa: FBT001
    """Who leaves session, group and pipe is still known by the run's mark, adopted or not."""
    sleep = LONG.format(3)
    line = f"setsid -f sleep {sleep} </dev/null >/dev/null 2>&1"
    run = run_one(*shell(line), adopting=adopting).run
    assert ("success", 1) == (run.outcome, run.leftovers)
    assert [] == alive(sleep)


def test_who_leaves_for_good_stops_nothing(run_one: RunOne) -> None:
    """A daemon that also cleans its environment is left alone, and no run waits for it."""
    sleep = LONG.format(4)
    line = f"env -i setsid -f sleep {sleep} </dev/null >/dev/null 2>&1"
    assert "success" == run_one(*shell(line)).run.outcome
    assert "success" == run_one(*shell("true")).run.outcome
    (left,) = alive(sleep)
    found = procfs.process(left)
    assert found
    procfs.send(found, 9)
    while left in procfs.children():
        run_one(*shell("true"))


def test_two_hundred_children_are_all_ended(run_one: RunOne) -> None:
    """A crowd that ignores SIGTERM is gone when the run is."""
    sleep = LONG.format(5)
    line = f"trap '' TERM; i=0; while [ $i -lt 200 ]; do sleep {sleep} & i=$((i+1)); done; wait"
    run = run_one(*shell(line), timeout=3, kill_after=0.5).run
    assert ("timeout", 124) == (run.outcome, run.exit_code)
    assert [] == alive(sleep)


def test_ignoring_sigterm_only_gains_the_time_to_sigkill(run_one: RunOne) -> None:
    """A command that will not go is killed."""
    run = run_one(
        *shell("trap 'echo not me' TERM; while :; do sleep 0.1; done"), timeout=0.3, kill_after=0.4
    ).run
    assert "timeout" == run.outcome
    assert 0.7 <= run.duration < 5


def test_a_stopped_command_is_ended(run_one: RunOne) -> None:
    """A command that has stopped itself can't handle SIGTERM, and is killed."""
    assert "timeout" == run_one(*shell("kill -STOP $$"), timeout=0.3, kill_after=0.2).run.outcome


def test_job_control_does_not_hide_children(run_one: RunOne) -> None:
    """A process group of its own within the session is found."""
    sleep = LONG.format(6)
    run = run_one("/bin/bash", "-c", f"set -m; sleep {sleep} & exit 4").run
    assert (4, 1) == (run.exit_code, run.leftovers)
    assert [] == alive(sleep)


def test_closed_pipes_are_not_the_end(run_one: RunOne) -> None:
    """A command that closes its output is waited for all the same."""
    record = run_one(*shell("echo before; exec >&- 2>&-; sleep 0.3; exit 3"))
    assert (3, "before\n") == (record.run.exit_code, record.output.text())
    assert record.run.duration >= 0.3


def test_a_name_of_its_own_choice_changes_nothing(run_one: RunOne) -> None:
    """A process that calls itself `) S 1 1 1 (` is found and ended like any other."""
    sleep = LONG.format(7)
    program = (
        "import ctypes, os, signal, time\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.setsid()\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    ctypes.CDLL(None).prctl(15, b') S 1 1 1 (', 0, 0, 0)\n"
        f"    time.sleep({sleep})\n"
        "print(child)\n"
        "time.sleep(0.5)\n"
    )
    record = run_one(*python(program), kill_after=0.2)
    assert ("success", 1) == (record.run.outcome, record.run.leftovers)
    assert procfs.process(int(record.output.text())) is None


def test_a_run_of_another_prom_run_is_left_alone(run_one: RunOne) -> None:
    """A command of the same name, in a run of the same number, is not ours to end."""
    sleep = LONG.format(9)
    # The command ends once it has a session of its own: until then it is in the group of the run.
    told = f"sh -c 'echo; exec sleep {sleep} >/dev/null 2>&1'"
    theirs = run_one(*shell(f"env PROM_RUN_ID=x/1 setsid -f {told} | read _")).run
    assert ("success", 0) == (theirs.outcome, theirs.leftovers)
    while not alive(sleep):  # it has been forked, and may not be what it will be yet
        run_one(*shell("true"))
    (other,) = alive(sleep)
    assert 0 == run_one(*shell("exit 0")).run.leftovers
    assert [other] == alive(sleep)
    found = procfs.process(other)
    assert found
    procfs.send(found, 9)
    while other in procfs.children():
        run_one(*shell("true"))


def test_nuls_and_half_characters_are_kept_as_far_as_they_go(run_one: RunOne) -> None:
    """Output need not be text."""
    record = run_one(*shell(r"printf 'a\000b\303\251\303'"))
    assert ("a\0bé\ufffd", 6) == (record.output.text(), record.run.output_bytes)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=3000))
def test_any_output_is_recorded(run_one: RunOne, tmp_path: Path, raw: bytes) -> None:
    """Whatever bytes a command prints, the record has their number and their text."""
    file = tmp_path / "raw"
    file.write_bytes(raw)
    record = run_one("cat", str(file))
    assert (len(raw), raw.decode(errors="replace")) == (record.run.output_bytes, record.output.text())


def test_a_flood_is_bounded_and_counted(run_one: RunOne) -> None:
    """Two hundred megabytes leave head and tail, and the number of bytes in between."""
    record = run_one(*shell("echo begin; yes | head -c 200000000; echo end"))
    assert (200_000_010, True) == (record.run.output_bytes, record.output.truncated)
    assert len(record.output.text()) < 150_000
    assert record.output.text().startswith("begin\ny\n")
    assert record.output.text().endswith("y\nend\n")


def test_a_flood_without_end_is_ended(run_one: RunOne) -> None:
    """A grandchild that prints for ever does not keep a finished run from ending."""
    run = run_one(*shell("yes & sleep 0.2; exit 5")).run
    assert ("failure", 5, 1) == (run.outcome, run.exit_code, run.leftovers)


def test_output_is_masked(run_one: RunOne) -> None:
    """What the patterns match is in no record."""
    assert (
        f"a {HIDDEN} b\n" == run_one(*shell("echo a tok_abc b"), masks=Masks.of(["tok_[a-z]+"])).output.text()
    )


def test_an_early_stop_is_told_apart(run_one: RunOne) -> None:
    """A run that we ended says nothing about its command."""
    run = run_one("sleep", LONG.format(8), stop_after=0.2).run
    assert ("stopped", 143, "ended by SIGTERM") == (run.outcome, run.exit_code, run.note)


def test_a_thousand_runs_leave_nothing() -> None:
    """No zombie, no file descriptor, no thread, and every one of them recorded."""

    async def many() -> Counter[str]:
        records: list[Record] = []
        children = Children()
        children.open()
        command = Command(name="x", argv=("true",))
        for number in range(100):
            runs = [
                Execution(
                    command,
                    number=f"{number}.{each}",
                    trigger="request",
                    masks=Masks(),
                    record=records.append,
                )
                for each in range(10)
            ]
            await asyncio.gather(*(run.run(children) for run in runs))
        children.close()
        return Counter(record.run.outcome for record in records)

    def counts() -> tuple[int, int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), len(procfs.children())

    before = counts()
    assert {"success": 1000} == asyncio.run(many())
    # Threads of earlier tests may end meanwhile; none may be left over.
    assert [0, 0, 0] == [max(now - then, 0) for now, then in zip(counts(), before, strict=True)]
