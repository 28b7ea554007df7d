"""What a change of rules changes of what alerts do, on recordings of real faults."""

from collections.abc import Callable

import pytest

from alertdrill import engine, gate, rules
from alertdrill.errors import LabError, UsageError
from alertdrill.gate import Gated, Kind
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.rules import RuleSet

Ruled = Callable[..., RuleSet]
HISTORIC = ("[10m]) > 0", "[1m]) > 1/(5*60)")
WINDOW = 'rate(k8s_pod_status_restartCount{job="monitoring/kube-api-exporter"}[10m]) > 0'


def kinds(gated: Gated) -> set[tuple[str, str, str]]:
    """Return what is told: alert, kind, case."""
    return {(one.alert, one.kind.value, one.case) for one in gated.changes}


def test_the_historic_rule_and_its_mend_are_told_apart(ruled: Ruled, recordings: list[Incident]) -> None:
    """On the crash loop the mend fires, and the form it had for years does not; nothing else differs."""
    mended = gate.gate(ruled(*HISTORIC), ruled(), recordings)
    assert {("PodRestartingTooMuch", "now-fires", "pods/crash-loop")} == kinds(mended)
    assert (Verdict.FAIL, "now: ") == (mended.verdict, mended.changes[0].details[0][:5])
    back = gate.gate(ruled(), ruled(*HISTORIC), recordings)
    assert {
        ("PodRestartingTooMuch", "no-longer-fires", "pods/crash-loop"),
        ("", "breaks", "pods/crash-loop"),
    } == kinds(back)


def test_a_rule_that_flaps_and_its_mend_are_told_apart(ruled: Ruled, recordings: list[Incident]) -> None:
    """With a window shorter than a crash loop takes the alert comes and goes with each restart."""
    crash_loop = [one for one in recordings if one.scenario.name == "pods/crash-loop"]
    flapping = ruled("for: 1h", "for: 1m", "[10m]) > 0", "[3m]) > 0")
    mended = gate.gate(flapping, ruled("for: 1h", "for: 1m"), crash_loop)
    (less,) = [one for one in mended.changes if one.kind is Kind.LESS]
    assert "PodRestartingTooMuch begins to fire once in place of 14 times" == less.sentence
    back = gate.gate(ruled("for: 1h", "for: 1m"), flapping, crash_loop)
    (more,) = [one for one in back.changes if one.kind is Kind.MORE]
    assert "PodRestartingTooMuch begins to fire 14 times in place of once" == more.sentence


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("for: 1h", "for: 40m"), "earlier"),
        (("for: 1h", "for: 65m"), "later"),
        (("[10m]) > 0", "[20m]) > 0"), "more"),
        ((WINDOW, "vector(1)"), "always"),
        (("severity: warning", "severity: critical"), "labels"),
        (("keeps restarting", "restarts"), "text"),
        (("alert: PodRestartingTooMuch", "alert: PodRestarts"), "removed"),
        (("alert: PodRestartingTooMuch", "alert: PodRestarts"), "new"),
    ],
)
def test_each_change_has_its_word(
    words: tuple[str, ...], expected: str, ruled: Ruled, recordings: list[Incident]
) -> None:
    """What becomes of an alert is told by what it does, in the case where it does it."""
    crash_loop = [one for one in recordings if one.scenario.name == "pods/crash-loop"]
    found = gate.gate(ruled(), ruled(*words), crash_loop)
    assert expected in {kind for alert, kind, _ in kinds(found) if alert.startswith("PodRest")}
    assert Verdict.FAIL is found.verdict


def test_rules_that_say_the_same_are_not_evaluated(
    ruled: Ruled, recordings: list[Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    """White space, comments and the order of files change nothing, and cost nothing."""
    monkeypatch.delattr(engine, "started")
    same = ruled("\n    rules:\n", "\n    # nothing\n    rules:\n", "[10m]) > 0", "[10m])   >  0")
    assert (Verdict.PASS, ()) == ((found := gate.gate(ruled(), same, recordings)).verdict, found.changes)


def test_a_change_that_nothing_shows_is_unknown(ruled: Ruled, recordings: list[Incident]) -> None:
    """An alert that no recording makes move may do anything now."""
    found = gate.gate(ruled(), ruled('type="Progressing"} == 0', 'type="Progressing"} < 0'), recordings)
    assert {("DeploymentStuck", "unseen", "")} == kinds(found)
    assert Verdict.UNKNOWN is found.verdict


def test_a_change_that_makes_no_difference_passes_and_is_said(
    ruled: Ruled, recordings: list[Incident]
) -> None:
    """Where the alert is active it does the same by another expression."""
    same = '0 < rate(k8s_pod_status_restartCount{job="monitoring/kube-api-exporter"}[10m])'
    found = gate.gate(ruled(), ruled(WINDOW, same), recordings)
    assert (Verdict.PASS, ()) == (found.verdict, found.changes)
    assert (
        "PodRestartingTooMuch was changed, and does the same where it is active: pods/crash-loop"
        in found.same[0]
    )


def test_what_an_alert_reads_is_part_of_it(recordings: list[Incident]) -> None:
    """A recording rule that changes changes the alert that reads it, and each side reads its own."""

    def recorded(window: str) -> RuleSet:
        text = (
            "groups: [{name: g, rules: [{record: 'pod:restarts', expr: 'rate(k8s_pod_status_restartCount["
            + window
            + "])'}, {alert: A, expr: 'pod:restarts > 0', for: 1h}]}]"
        )
        return RuleSet(files={"r.yaml": rules.parse(text, "r.yaml")})

    found = gate.gate(recorded("1m"), recorded("10m"), recordings)
    assert {("A", "now-fires", "pods/crash-loop")} == {one for one in kinds(found) if one[0]}


def test_a_new_alert_without_data_is_new_and_nothing_else(ruled: Ruled, recordings: list[Incident]) -> None:
    """Of a recording that has nothing of what it reads it is not said once more that nothing is known."""
    more = rules.parse(
        "groups: [{name: g, rules: [{alert: A, expr: absent(other)}, {alert: B, expr: other > 0}]}]",
        "m.yaml",
    )
    old = ruled()
    new = RuleSet(files={**old.files, "m.yaml": more})
    assert {("A", "new", ""), ("B", "new", "")} == kinds(gate.gate(old, new, recordings))
    assert {("A", "removed", ""), ("B", "removed", "")} == kinds(gate.gate(new, old, recordings))


def test_trouble_is_never_a_pass(
    ruled: Ruled, recordings: list[Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no engine starts, each recording is unknown by name."""

    def broken() -> None:
        raise LabError("starting the engine: no space left")

    monkeypatch.setattr(engine, "started", broken)
    found = gate.gate(ruled(), ruled("for: 1h", "for: 2h"), recordings)
    assert {"unknown"} == {one.kind.value for one in found.changes if one.case}
    assert (Verdict.UNKNOWN, len(recordings)) == (found.verdict, sum(bool(one.case) for one in found.changes))
    assert Kind.UNSEEN in {one.kind for one in found.changes}


def test_a_gate_between_nothing_and_nothing_is_refused(recordings: list[Incident]) -> None:
    """Two files without an alert are a mistake in a path, and no pass."""
    with pytest.raises(UsageError, match="there is no alert in either of them"):
        gate.gate(RuleSet(), RuleSet(), recordings)
