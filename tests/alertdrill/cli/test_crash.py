"""A mistake of ours is a sentence and an exit code which does not say that an alert was wrong."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click
import msgspec
import pytest

from alertdrill import crash, incident
from alertdrill.cli import main
from alertdrill.cli.main import COMMANDS, cli
from alertdrill.incident import Incident
from alertdrill.judge import verdict
from alertdrill.lab import evidence
from alertdrill.lab.stack import Site
from alertdrill.names import LOOKBACK_SECONDS
from alertdrill.play import session
from alertdrill.play.run import Recorded
from alertdrill.scenario import never
from alertdrill.testing import FakeKube

GOOD = incident.read(Path(__file__).parents[1] / "judge" / "good")
# None of these may be loaded to show what commands there are.
HEAVY = {"cryptography", "kubernetes", "msgspec", "promql_parser", "requests", "rich", "urllib3", "yaml"}


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["alertdrill", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(autouse=True)
def places_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep labs and traces of this machine out of the tests."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(crash.DEBUG, "")


def raises(error: BaseException) -> Callable[..., Any]:
    """Return a function that does nothing but raise."""

    def broken(*_: object, **__: object) -> None:
        raise error

    return broken


@pytest.mark.parametrize(
    "error",
    [TypeError("no\nsuch thing"), RecursionError("deep"), MemoryError(), SystemExit(1), GeneratorExit()],
    ids=repr,
)
def test_a_command_that_breaks_is_unknown(
    error: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is one line, and the trace is in the file that the line names."""
    monkeypatch.setattr("alertdrill.lab.status", raises(error))
    assert 3 == run(monkeypatch, "status")
    (line,) = capsys.readouterr().err.splitlines()
    (trace,) = tmp_path.glob("*.trace.txt")
    assert line.startswith(f"alertdrill: alertdrill itself broke, {type(error).__name__}: ")
    assert line.endswith(f"(trace: {trace})")
    assert trace.read_text().startswith("Traceback")


def test_the_trace_is_printed_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--debug` puts it above the sentence, and into no file."""
    monkeypatch.setattr("alertdrill.lab.status", raises(KeyError("x")))
    assert 3 == run(monkeypatch, "--debug", "status")
    said = capsys.readouterr().err
    assert (True, True) == (said.startswith("Traceback"), said.endswith("'x' (trace: above)\n"))
    assert [] == list(tmp_path.glob("*.trace.txt"))


def test_a_disk_without_room_does_not_hide_what_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says it without the trace."""
    monkeypatch.setattr("tempfile.mkstemp", raises(OSError(errno.ENOSPC, "No space left on device")))
    assert (
        "it: alertdrill itself broke, TypeError: x (no trace: No space left on device; see it with --debug)"
        == (crash.told("it", TypeError("x")))
    )


@pytest.mark.parametrize(
    ("streams", "words"), [({"stdout"}, ["play", "--list"]), ({"stdout", "stderr"}, ["judge", "/nowhere"])]
)
def test_of_what_nobody_reads_nothing_is_told(streams: set[str], words: list[str], tmp_path: Path) -> None:
    """As with `| head`: no trace, no sentence, and an exit code that is no verdict."""
    reader, writer = os.pipe()
    os.close(reader)
    file = tmp_path / "said"
    with os.fdopen(writer, "w") as closed, file.open("w") as said:
        out, err = (closed if name in streams else said for name in ("stdout", "stderr"))
        command = [sys.executable, "-c", "from alertdrill.entry import main; main()", *words]
        done = subprocess.run(command, stdout=out, stderr=err, check=False, timeout=60)
    assert (141, "") == (done.returncode, file.read_text())


@pytest.mark.parametrize("error", [click.ClickException("no"), click.FileError("f", "no")], ids=repr)
def test_what_click_calls_1_is_a_2(error: click.ClickException, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in what was asked for is no alert that was wrong."""
    monkeypatch.setattr("alertdrill.lab.status", raises(error))
    assert 2 == run(monkeypatch, "status")


def test_a_judge_that_breaks_has_not_judged_and_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one recording is unknown, with the sentence, and the other one has its verdict."""
    for name in ("one", "two"):
        renamed = msgspec.structs.replace(GOOD.scenario, name=name)
        incident.write(msgspec.structs.replace(GOOD, scenario=renamed), tmp_path / name)
    judged = verdict._judged  # noqa: SLF001

    def broken(recorded: Incident) -> Any:
        if recorded.scenario.name == "one":
            raise ZeroDivisionError("by zero")
        return judged(recorded)

    monkeypatch.setattr(verdict, "_judged", broken)
    assert 3 == run(monkeypatch, "judge", str(tmp_path / "one"), str(tmp_path / "two"), "--format", "json")
    first, second = json.loads(capsys.readouterr().out)["judgements"]
    assert ("unknown", "pass") == (first["verdict"], second["verdict"])
    (finding,) = first["findings"]
    assert finding["sentence"].startswith(
        "judging one: alertdrill itself broke, ZeroDivisionError: by zero ("
    )


WRONG = msgspec.structs.replace(
    GOOD, scenario=msgspec.structs.replace(GOOD.scenario, expect=(never("Mismatch"),))
)


class Lent:
    """As much of a lab as a command asks for once its scenarios are played."""

    kube = FakeKube()
    limits = WRONG.limits
    rules = None
    site = Site(mark="lab", tail="lab")
    speed = 20.0


def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *words: str, interrupted: bool = False) -> int:
    """Play one scenario whose alert was wrong, in no lab; a report goes to report.json."""

    @contextmanager
    def borrowed(*_: object, **__: object) -> Iterator[Lent]:
        yield Lent()

    def played(*_: object, record: Path, **__: object) -> session.Session:
        incident.write(WRONG, record / "x")
        return session.Session(
            [Recorded(scenario=WRONG.scenario, incident=WRONG, folder=record / "x")], interrupted
        )

    monkeypatch.setattr("alertdrill.lab.borrowed", borrowed)
    monkeypatch.setattr("alertdrill.play.drill.check", lambda *_: None)
    monkeypatch.setattr("alertdrill.play.drill._lacks", lambda *_: "")
    monkeypatch.setattr("alertdrill.scenario.files.choose", lambda *_: [WRONG.scenario])
    monkeypatch.setattr(session, "play", played)
    report = ("--report", str(tmp_path / "report.json"))
    return run(monkeypatch, "play", "--record", str(tmp_path / "record"), *report, *words)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; the verdict stands"),
        (KeyboardInterrupt(), "interrupted; the verdict stands"),
        (TypeError("x"), "the verdict stands"),
    ],
    ids=repr,
)
def test_a_verdict_is_told_and_written_before_evidence_is_exported(
    error: BaseException,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Trouble with the evidence is a line beside it, and the exit code is the verdict's."""

    def broken(*_: object, since: float) -> None:
        assert 0 <= time.time() - LOOKBACK_SECONDS / Lent.speed - since < 60
        assert "fail" == json.loads((tmp_path / "report.json").read_text())["verdict"]
        raise error

    monkeypatch.setattr(evidence, "export", broken)
    assert 1 == play(monkeypatch, tmp_path)
    out = capsys.readouterr()
    assert ("FAIL" in out.out, said in out.err) == (True, True)
    assert "the verdicts are out; what is written now is evidence, for who looks why" in out.err


def test_a_play_that_was_interrupted_tells_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was recorded is judged, told and written; nothing is exported, and the exit code tells."""
    monkeypatch.setattr(evidence, "export", raises(AssertionError()))
    assert 130 == play(monkeypatch, tmp_path, interrupted=True)
    assert "FAIL" in capsys.readouterr().out
    assert "fail" == json.loads((tmp_path / "report.json").read_text())["verdict"]


def test_a_report_that_no_disk_takes_does_not_cost_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict is told, the other report is written, and the exit code says that one is missing."""
    exported: list[object] = []
    monkeypatch.setattr(evidence, "export", lambda *_, **__: exported.append("evidence"))
    assert 3 == play(
        monkeypatch, tmp_path, "--report", "/dev/null/x.txt", "--report", str(tmp_path / "b.txt")
    )
    out = capsys.readouterr()
    assert ("FAIL" in out.out, "FAIL" in (tmp_path / "b.txt").read_text()) == (True, True)
    assert "writing the report /dev/null/x.txt: " in out.err
    assert ["evidence"] == exported


@pytest.mark.parametrize(
    "command", ["from alertdrill.cli import main; main()", "from kube_api_exporter.cli import main; main()"]
)
def test_help_loads_nothing_heavy(command: str) -> None:
    """Whoever asks what there is does not wait for what is not used."""
    listed = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    argv = [sys.executable, "-c", listed + command, "--help"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert set() == HEAVY & set(done.stderr.split())
    assert "Usage: " in done.stdout


def test_a_command_without_a_cluster_loads_no_client(tmp_path: Path) -> None:
    """Whoever checks rules, scenarios or recordings does not wait for the API server's client."""
    code = "import sys, alertdrill.cli.play, alertdrill.cli.gate; print('kubernetes' in sys.modules)"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "False\n" == done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_whole_looks_for_it(name: str) -> None:
    """A command's name is that by which it is listed."""
    assert name == cast("click.Command", cli.get_command(click.Context(cli), name)).name
