"""A silence counts only where the alert would have fired by another rule."""

import msgspec
import pytest

from alertdrill import rules
from alertdrill.incident import Incident
from alertdrill.model import Verdict
from alertdrill.replay import replay
from alertdrill.replay.silences import turned
from alertdrill.scenario import Expectation


def silence(recorded: Incident, expression: str, hold: str = "1h") -> tuple[str, str]:
    """Return verdict and sentence of one silence: of an alert with this expression."""
    expected = (Expectation(kind="never", alert="Silent"),)
    scenario = msgspec.structs.replace(recorded.scenario, expect=expected)
    text = f"groups: [{{name: g, rules: [{{alert: Silent, expr: '{expression}', for: {hold}}}]}}]"
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
    "expression",
    [
        "k8s_pod_nobody_has_this > 0",
        'k8s_deployment_spec_replicas{name="typo"} > 0',
    ],
)
def test_a_silence_that_nothing_breaks_is_vacuous(crash_loop: Incident, expression: str) -> None:
    """Without the series it needs an alert is silent whatever its rule says, and that is no pass."""
    verdict, sentence = silence(crash_loop, expression)
    assert ("unknown", True) == (verdict, "the silence of Silent is vacuous" in sentence)


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
