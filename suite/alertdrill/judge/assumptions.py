"""Was the lab fit to judge in? Each function yields a sentence for each reason why not."""

import statistics
from collections.abc import Iterator, Sequence

from alertdrill import durations
from alertdrill.incident import Cadence
from alertdrill.judge import absence, notifications, switch, workload
from alertdrill.judge.letters import Letter
from alertdrill.judge.matching import label_mistakes
from alertdrill.judge.recording import Recording, Scrape
from alertdrill.judge.words import instance, moment
from alertdrill.model import AlertState, Life, Trait
from alertdrill.names import FAILING_GROUP, NAMESPACE_LABEL, NAMESPACE_PREFIX, RULES, SIGHTS

OTHERS = "name only the rules that the drill is about"
SLOWER = "play it on a machine with less to do, or at a lower --speed"
ALONE = "play it alone (alertdrill play {name}), on a machine with less to do, or at a lower --speed"


def broken(recording: Recording) -> list[str]:
    """Return why nothing else of this recording can be judged; `[]` when all of it can."""
    if recording.troubles and (recording.end is None or not recording.reached_fault):
        return [recording.troubles[0]]  # the run broke off: what is missing is missing because of it
    checks = (_run, _fault, _scrapes, _own_scrapes, _rules, _canary, _before, _cadence, _mail)
    found = [sentence for check in checks for sentence in check(recording)]
    return [*found, *workload.doubts(recording)]


def _run(recording: Recording) -> Iterator[str]:
    """The run went to its end without trouble."""
    yield from recording.troubles
    hold = durations.seconds(recording.incident.scenario.hold)
    if recording.end is None:
        yield "the run never reached its end"
    elif recording.end < hold:
        yield f"watching ended at {moment(recording.end)}, before the hold of {durations.text(hold)} was over"


def _fault(recording: Recording) -> Iterator[str]:
    """What was to be broken was broken, and what was to be repaired repaired."""
    scenario = recording.incident.scenario
    resolving = any(expectation.kind == "resolves" for expectation in scenario.expect)
    if scenario.fault is not None and recording.incident.traits is None:
        yield (
            f"this recording is older than its judge, and does not say what {scenario.fault.name} does to a"
            " cluster; record it again"
        )
    if scenario.fault is not None and recording.fault is None:
        yield f"the fault {scenario.fault} was never injected"
    elif recording.fault is not None and recording.fault > recording.incident.limits.scrape_gap_max:
        yield (
            f"breaking it took until {moment(recording.fault)}, and may take"
            f" {durations.text(recording.incident.limits.scrape_gap_max)}: nothing is known of when it was"
            f" broken; {ALONE.format(name=scenario.name)}"
        )
    if resolving and recording.heal is None:
        yield "nothing was repaired, so nothing can be said about what resolves"
    elif scenario.fault is not None and recording.heal is not None:
        hold = durations.seconds(scenario.hold)
        if recording.heal < hold - recording.resolution:
            yield f"the repair came at {moment(recording.heal)}, before the hold of {durations.text(hold)}"
        elif recording.heal - hold > recording.incident.limits.scrape_gap_max:
            yield (
                f"the repair came only at {moment(recording.heal)}, the hold was {durations.text(hold)};"
                f" {SLOWER}"
            )


def _scrapes(recording: Recording) -> Iterator[str]:
    """Every job that the rules read was scraped, without a hole, from the fault to the end.

    What the scenario itself takes down is left out. A scrape that fails makes every series of its target
    stale, so one alone can start a `for` anew; of a job that is read only for alerts which the scenario does
    not name, single ones may fail, but not one after the other: then nothing follows from the silence of
    those that read it, and that nothing else fired is a part of every verdict. What no alert reads may be
    down (`absence.py`). Before the fault no alert of the scenario is active, so there is nothing to lose.
    """
    limits = recording.incident.limits
    if not recording.scrapes:
        yield "no target was scraped"
        return
    relied_on = recording.named_jobs | _jobs(recording) if limits.jobs else _jobs(recording)
    for job in limits.jobs or sorted(relied_on):
        if job in recording.touched_jobs:
            continue
        targets = [scrape for scrape in recording.scrapes if scrape.job == job]
        if not targets:
            there = ", ".join(sorted({scrape.job for scrape in recording.scrapes}))
            yield f"no target of the job {job} was scraped; jobs that were scraped: {there}; {OTHERS}"
        for target in targets:
            yield from _target(recording, target, may_fail=job not in relied_on)


def _target(recording: Recording, target: Scrape, *, may_fail: bool) -> Iterator[str]:
    """Yield what is wrong with the scrapes of one target."""
    limits, name = recording.incident.limits, f"the target {target.instance} of the job {target.job}"
    down = [t for t in target.down if t > -limits.scrape_interval]
    if down and not may_fail:
        yield f"{name} was down in {len(down)} scrapes, first at {moment(down[0])}"
    if may_fail and not absence.is_no_matter(recording, target):
        readers = recording.readers(target.job)
        lost = f": nothing follows from the silence of {', '.join(readers)}" if readers else ""
        for start, stop in absence.stretches(recording, target):
            yield f"{name} was down from {moment(start)} to {moment(stop)}, which nobody did{lost}; {SLOWER}"
    for start, stop in target.gaps:
        if stop > 0 and stop - start > recording.gap_max:
            yield f"{name} was not scraped from {moment(start)} to {moment(stop)}"
    if target.first > limits.scrape_interval:
        yield f"{name} was scraped only from {moment(target.first)} on"
    if recording.end is not None and recording.end - target.last > limits.scrape_gap_max:
        yield f"{name} was scraped only until {moment(target.last)} of {moment(recording.end)}"


def _jobs(recording: Recording) -> set[str]:
    """Return the jobs that rules read which name none: whose series they select, and who sees the workload.

    Scenarios' are not among them: this one's own are looked at in `_own_scrapes`, others' don't matter.
    """
    read = recording.metrics | set(SIGHTS.values())
    found = {
        one.labels.get("job", "")
        for one in recording.incident.series
        if "" in read or one.labels.get("__name__") in read
    }
    return {job for job in found if job and not job.startswith(NAMESPACE_PREFIX)}


def _own_scrapes(recording: Recording) -> Iterator[str]:
    """What the scenario runs was scraped all along, if it is at all: it may restart, not stay away."""
    end = recording.end
    if end is None or Trait.REMOVES_TARGETS in recording.traits:
        return
    own = [one for one in recording.scrapes if one.job.startswith(f"{recording.incident.namespace}/")]
    for job in sorted({one.job for one in own}):
        seen_until = 0.0
        spans = [
            span
            for one in own
            if one.job == job
            for span in _spans(one, recording.incident.limits.scrape_interval)
        ]
        for start, stop in [*sorted(spans), (end, end)]:
            if start - seen_until > recording.gap_max:
                yield f"the job {job} was not scraped from {moment(seen_until)} to {moment(start)}"
            seen_until = max(seen_until, stop)


def _spans(target: Scrape, interval: float) -> Iterator[tuple[float, float]]:
    """Yield the times over which a target was scraped and up."""
    start = target.first
    absences = [*((t - interval, t + interval) for t in target.down), *target.gaps]
    for lost, found in sorted(absences):
        if lost >= start:
            yield start, lost
        start = max(start, found)
    if target.last >= start:
        yield start, target.last


def _rules(recording: Recording) -> Iterator[str]:
    """Prometheus evaluated every rule without an error, from the fault on; some fail on purpose."""
    meant = _failing_on_purpose(recording)
    opening: dict[tuple[str, str], str] = {}
    states: dict[tuple[str, str, str], float] = {}
    errors: dict[tuple[str, str, str], str] = {}
    for t, rule in recording.health:
        key = (rule.group, rule.rule)
        if t <= 0:
            opening[key] = rule.health
            states = {one: at for one, at in states.items() if one[:2] != key}
        states.setdefault((*key, rule.health), t)
        errors[*key, rule.health] = rule.error
    reported = {rule.rule for _, rule in recording.health}
    if not reported:
        yield "Prometheus reported no rule at all"
    expected = {expectation.alert for expectation in recording.incident.scenario.expect}
    for alert in sorted(expected - reported if reported else ()):
        yield f"Prometheus never reported the rule {alert}"
    last = {(rule.group, rule.rule): rule.health for _, rule in recording.health}
    for group, name, health in sorted(states):
        # One that has just been restarted tells its rules before it has evaluated them.
        if health == "unknown" and last[group, name] == "ok" and recording.is_restarted:
            continue
        if health != "ok" and group not in meant:
            why = errors[group, name, health]
            said = f": {why}" if why else ""
            yield f"the rule {name} was not healthy at {moment(states[group, name, health])}: {health}{said}"


def _failing_on_purpose(recording: Recording) -> frozenset[str]:
    """Return the group that this scenario, or one that was played beside it, makes fail."""
    touched = {*recording.incident.scenario.touches, *recording.incident.disturbed}
    return frozenset({FAILING_GROUP} if RULES in touched else ())


def _canary(recording: Recording) -> Iterator[str]:
    """The alert that always fires did, all the time: alerting itself was alive."""
    limits = recording.incident.limits
    if not recording.canaries:
        yield f"the canary alert {limits.canary} was never seen"
    for life in recording.canaries:
        if life.state_at(limits.evaluation_interval) is not AlertState.FIRING:
            yield f"the canary alert {limits.canary} was not firing when the fault came"
        for change, after in zip(life.changes, (*life.changes[1:], None), strict=True):
            back = after is not None and after.t - change.t <= recording.gap_max
            if (
                change.t > 0
                and change.state is not AlertState.FIRING
                and not (back and recording.is_restarted)
            ):
                yield f"the canary alert {limits.canary} was {change.state.value} at {moment(change.t)}"


def _before(recording: Recording) -> Iterator[str]:
    """Nothing but the scenario had an alert that fires and was up before the fault: it isn't of the fault."""
    for life in recording.lives:
        if _is_meant(recording, life):
            continue
        since: float | None = None
        for change in life.changes:
            if change.state is AlertState.INACTIVE:
                since = None
            elif since is None:
                since = change.t
            if change.state is AlertState.FIRING and since is not None and since < 0:
                yield (
                    f"{instance(life)} fired, and was up since {moment(since)} already; mend that first, or"
                    f" {OTHERS}"
                )


def _is_meant(recording: Recording, life: Life) -> bool:
    """Say whether an alert is about the scenario, or what is played beside it, or is known noise."""
    incident = recording.incident
    about = life.labels.get(NAMESPACE_LABEL, life.labels.get("namespace"))
    return (
        about == incident.namespace
        or any(one.matches(life.alert, life.labels) for one in incident.noise)
        or any(
            life.alert == one.alert and not label_mistakes(life, one, incident.namespace)
            for one in incident.beside
        )
    )


def _cadence(recording: Recording) -> Iterator[str]:
    """Restarts came as often as the speed promises."""
    incident = recording.incident
    cadence = incident.cadence
    if cadence is None:
        if Trait.CRASH_LOOPS in recording.traits:
            yield "how often the crash loop restarted was not measured"
    elif not cadence.measured:
        yield "the crash loop did not restart twice, so its pace is not known"
    elif not cadence.low <= (median := _median(recording, cadence)) <= cadence.high:
        yield (
            f"the crash loop restarted every {durations.text(round(median))} of rule time, promised are"
            f" {durations.text(cadence.low)} to {durations.text(cadence.high)}; play it slower"
        )


def _median(recording: Recording, cadence: Cadence) -> float:
    """Return the middle of the pauses, finer than the scrapes by which they were seen."""
    every = recording.incident.limits.scrape_interval
    return statistics.median_grouped(_waited(recording, cadence), interval=every)


def _waited(recording: Recording, cadence: Cadence) -> Sequence[float]:
    """Return the pauses that a back-off made.

    What a probe kills is restarted at once every other time, as a kubelet reckons from the exit before that,
    and on a busy machine more often in a row; but not more often than twice in a back-off, all in all.
    """
    often = statistics.fmean(cadence.measured) < cadence.low / 2
    if often or Trait.KILLED_BY_PROBE not in recording.traits:
        return cadence.measured
    return [pause for pause in cadence.measured if pause >= cadence.low / 2]


def _mail(recording: Recording) -> Iterator[str]:
    """Where it matters who was told, it is known all along what came, and the dead man's switch was called.

    The switch is to messages what the canary is to alerts: where it falls silent, so may have everything.
    """
    if not any(expectation.is_about_messages for expectation in recording.incident.scenario.expect):
        return
    mail, delivery, end = recording.mail, recording.incident.delivery, recording.end
    if mail is None or delivery is None:
        yield "nobody could ask the receiver what came"
        return
    yield from mail.lost
    if mail.since > 0:
        yield f"what came is known only from {moment(mail.since)} on"
    if end is None:
        return
    if end - mail.until > recording.resolution:
        yield f"what came is known only until {moment(mail.until)} of {moment(end)}"
    own = [one for one in recording.letters if one.said.namespace == recording.incident.namespace]
    if (
        own
        and Trait.DELAYS_MESSAGES in recording.traits
        and not any(_met_trouble(one, recording.incident.speed) for one in own)
    ):
        yield "the receiver was to be in trouble, and no message met with any"
    yield from _of_before(recording, own)
    yield from switch.silences(recording)


def _of_before(recording: Recording, own: Sequence[Letter]) -> Iterator[str]:
    """Yield that people were told that an alert is over before it fired: it had, as the workload came up."""
    expected = recording.incident.scenario.expect
    named = {expectation.alert for expectation in expected if expectation.is_about_messages}
    for one in (letter for letter in own if letter.said.alert in named):
        firing = notifications.fired(recording, one.said.alert)
        late = one.taken is None or one.taken > 0
        if one.said.status == notifications.RESOLVED and late and (firing is None or one.first < firing):
            yield (
                f"{one.said.receiver} was told at {moment(one.first)} that {one.said.alert} is over, which it"
                f" was before the fault: the workload came up too slowly; {SLOWER}"
            )


def _met_trouble(letter: Letter, speed: float) -> bool:
    """Say whether a message was refused, or kept waiting for more than a live second."""
    return letter.taken is None or letter.tries > 1 or letter.taken - letter.first > speed
