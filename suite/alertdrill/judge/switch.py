"""Was the dead man's switch called all along? It is to messages what the canary is to alerts."""

from collections.abc import Iterator

from alertdrill.judge.letters import pauses
from alertdrill.judge.recording import Recording
from alertdrill.judge.words import moment
from alertdrill.model import Trait


def silences(recording: Recording) -> Iterator[str]:
    """Yield when it was not called, as far as it is known what came; where it falls silent, so may have all.

    A fault that takes away on purpose who calls it is left out.
    """
    mail, delivery, end = recording.mail, recording.incident.delivery, recording.end
    if mail is None or delivery is None or end is None or Trait.STOPS_MESSAGES in recording.traits:
        return
    canary = recording.incident.limits.canary
    calls = [one.taken for one in recording.letters if one.said.alert == canary and one.taken is not None]
    for start, stop in pauses(calls, max(mail.since, 0.0), min(mail.until, end)):
        if stop - start > delivery.heartbeat:
            yield f"the dead man's switch was not called from {moment(start)} to {moment(stop)}"
