"""The order of judging: can the recording be read, was the lab fit, and only then the expectations."""

from collections.abc import Iterator

import msgspec

from alertdrill import crash
from alertdrill.errors import UsageError
from alertdrill.incident import Incident
from alertdrill.judge import absence, assumptions, expectations, latency, notes, recording
from alertdrill.model import Finding, Judgement, Verdict
from alertdrill.scenario import check


def judge(incident: Incident) -> Judgement:
    """Return the verdict on one recorded run, with all that led to it.

    Nothing is judged of a run in which an assumption did not hold: that is unknown, never a pass or a fail.
    A judge that breaks has not judged, and whoever judges others goes on.
    """
    try:
        return _judged(incident)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  # a parser of another language panics past Exception
        said = crash.told(f"judging {incident.scenario.name}", error)
        return _judgement(incident, (_unknown(said),), None)


def unknown(scenario: str, reason: str, speed: float | None) -> Judgement:
    """Return the verdict on what left nothing to judge."""
    return Judgement(
        scenario=scenario, verdict=Verdict.UNKNOWN, findings=(_unknown(reason),), lives=(), speed=speed
    )


def _judged(incident: Incident) -> Judgement:
    try:
        check(incident.scenario, frozenset(one.alert for one in incident.scenario.expect))
        seen = recording.read(incident)
        reasons = assumptions.broken(seen)
        if not reasons:
            fit = Finding(check="assumptions", verdict=Verdict.PASS, sentence="the lab was fit to judge in")
            return _judgement(incident, (fit, *expectations.findings(seen)), seen)
    except (msgspec.ValidationError, UsageError) as error:
        return _judgement(incident, (_unknown(f"the recording can't be judged: {error}"),), None)
    began = seen if seen.reached_fault or not seen.troubles else None  # before its fault it has no story
    return _judgement(incident, tuple(_unknown(reason) for reason in dict.fromkeys(reasons)), began)


def _unknown(reason: str) -> Finding:
    return Finding(check="assumptions", verdict=Verdict.UNKNOWN, sentence=reason)


def _judgement(
    incident: Incident, findings: tuple[Finding, ...], seen: recording.Recording | None
) -> Judgement:
    return Judgement(
        scenario=incident.scenario.name,
        verdict=Verdict.worst(finding.verdict for finding in findings),
        findings=findings,
        lives=seen.lives if seen else (),
        speed=incident.speed,
        notes=(
            *notes.guesses(incident),
            *(_beside(seen) if seen else ()),
        ),
        latencies=latency.measured(seen) if seen else (),
        left_out=incident.left_out,
    )


def _beside(seen: recording.Recording) -> Iterator[str]:
    """Yield what is told beside a verdict on what was seen."""
    for tell in (notes.beginnings, notes.blindness, notes.silences, absence.said):
        yield from tell(seen)
