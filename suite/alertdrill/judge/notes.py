"""On what a verdict rests that nobody declared: said beside it, and changing nothing of it."""

from collections.abc import Iterator

from alertdrill.incident import Incident
from alertdrill.judge import switch
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


def silences(recording: Recording) -> Iterator[str]:
    """Yield when nobody might have been told of anything, in a scenario that does not speak of messages."""
    if not any(one.is_about_messages for one in recording.incident.scenario.expect):
        yield from (f"{said}: people might not have been told" for said in switch.silences(recording))
