"""Was the dead man's switch called all along? It is to messages what the canary is to alerts."""

import math
from collections.abc import Iterator

from alertdrill.judge.letters import pauses
from alertdrill.judge.recording import Recording
from alertdrill.judge.words import moment
from alertdrill.model import AlertState, Trait
from alertdrill.names import ALERTMANAGER


def silences(recording: Recording) -> Iterator[str]:
    """Yield when it was not called, as far as it is known what came; where it falls silent, so may have all.

    A fault that takes away on purpose who calls it is left out, and so is what another that was played beside
    it may have taken away before there was anything to be told.
    """
    mail, delivery, end = recording.mail, recording.incident.delivery, recording.end
    if mail is None or delivery is None or end is None or Trait.STOPS_MESSAGES in recording.traits:
        return
    canary = recording.incident.limits.canary
    calls = [one.taken for one in recording.letters if one.said.alert == canary and one.taken is not None]
    for start, stop in pauses(calls, max(mail.since, _since(recording)), min(mail.until, end)):
        if stop - start > delivery.heartbeat:
            yield f"the dead man's switch was not called from {moment(start)} to {moment(stop)}"


def _since(recording: Recording) -> float:
    """Return from when on it matters whether people can be told."""
    if ALERTMANAGER not in recording.incident.disturbed:
        return 0.0
    told = {one.alert for one in recording.incident.scenario.expect if one.is_about_messages}
    changes = [change for life in recording.lives if life.alert in told for change in life.changes]
    return min((one.t for one in changes if one.t >= 0 and one.state is AlertState.FIRING), default=math.inf)
