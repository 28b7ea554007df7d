"""How long each stage of an alert's way to people took, against how long it may.

scrape      the age of what the rule saw when the alert got pending
evaluation  from the end of its `for` until a rule evaluation had it fire
group wait  from its firing until Alertmanager first tried to say so
send        from then until the receiver had taken it
"""

from bisect import bisect_right
from collections.abc import Iterator

from alertdrill.incident import Delivery
from alertdrill.judge.letters import Letter
from alertdrill.judge.matching import is_about
from alertdrill.judge.recording import Recording
from alertdrill.model import AlertState, Finding, Latency, Life, Trait, Verdict

# What tells how a receiver does, not how the lab does: a receiver that is in trouble on purpose is slow.
SEND = "send"


def measured(recording: Recording) -> tuple[Latency, ...]:
    """Return the stages of each alert of this scenario that people were told of, by its first message."""
    delivery = recording.incident.delivery
    if delivery is None:
        return ()
    found: dict[tuple[str, str], Latency] = {}
    for letter in recording.letters:
        life = _first(recording, letter)
        if life is None or letter.taken is None or letter.said.status != "firing":
            continue
        for one in _stages(recording, delivery, life, letter):
            found.setdefault((one.alert, one.stage), one)
    return tuple(found.values())


def findings(recording: Recording) -> Iterator[Finding]:
    """Yield each stage that took longer than it may, of alerts that the scenario wants people to be told of.

    Scrapes and evaluations that are late are a busy machine's, so what follows of them is not known.
    """
    named = {one.alert for one in recording.incident.scenario.expect if one.kind == "notified"}
    stages = [one for one in measured(recording) if one.alert in named]
    if Trait.DELAYS_MESSAGES in recording.traits:
        stages = [one for one in stages if one.stage != SEND]
    for one in stages:
        if one.seconds > one.budget:
            near = one.seconds <= one.budget + recording.resolution
            lab = one.stage in {"scrape", "evaluation"}
            verdict = Verdict.UNKNOWN if near or lab else Verdict.FAIL
            yield Finding(check="latency", verdict=verdict, alert=one.alert, sentence=f"{one}: too long")


def _first(recording: Recording, letter: Letter) -> Life | None:
    """Return the instance of a message's alert that fired first, of those this scenario is about."""
    lives = [
        (t, life)
        for life in recording.lives
        if life.alert == letter.said.alert
        and is_about(life, recording.incident.namespace)
        and (t := life.first(AlertState.FIRING)) is not None
    ]
    return min(lives, key=lambda one: one[0])[1] if lives else None


def _stages(recording: Recording, delivery: Delivery, life: Life, letter: Letter) -> Iterator[Latency]:
    firing, pending = life.first(AlertState.FIRING), life.first(AlertState.PENDING)
    assert firing is not None and letter.taken is not None, "it was told of"  # noqa: PT018
    first_seen = firing if pending is None or pending > firing else pending
    hold = recording.holds.get(life.alert)
    scraped = _scraped_before(recording, life, first_seen)
    # Two evaluations, of its own group: where that is evaluated more rarely, it may be that much later.
    later = 2 * max(recording.interval_of(life.alert) - recording.incident.limits.evaluation_interval, 0.0)
    if recording.is_restarted:  # the clock stood still meanwhile
        later += recording.gap_max
    taken: list[tuple[str, float | None, float]] = [
        ("scrape", None if scraped is None else first_seen - scraped, delivery.scrape),
        ("evaluation", None if hold is None else firing - first_seen - hold, delivery.rule + later),
        ("group wait", letter.first - firing, delivery.group_wait),
        (SEND, letter.taken - letter.first, delivery.send),
    ]
    for stage, seconds, budget in taken:
        if seconds is not None:
            rounded = round(max(seconds, 0.0), 3)
            yield Latency(alert=life.alert, stage=stage, seconds=rounded, budget=budget)


def _scraped_before(recording: Recording, life: Life, t: float) -> float | None:
    """Return when the target of an alert was last scraped before some time, None if that is not known."""
    incident = recording.incident
    said = {name: life.labels[name] for name in ("job", "instance", "pod") if name in life.labels}
    found = []
    for one in incident.series:
        if one.labels.get("__name__") == "up" and said and said.items() <= one.labels.items():
            times = [(ms / 1000 - incident.fault_at) * incident.speed for ms in one.timestamps]
            if at := bisect_right(times, t):
                found.append(times[at - 1])
    return max(found, default=None)
