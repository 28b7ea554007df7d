"""What fired in a whole run and is nobody's: between scenarios, before and after each, and beside them."""

from collections.abc import Sequence

from alertdrill.incident import timeline
from alertdrill.judge.matching import label_mistakes
from alertdrill.model import Finding, Judgement, Life, Verdict
from alertdrill.play.observe import NOBODYS
from alertdrill.prometheus import Prometheus
from alertdrill.scenario import Scenario
from alertdrill.scenario.noise import Noise

NAME = "the whole run"
FIRING = f'ALERTS{{alertstate="firing",{NOBODYS}}}'


def found(server: Prometheus, started: float, ended: float) -> list[Life]:
    """Return the alerts about no scenario of its own that fired between two live moments."""
    return [
        Life(alert=one.labels["alertname"], labels=timeline.instance(one.labels))
        for one in server.samples(FIRING, start=started, end=ended)
    ]


def judged(
    lives: Sequence[Life],
    scenarios: Sequence[Scenario],
    known: Sequence[Noise],
    canary: str,
    speed: float,
    *,
    unfit: int = 0,
) -> Judgement | None:
    """Return the verdict on those that no scenario expects and that are no known noise, None without any.

    `unfit` is for how many scenarios the lab was not fit to judge in: of what fires in such a run nobody can
    tell whether a rule or the machine is the matter.
    """
    expected = [one for scenario in scenarios for one in scenario.expect if one.kind == "fires"]
    forbidden = {one.alert for scenario in scenarios for one in scenario.expect if one.kind == "never"}
    strays = [
        life
        for life in lives
        if life.alert != canary
        and not any(one.matches(life.alert, life.labels) for one in known)
        and not any(one.alert == life.alert and not label_mistakes(life, one, "") for one in expected)
    ]
    if not strays:
        return None
    verdict = Verdict.UNKNOWN if unfit else Verdict.FAIL
    doubt = f"; the lab was not fit to judge in for {unfit} of them" if unfit else ""
    findings = tuple(
        Finding(
            check="nothing else",
            verdict=verdict,
            alert=life.alert,
            sentence=(
                f"{life.alert}{_told(life.labels)} fired in the course of the run, and no scenario says so"
                + ("; some say that it never does" if life.alert in forbidden else "")
                + doubt
            ),
        )
        for life in strays
    )
    return Judgement(scenario=NAME, verdict=verdict, findings=findings, lives=(), speed=speed)


def _told(labels: dict[str, str]) -> str:
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{{{inside}}}" if inside else ""
