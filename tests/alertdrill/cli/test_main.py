"""The command: help that teaches, one sentence per error, and exit codes."""

import io
import sys
from pathlib import Path

import msgspec
import pytest

from alertdrill import data, incident, lab
from alertdrill.cli import main
from alertdrill.errors import LabError
from alertdrill.lab import known
from alertdrill.machine import cache
from alertdrill.scenario import to_json

COMMANDS = ["up", "down", "status", "play", "judge", "compress", "images", "rules"]
GOOD = Path(__file__).parents[1] / "judge" / "good"
SHARED_CACHE = cache.folder()  # where promtool is
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
        (["judge", str(GOOD), "--scenarios", str(GOOD)], 2, "for scenario modules (*.py), found none"),
        (["compress", "/nowhere.yaml"], 2, "does not exist"),
        (["status"], 3, ""),
        (["down", "--name", "../.."], 2, "'../..' is no name for a lab"),
        (["up", "--name", ""], 2, "'' is no name for a lab"),
        (["play", "pods/*", "--record", "/dev/null/x"], 2, "--record /dev/null/x: can't make that folder"),
        (
            ["judge", str(GOOD), "--report", "/dev/null/x.txt"],
            3,
            "alertdrill: writing the report /dev/null/x.txt: ",
        ),
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
    file.write_text(RULE % "rate(x[1m]) > 100")
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


def test_a_warning_goes_to_stderr_with_its_line_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Prometheus takes is compressed and checked, and its oddity said by both commands."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(SHARED_CACHE))
    file = tmp_path / "mine.rules.yaml"
    file.write_text(RULE % "up == 0" + "---\nmore: 1\n")
    for command in ("compress", "rules"):
        assert 0 == run(monkeypatch, command, str(file))
        assert f"{file}:3: warning: Prometheus reads only the first document" in capsys.readouterr().err


def test_an_expression_that_only_prometheus_can_read_costs_no_other_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is left out with its line, like every rule that can't be scaled, and the others are printed."""
    file = tmp_path / "mine.rules.yaml"
    file.write_text((RULE % "up == 0").replace("[{alert", "[{alert: B, expr: 'a[1m + 1m] > 0'}, {alert"))
    assert 3 == run(monkeypatch, "compress", str(file))
    said = capsys.readouterr()
    assert (True, False) == ("alert: A" in said.out, "alert: B" in said.out)
    assert f"{file}:1: B: alertdrill can't read this PromQL: " in said.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RULE % "up == 0", (0, "1 rule in 1 file is good, and there are no rule tests\n")),
        ("groups: []\n", (3, "there are no rules in 1 file, and there are no rule tests\n")),
        ("rule_files: []\ntests: [{name: one}]\n", (0, "1 file of rule tests passes\n")),
        ("rule_files: []\ntests: []\n", (3, "there are no rule tests\n")),
    ],
)
def test_rules_checks_a_file_and_nothing_is_no_success(
    text: str,
    expected: tuple[int, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file is checked as a folder is, and where there was nothing to check, that is unknown."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(SHARED_CACHE))
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    assert expected == (run(monkeypatch, "rules", str(file)), capsys.readouterr().out)


@pytest.mark.parametrize("command", ["compress", "play"])
def test_rules_may_come_from_the_standard_input(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` is read wherever rules are; a lab keeps a copy, as it must be able to read them again."""
    spec = (RULE % "up == 0").strip()
    text = f"{{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, spec: {{{spec}}}}}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    words = ["-"] if command == "compress" else ["pods/crash-loop", "--rules", "-"]
    code = run(monkeypatch, command, *words)
    said = capsys.readouterr()
    if command == "compress":
        assert (0, True) == (code, "alert: A" in said.out)
    else:
        assert (2, True) == (code, "the rules define: A" in said.err)
        assert [text] == [file.read_text() for file in (tmp_path / "cache" / "rules").iterdir()]


def test_a_folder_of_incidents_is_judged_by_edited_scenarios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Expectations that were edited since decide, and a module that ends the process is no verdict."""
    incident.write(incident.read(GOOD), tmp_path / "incidents" / "day" / "one")
    module = tmp_path / "scenarios" / "mine.py"
    module.parent.mkdir()
    made = "from alertdrill.scenario import from_json\nSCENARIOS = [from_json(%r)]\n"
    data = to_json(incident.read(GOOD).scenario)
    told = []
    for expect in (data["expect"], [{"kind": "never", "alert": "Mismatch"}]):
        module.write_text(made % {**data, "expect": expect})
        told.append(run(monkeypatch, "judge", str(tmp_path / "incidents"), "--scenarios", str(module.parent)))
    module.write_text("import sys\nsys.exit(0)\n")
    told.append(run(monkeypatch, "judge", str(tmp_path / "incidents"), "--scenarios", str(module.parent)))
    assert [0, 1, 2] == told
    assert f"{module}:2: SystemExit: 0" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "play"])
def test_a_lab_that_is_up_keeps_what_is_not_said(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where its stack is need be said once; what is said, be it a default, is what counts."""
    monkeypatch.chdir(tmp_path)  # where a play makes its folder
    there = lab.Options(name="a", namespace="team-a", registry="registry.example.com", speed=10)
    known.remember(
        lab.State(options=there, flavour="", reason="", kubeconfig="/", context="", images={}, phases={})
    )
    asked = []

    def refuse(options: lab.Options, *_: object, **_more: object) -> None:
        asked.append((options.namespace, options.registry, options.speed))
        raise LabError("no cluster here")

    monkeypatch.setattr(lab, "up", refuse)
    monkeypatch.setattr(lab, "borrowed", refuse)
    for words in ([], ["--namespace", "monitoring", "--speed", "20"]):
        assert 3 == run(monkeypatch, command, "--name", "a", *words)
    assert [("team-a", "registry.example.com", 10), ("monitoring", "registry.example.com", 20)] == asked
    assert 2 == capsys.readouterr().err.count("alertdrill: no cluster here")


def test_recordings_are_held_against_the_scenarios_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A window that was mended since counts for `judge`, `replay` and `export` alike."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(SHARED_CACHE))
    good = data.path("fixtures", "incidents", "pods-crash-loop")
    recorded = incident.read(good)
    narrow = tuple(
        msgspec.structs.replace(one, after="0s", within="30m") if one.kind == "fires" else one
        for one in recorded.scenario.expect
    )
    scenario = msgspec.structs.replace(recorded.scenario, expect=narrow)
    one, mended = tmp_path / "one", tmp_path / "scenarios"
    incident.write(msgspec.structs.replace(recorded, scenario=scenario), one)
    mended.mkdir()
    module = f"""
from pathlib import Path
from alertdrill import incident
SCENARIOS = [incident.read(Path({str(good)!r})).scenario]
"""
    (mended / "mine.py").write_text(module)
    said = []
    for command in ("judge", "replay", "export"):
        output = ["--output", str(tmp_path)] if command == "export" else []
        run(monkeypatch, command, str(one), *output)
        before = capsys.readouterr().out.split()[0]
        run(monkeypatch, command, str(one), *output, "--scenarios", str(mended))
        said.append((command, before, capsys.readouterr().out.split()[0]))
    assert [("judge", "FAIL", "PASS"), ("replay", "FAIL", "PASS"), ("export", "fail,", "pass,")] == said


def test_a_recording_is_exported_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is written beside others, named as its scenario is, and keeps the rules it was made with."""
    whole = str(data.path("fixtures", "incidents", "pods-crash-loop"))
    words = ("export", whole, "--recording", "--output", str(tmp_path))
    assert 0 == run(monkeypatch, *words)
    told = capsys.readouterr().out
    assert told.startswith("pass, as before, in ")
    assert told.endswith(f" KiB: {tmp_path / 'pods-crash-loop'}\n")
    assert "pods/crash-loop" == incident.read(tmp_path / "pods-crash-loop").scenario.name
    assert 2 == run(monkeypatch, *words, "--rules", str(data.path("rules")))
    assert "leave out --rules or --recording\n" == capsys.readouterr().err.partition("with; ")[2]
