"""On what a verdict rests that nobody declared: said beside it, and changing nothing of it."""

from collections.abc import Iterator

from alertdrill import durations
from alertdrill.incident import Incident
from alertdrill.judge import switch, unseen
from alertdrill.judge.recording import Recording


def guesses(incident: Incident) -> Iterator[str]:
    """Yield a sentence for each metric whose pace was guessed, where the scenario speaks of its alert."""
    expected = {expectation.alert for expectation in incident.scenario.expect}
    for claim in incident.claims:
        alerts = sorted(expected & set(claim.rules))
        if claim.is_guess and alerts:
            yield (
                f"what is said of {' and '.join(alerts)} rests on {claim.metric} keeping its own pace,"
                f" which nobody"
                " declared; declare in a pace.yaml beside the rules what paces it"
            )


def beginnings(recording: Recording) -> Iterator[str]:
    """Yield a sentence for each alert whose rule looks back to before the workload was healthy."""
    began = min((one.first for one in recording.scrapes), default=0.0)
    healthy = durations.text(round(max(-began, 0.0)))
    for alert, back in recording.watched.items():
        if back > -began and recording.incident.scenario.workload:
            yield (
                f"{alert} looks back {durations.text(round(back))} for what has moved, and the workload had"
                f" been healthy for {healthy}: when it fires depends on how that came up"
            )


def blindness(recording: Recording) -> Iterator[str]:
    """Yield a sentence for each alert that must never fire, stayed silent, and reads what there was not, too.

    It may be that all is well, as many a metric is there in trouble only. Where there was nothing else to
    read, or a word is nearly one that there is, the silence itself is unknown, and says so.
    """
    active = {life.alert for life in recording.lives if life.changes}
    wanted = dict.fromkeys(one.alert for one in recording.incident.scenario.expect if one.kind == "never")
    for alert in (one for one in wanted if one not in active):
        nothing = unseen.said(recording, alert)
        if nothing and not unseen.is_blind(recording, alert):
            yield f"{alert} stayed silent, which proves little{nothing}"


def silences(recording: Recording) -> Iterator[str]:
    """Yield when nobody might have been told of anything, in a scenario that does not speak of messages."""
    if not any(one.is_about_messages for one in recording.incident.scenario.expect):
        yield from (f"{said}: people might not have been told" for said in switch.silences(recording))
