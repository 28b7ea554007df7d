"""A silence counts only where the alert would have fired by another rule."""

import msgspec
import pytest

from alertdrill import rules
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.replay import replay
from alertdrill.replay.damage import turned
from alertdrill.scenario import Expectation

REPLICAS = "k8s_deployment_spec_replicas"


def silence(recorded: Incident, expression: str, hold: str = "1h", record: str = "") -> tuple[str, str]:
    """Return verdict and sentence of one silence: of an alert with this expression."""
    expected = (Expectation(kind="never", alert="Silent"),)
    scenario = msgspec.structs.replace(recorded.scenario, expect=expected)
    made = f"{{record: made, expr: '{record}'}}, " if record else ""
    text = f"groups: [{{name: g, rules: [{made}{{alert: Silent, expr: '{expression}', for: {hold}}}]}}]"
    asked = rules.RuleSet(files={"r.yaml": rules.parse(text, "r.yaml")})
    judgement = replay(msgspec.structs.replace(recorded, scenario=scenario), asked).judgement
    (found,) = [one for one in judgement.findings if one.check == "silence"]
    assert (found.verdict is Verdict.UNKNOWN) is (judgement.verdict is Verdict.UNKNOWN)
    return found.verdict.value, found.sentence


@pytest.mark.parametrize(
    ("expression", "how"),
    [
        ("rate(k8s_pod_status_restartCount[1m]) > 0", "without its `for`"),
        ("k8s_deployment_spec_replicas > 100", "with `<=` in place of `>`"),
        (
            "k8s_deployment_spec_replicas unless k8s_deployment_spec_replicas",
            "with `and` in place of `unless`",
        ),
    ],
)
def test_a_silence_is_proved_by_the_least_damage(crash_loop: Incident, expression: str, how: str) -> None:
    """The alert fires on the same samples with its rule damaged, so its silence says something."""
    assert ("pass", f"the silence of Silent is proved: {how} it fires here") == silence(
        crash_loop, expression
    )


def test_a_hold_that_is_longer_than_the_recording_is_damaged_with_the_rest(crash_loop: Incident) -> None:
    """What needs both is proved by both."""
    _, sentence = silence(crash_loop, "k8s_deployment_spec_replicas > 100", hold="3h")
    assert "with `<=` in place of `>` and without its `for` it fires here" in sentence


@pytest.mark.parametrize(
    ("expression", "how"),
    [
        (
            f"{REPLICAS} > 100 and {REPLICAS} > 200",
            "with `<=` in place of `>` and `unless` in place of `and`",
        ),
        (f"absent({REPLICAS})", f"without {REPLICAS}"),
        (f"{REPLICAS} < 2 and {REPLICAS} < 1.5 and {REPLICAS} < 1", f"with {REPLICAS} at 0"),
        (
            f"{REPLICAS} > 10 and {REPLICAS} > 20 and {REPLICAS} > 30",
            f"with {REPLICAS} a thousand times as high",
        ),
        (
            " and ".join(f"rate({REPLICAS}[5m]) > 0.{number}" for number in (7, 8, 9)),
            f"with {REPLICAS} rising all the time",
        ),
    ],
)
def test_a_silence_that_no_single_damage_breaks_is_proved_by_a_greater_one(
    crash_loop: Incident, expression: str, how: str
) -> None:
    """Two operators are turned round, then what the rule reads is another signal."""
    _, sentence = silence(crash_loop, expression)
    assert f"the silence of Silent is proved: {how} it fires here" == sentence


def test_a_signal_is_damaged_behind_what_is_recorded_of_it(crash_loop: Incident) -> None:
    """An alert that reads a recording rule is woken by what that one reads."""
    _, sentence = silence(crash_loop, "absent(made)", record=f"sum({REPLICAS})")
    assert f"the silence of Silent is proved: without {REPLICAS} it fires here" == sentence


@pytest.mark.parametrize(
    "expression",
    [
        "k8s_pod_nobody_has_this > 0",
        "absent(k8s_deployment_spec_replicas) and on () k8s_pod_nobody_has_this",
    ],
)
def test_a_silence_that_nothing_breaks_is_vacuous(crash_loop: Incident, expression: str) -> None:
    """Without the series it needs an alert is silent whatever its rule says, and that is no pass."""
    verdict, sentence = silence(crash_loop, expression)
    assert ("unknown", True) == (verdict, "the silence of Silent is vacuous" in sentence)
    assert "; Prometheus had no series of k8s_pod_nobody_has_this, which it reads" in sentence


def test_a_vacuous_silence_need_not_lack_a_metric(crash_loop: Incident) -> None:
    """Where a label is misspelt there are series of the metric, and nobody is sent after its name."""
    verdict, sentence = silence(crash_loop, 'k8s_deployment_spec_replicas{name="typo"} > 0')
    assert ("unknown", True) == (verdict, sentence.endswith("so `never` proves nothing"))


@pytest.mark.parametrize(
    ("expression", "others"),
    [
        ('up{a!="b"} == 0', ['up{a!="b"} != 0']),
        ("a > bool 1 unless b", ["a <= bool 1 unless b", "a > bool 1 and b"]),
        ("'a > b' # c < d", []),
    ],
)
def test_only_operators_are_turned_round(expression: str, others: list[str]) -> None:
    """What stands in braces, texts and comments stays."""
    assert others == [text for _, text in turned(expression)]
