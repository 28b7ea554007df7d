"""A gate before the past of a real Prometheus: two revisions of rules, on what it has scraped."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alertdrill import gate
from alertdrill.backtest import access
from alertdrill.backtest.backtest import Asked, Backtest
from alertdrill.cli.main import cli
from alertdrill.clock import WallClock
from alertdrill.gate import Gated
from alertdrill.gate import past as before_now
from alertdrill.model import Verdict

from .conftest import DEPLOYED, Past, rules_of

Gate = Callable[..., Gated]


@pytest.fixture
def gated(past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Return what holds the deployed rules and a text of others against all of the past."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))

    def run(text: str, deployed: str = DEPLOYED) -> Gated:
        old, new = rules_of(tmp_path, DEPLOYED), rules_of(tmp_path, text)
        before, after = before_now.revisions(old, new)
        asked = Asked(start=past.start + 2, end=past.end - 0.5)
        way = access.stated(past.prometheus.url)
        one = Backtest(after, asked, way, WallClock(), deployed=rules_of(tmp_path, deployed), old=before)
        with one.reached() as server:
            found = one.compare(server, one.prepare(server))
        return gate.gate(old, new, [], [before_now.case(found, asked)])

    return run


def test_an_alert_that_fires_later_and_for_fewer_is_told(gated: Gate) -> None:
    """Of two instances one is never true for as long as the new rule holds it."""
    found = gated(DEPLOYED.replace("for: 1s\n    labels", "for: 3s\n    labels"))
    told = [(one.alert, one.kind.value, one.case, one.severity) for one in found.changes]
    case = found.cases[0].case
    assert [("Down", "less", case, "critical"), ("Down", "later", case, "critical")] == told
    assert Verdict.FAIL is found.verdict


def test_another_spelling_does_the_same(gated: Gate) -> None:
    """A rule that was changed and behaves as before is told as such, and passes."""
    found = gated(DEPLOYED.replace("expr: up == 0\n", "expr: up < 1\n"))
    case = found.cases[0].case
    assert (f"Down was changed, and does the same where it is active: {case}",) == found.same
    assert Verdict.PASS is found.verdict


def test_a_recording_rule_of_the_change_is_evaluated_from_raw_samples(gated: Gate) -> None:
    """The history holds what the old rule recorded; the alert that reads it is judged by the new one."""
    found = gated(DEPLOYED.replace("count by (job) (up == 0)", "count by (job) (up >= 0)"))
    assert {"ManyDown"} == {one.alert for one in found.changes}
    assert Verdict.FAIL is found.verdict


def test_a_metric_without_data_is_no_silence(gated: Gate) -> None:
    """An alert that reads what the server does not hold is unknown by the new rules."""
    found = gated(DEPLOYED.replace("expr: up == 0\n", "expr: nobody_has_this == 0\n"))
    assert [("Down", "unknown")] == [(one.alert, one.kind.value) for one in found.changes]
    assert Verdict.UNKNOWN is found.verdict


def test_what_does_not_prove_itself_is_unknown(gated: Gate) -> None:
    """Where deployed rules, backtested, don't agree with the history, nothing of it is to be relied on."""
    other = DEPLOYED.replace("for: 1s\n    labels", "for: 4s\n    labels")
    found = gated(DEPLOYED.replace("for: 1s\n    labels", "for: 3s\n    labels"), deployed=other)
    assert [("Down", "unknown")] == [(one.alert, one.kind.value) for one in found.changes]
    assert Verdict.UNKNOWN is found.verdict


def command(tmp_path: Path, text: str, *more: str) -> Result:
    """Run `alertdrill gate` from an empty folder, on the deployed rules and others."""
    (tmp_path / "old.rules.yaml").write_text(DEPLOYED)
    (tmp_path / "new.rules.yaml").write_text(text)
    files = [str(tmp_path / name) for name in ("old.rules.yaml", "new.rules.yaml")]
    return CliRunner().invoke(cli, ["gate", *files, *more])


def test_the_command_needs_no_recordings_then(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The past of a server is a case by itself; its plan is told beside, and since when its clock counts."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    changed = DEPLOYED.replace("severity: critical", "severity: page")
    (tmp_path / "incidents" / "2026-11-30T145408Z").mkdir(parents=True)  # of a play that was interrupted
    done = command(tmp_path, changed, "--prometheus", past.prometheus.url, "--since", "1h")
    assert 1 == done.exit_code
    assert "labels          Down (page)  [past/1h]" in done.stdout
    assert "note: times in past/1h are since " in done.stdout
    assert "samples" in done.stderr


def test_rules_that_say_the_same_ask_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is asked for what nothing depends on."""
    monkeypatch.chdir(tmp_path)
    done = command(tmp_path, DEPLOYED, "--prometheus", "http://127.0.0.1:9")
    assert (0, "PASS: nothing that alerts do has changed; both say the same\n") == (
        done.exit_code,
        done.stdout,
    )
