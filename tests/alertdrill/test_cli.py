"""The command: help that teaches, one sentence per error, and exit codes."""

import sys
from pathlib import Path

import pytest

from alertdrill.cli import main

COMMANDS = ["up", "down", "status", "play", "judge", "compress", "rules"]
GOOD = Path(__file__).parent / "judge" / "good"
RULE = "groups: [{name: g, rules: [{alert: A, expr: '%s', for: 5m}]}]\n"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["alertdrill", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from labs that are up on this machine."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_teaches(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command explains itself, and the whole lists them all with the exit codes."""
    assert 0 == run(monkeypatch, *filter(None, [command]), "--help")
    said = capsys.readouterr().out
    assert [] == [word for word in ([] if command else [*COMMANDS, "Exit codes"]) if word not in said]


def test_scenarios_are_listed_with_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list of what is drilled needs no lab."""
    assert 0 == run(monkeypatch, "play", "--list", "pods/*")
    said = capsys.readouterr().out
    assert ("pods/crash-loop\n    A container" in said, "deployments/" in said) == (True, False)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["play", "pods/no-such"], 2, "no scenario is called pods/no-such; there are: "),
        (["play", "--report", "x.pdf"], 2, "must end with one of .xml, .json, .txt"),
        (["play", "--cluster", "moon"], 2, "'moon' is not one of"),
        (["judge", "/nowhere"], 2, "/nowhere/incident.json: can't read this part of the recording"),
        (["compress", "/nowhere.yaml"], 2, "does not exist"),
        (["status"], 3, ""),
        (["down", "--name", "../.."], 2, "'../..' is no name for a lab"),
        (["up", "--name", ""], 2, "'' is no name for a lab"),
        (["play", "pods/*", "--record", "/dev/null/x"], 2, "--record /dev/null/x: can't make that folder"),
        (["judge", str(GOOD), "--report", "/dev/null/x.txt"], 3, "alertdrill: /dev/null"),
        (["frobnicate"], 2, "No such command 'frobnicate'"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    words: list[str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was attempted and what was found is on stderr, without a traceback."""
    assert code == run(monkeypatch, *words)
    stderr = capsys.readouterr().err
    assert (said in stderr, "Traceback" in stderr) == (True, False)


def test_a_scenario_for_an_alert_no_rule_has_is_refused_before_any_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mistake is told at once, with the alerts there are, and no cluster is started."""
    file = tmp_path / "mine.rules.yaml"
    file.write_text(RULE % "up == 0")
    assert 2 == run(monkeypatch, "play", "pods/crash-loop", "--rules", str(file))
    assert "no rule defines the alert PodRestartingTooMuch; the rules define: A" in capsys.readouterr().err


def test_compressed_rules_go_to_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five minutes are fifteen seconds in a lab that is twenty times as fast."""
    file = tmp_path / "mine.rules.yaml"
    file.write_text(RULE % "rate(x[1m]) > 1")
    assert 0 == run(monkeypatch, "compress", str(file), "--speed", "20")
    said = capsys.readouterr().out
    assert ("for: 15s" in said, "[3s]" in said) == (True, True)


def test_what_can_not_be_compressed_goes_to_stderr_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal names file, line and alert, and the exit code says that something was left out."""
    file = tmp_path / "mine.rules.yaml"
    file.write_text(RULE % "hour() > 8")
    assert 3 == run(monkeypatch, "compress", str(file))
    assert f"{file}:1: A: " in capsys.readouterr().err
