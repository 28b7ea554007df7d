"""Verdicts as text, for a tired person: what is wrong comes last, next to the prompt."""

from collections import Counter
from collections.abc import Iterator, Sequence

from alertdrill import durations
from alertdrill.judge.words import often
from alertdrill.model import AlertState, Finding, Judgement, Life, Verdict
from alertdrill.names import NAMESPACE_LABEL, TARGET_LABELS
from alertdrill.report.printable import printable

MARKS = {Verdict.PASS: "+", Verdict.FAIL: "x", Verdict.UNKNOWN: "?"}
BEST_FIRST = (Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL)
STATES = {AlertState.INACTIVE: "resolved", AlertState.PENDING: "pending", AlertState.FIRING: "firing"}
CHANGES_TOLD_MAX = 6  # more is a flapping alert, which is told as such
LAST_CHANGES_TOLD = 2
LEFT_OUT_TOLD_MAX = 5  # rules with the reason; more are told without
# Labels that say where an alert was found and not what it is about.
NOT_TOLD = TARGET_LABELS | {NAMESPACE_LABEL, "job", "severity"}


def render(judgements: Sequence[Judgement]) -> str:
    """Return a paragraph per scenario and a line that counts them; plain text, ends without a newline."""
    ordered = sorted(judgements, key=lambda judgement: BEST_FIRST.index(judgement.verdict))
    paragraphs = ["\n".join(_paragraph(judgement)) for judgement in ordered]
    left_out = dict.fromkeys(one for judgement in judgements for one in judgement.left_out)
    unsaid = ["\n".join(_left_out(list(left_out)))] if left_out else []
    return printable("\n\n".join([*paragraphs, *unsaid, _count(judgements)]))


def _left_out(rules: Sequence[str]) -> Iterator[str]:
    """Yield which rules did not run; of many only where and which they are."""
    if len(rules) <= LEFT_OUT_TOLD_MAX:
        yield from (f"left out, so nothing is said of it: {one}" for one in rules)
        return
    yield f"{len(rules)} rules were left out, so nothing is said of them; why, says alertdrill compress:"
    yield from (f"        {': '.join(one.split(': ')[:2])}" for one in rules)


def _paragraph(judgement: Judgement) -> Iterator[str]:
    speed = f"  ({judgement.speed:g} x life)" if judgement.speed else ""
    yield f"{judgement.verdict.value.upper():<8}{judgement.scenario}{speed}"
    for life in judgement.lives:
        if _is_told(life, judgement.findings):
            yield from _life(life, judgement.speed or 1)
    for finding in judgement.findings:
        yield f"        {MARKS[finding.verdict]} {finding.sentence}"
    for alert in dict.fromkeys(one.alert for one in judgement.latencies):
        yield f"        > {alert} {_way(judgement, alert)}"
    for note in judgement.notes:
        yield f"        ! {note}"


def _way(judgement: Judgement, alert: str) -> str:
    """Say how long each stage of an alert's way to people took, and all of it after its firing."""
    stages = [one for one in judgement.latencies if one.alert == alert]
    return f"on its way to people: {', '.join(one.told for one in stages)}"


def _is_told(life: Life, findings: Sequence[Finding]) -> bool:
    """Say whether a life belongs to the story: the alert is spoken of, or it fired."""
    spoken_of = {finding.alert for finding in findings}
    fired = any(change.state is AlertState.FIRING for change in life.changes)
    return bool(life.changes) and (life.alert in spoken_of or fired)


def _life(life: Life, speed: float) -> Iterator[str]:
    told = ", ".join(f"{name}={value}" for name, value in sorted(life.labels.items()) if name not in NOT_TOLD)
    yield f"        {life.alert} {told}"
    changes = life.changes
    if len(changes) > CHANGES_TOLD_MAX:
        pendings = sum(change.state is AlertState.PENDING for change in changes)
        firings = sum(change.state is AlertState.FIRING for change in changes)
        yield f"          pending {often(pendings)} and firing {often(firings)}; the last of it:"
        changes = changes[-LAST_CHANGES_TOLD:]
    steps = [f"{STATES[change.state]} {clock(change.t)}{_live(change.t, speed)}" for change in changes]
    yield f"          {' → '.join(['healthy', *steps])}"


def _live(t: float, speed: float) -> str:
    """Return the time that passed for whoever watched; as in life it is the rule's own."""
    return "" if speed == 1 else f" ({t / speed:.1f} s)"


def clock(t: float) -> str:
    """Return rule time to the second, "-" before it where it is before the fault."""
    whole = round(t)
    return ("-" if whole < 0 else "") + durations.text(abs(whole))


def _count(judgements: Sequence[Judgement]) -> str:
    counts = Counter(judgement.verdict for judgement in judgements)
    parts = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in BEST_FIRST)
    scenarios = "1 scenario" if len(judgements) == 1 else f"{len(judgements)} scenarios"
    live = " (live seconds)" if any(one.speed for one in judgements) else ""
    return f"{scenarios}: {parts}; times are rule time since the fault{live}"
