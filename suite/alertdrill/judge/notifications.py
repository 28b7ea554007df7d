"""Were people told, once, in time, by the right way and in words that help; and were they left alone else?"""

from collections.abc import Iterator

from alertdrill import durations
from alertdrill.judge import unseen
from alertdrill.judge.letters import Letter
from alertdrill.judge.matching import is_about, matches, said
from alertdrill.judge.recording import Recording
from alertdrill.judge.words import moment, often
from alertdrill.model import AlertState, Finding, Verdict
from alertdrill.scenario import Expectation

FIRING, RESOLVED = "firing", "resolved"


def notified(recording: Recording, expectation: Expectation) -> Iterator[Finding]:
    """Yield what is to be said of an alert that people must be told of."""
    alert, firing = expectation.alert, fired(recording, expectation.alert)
    if firing is None:
        lacking = unseen.said(recording, alert)
        yield _finding(expectation, Verdict.FAIL, f"{alert} never fired, so nobody could be told{lacking}")
        return
    sent = [one for one in _about(recording, alert) if one.said.receiver == expectation.receiver]
    telling = [one for one in sent if one.said.status == FIRING]
    taken = [one for one in telling if one.taken is not None]
    if taken:
        yield _in_time(recording, expectation, firing, taken[0])
        yield from _as_said(expectation, taken)
    else:
        tried = f"; {sum(one.tries for one in telling)} tries were refused" if telling else ""
        late = recording.end is not None and recording.end < firing + durations.seconds(expectation.within)
        sentence = f"{expectation.receiver} was never told that {alert} fired at {moment(firing)}{tried}"
        yield _finding(expectation, Verdict.UNKNOWN if late else Verdict.FAIL, sentence)
    if expectation.resolved:
        yield from _over(recording, expectation, [one for one in sent if one.said.status == RESOLVED])


def unnotified(recording: Recording, expectation: Expectation) -> Iterator[Finding]:
    """Yield what is to be said of an alert that fires, and that nobody is to be told of."""
    alert, firing, end = expectation.alert, fired(recording, expectation.alert), recording.end
    if firing is None:
        lacking = unseen.said(recording, alert)
        yield _finding(expectation, Verdict.FAIL, f"{alert} never fired, so nothing silenced it{lacking}")
        return
    telling = _about(recording, alert)
    for one in telling:
        sentence = f"{one.said.receiver} was told of {alert} at {moment(one.first)}: {one.said.title!r}"
        yield _finding(expectation, Verdict.FAIL, f"{sentence}; it must be silenced")
    delivery = recording.incident.delivery
    assert delivery is not None and end is not None, "an assumption says so"  # noqa: PT018
    over = min([end, *_ends(recording, alert, firing)])
    if not telling and over - firing < delivery.group_wait:
        sentence = (
            f"{alert} fired for {moment(over - firing)}, and a message may take longer; hold for longer"
        )
        yield _finding(expectation, Verdict.UNKNOWN, sentence)
    elif not telling:
        yield _finding(expectation, Verdict.PASS, f"{alert} fired at {moment(firing)}, and nobody was told")


def nothing_else(recording: Recording) -> Iterator[Finding]:
    """Yield every message that no expectation speaks of, in a scenario that speaks of any.

    One that names no namespace is not its own where another scenario of the play has that alert fire.
    """
    named = [one for one in recording.incident.scenario.expect if one.is_about_messages]
    if not named:
        return
    told = {(one.alert, one.receiver) for one in named}
    silenced = {one.alert for one in named if one.kind == "unnotified"}
    others = [
        one
        for one in recording.letters
        if (one.said.alert, one.said.receiver) not in told
        and one.said.alert not in silenced | {recording.incident.limits.canary}
        and one.said.status != RESOLVED  # of what had fired before
        and not (one.said.namespace == "" and one.said.alert in recording.incident.elsewhere)
        and one.first > 0
    ]
    for one in others:
        what = repr(one.said.title) if one.said.title else one.said.alert
        sentence = f"{one.said.receiver} was told {what} at {moment(one.first)}, and no expectation says so"
        yield Finding(check="nobody else", verdict=Verdict.FAIL, sentence=sentence, alert=one.said.alert)
    if not others:
        yield Finding(check="nobody else", verdict=Verdict.PASS, sentence="nobody was told anything else")


def _in_time(recording: Recording, expectation: Expectation, firing: float, first: Letter) -> Finding:
    assert first.taken is not None, "it is among those that were"
    after = first.taken - firing
    outside = after - durations.seconds(expectation.within)
    tries = f", at try {first.tries}" if first.tries > 1 else ""
    sentence = (
        f"{expectation.receiver} was told {moment(max(after, 0))} after {expectation.alert} fired{tries},"
        f" allowed {expectation.within}"
    )
    if outside <= 0:
        return _finding(expectation, Verdict.PASS, sentence)
    near = outside <= recording.resolution
    return _finding(expectation, Verdict.UNKNOWN if near else Verdict.FAIL, sentence)


def _as_said(expectation: Expectation, taken: list[Letter]) -> Iterator[Finding]:
    """Yield what is wrong with the messages, or that nothing is."""
    wrong = []
    if len(taken) != expectation.times:
        when = ", ".join(moment(one.first) for one in taken)
        wrong.append(f"it was told {often(len(taken))} ({when}), expected {expectation.times}")
    last = taken[-1].said
    if expectation.alerts and last.count != expectation.alerts:
        wrong.append(f"its last message is about {last.count} alerts, expected {expectation.alerts}")
    texts = [f"{one.said.title}\n{one.said.text}" for one in taken]
    if expectation.says and not any(matches(text, expectation.says) for text in texts):
        wrong.append(f"its last message says {texts[-1]!r}, expected {said(expectation.says)}")
    if expectation.link and not any(matches(one.said.link, expectation.link) for one in taken):
        wrong.append(f'its last message leads to "{last.link}", expected {said(expectation.link)}')
    for sentence in wrong:
        yield _finding(
            expectation,
            Verdict.FAIL,
            f"{expectation.receiver} was told of {expectation.alert}, but {sentence}",
        )
    if not wrong:
        yield _finding(expectation, Verdict.PASS, f"the message: {last.title}")


def _over(recording: Recording, expectation: Expectation, sent: list[Letter]) -> Iterator[Finding]:
    who, heal, end = expectation.receiver, recording.heal, recording.end
    assert heal is not None and end is not None, "an assumption says so"  # noqa: PT018
    taken = [one.taken for one in sent if one.taken is not None]
    deadline = heal + durations.seconds(expectation.resolved)
    if not taken:
        late = end < deadline
        sentence = f"{who} was never told that {expectation.alert} is over, watched until {moment(end)}"
        yield _finding(expectation, Verdict.UNKNOWN if late else Verdict.FAIL, sentence)
        return
    after = f"{moment(abs(taken[0] - heal))} {'after' if taken[0] >= heal else 'before'} the repair"
    sentence = f"{who} was told that {expectation.alert} is over {after}, allowed {expectation.resolved}"
    if taken[0] < heal - recording.resolution:
        verdict = Verdict.FAIL
    elif taken[0] <= deadline:
        verdict = Verdict.PASS
    else:
        near = taken[0] <= deadline + recording.resolution_of(expectation.alert)
        verdict = Verdict.UNKNOWN if near else Verdict.FAIL
    yield _finding(expectation, verdict, sentence)
    if len(taken) > 1:
        when = ", ".join(map(moment, taken))
        yield _finding(
            expectation, Verdict.FAIL, f"{who} was told {len(taken)} times that it is over: {when}"
        )


def _about(recording: Recording, alert: str) -> list[Letter]:
    """Return the messages about an alert of this scenario's, or of none: others' may be called the same."""
    own = {recording.incident.namespace, ""}
    found = [one for one in recording.letters if one.said.alert == alert and one.said.namespace in own]
    return [one for one in found if one.first > 0]


def fired(recording: Recording, alert: str) -> float | None:
    """Return when the first instance of an alert that this scenario is about fired."""
    namespace = recording.incident.namespace
    lives = [one for one in recording.lives if one.alert == alert and is_about(one, namespace)]
    times = [t for one in lives if (t := one.first(AlertState.FIRING)) is not None]
    return min(times, default=None)


def _ends(recording: Recording, alert: str, since: float) -> Iterator[float]:
    """Yield when each instance of an alert was over."""
    for life in recording.lives:
        over = life.first(AlertState.INACTIVE, since)
        if life.alert == alert and over is not None:
            yield over


def _finding(expectation: Expectation, verdict: Verdict, sentence: str) -> Finding:
    return Finding(check=expectation.kind, verdict=verdict, alert=expectation.alert, sentence=sentence)
