"""Two revisions of rules before the past of a server that runs: one more case of a gate."""

from alertdrill import durations
from alertdrill.backtest import served
from alertdrill.backtest.backtest import Asked, Known
from alertdrill.backtest.raw import moment
from alertdrill.gate import differ
from alertdrill.gate.values import Case, Told
from alertdrill.model import AlertState, Change, Life
from alertdrill.rules import RuleSet


def revisions(old: RuleSet, new: RuleSet) -> tuple[RuleSet, RuleSet]:
    """Return of both what differs: of the rest nothing need be asked of the server."""
    changed = differ.revisions(old, new).changed
    return served.named(old, changed), served.named(new, changed)


def case(found: tuple[Known, Known], asked: Asked) -> Case:
    """Return what both came to as a case; its clock begins with the past that was asked for."""
    old, new = (_told(one, asked.start) for one in found)
    steps = [alert.step_ms / 1000 for known in found for alert in known.alerts]
    length = asked.end - asked.start
    return Case(name=name(asked), start=0.0, end=length, apart=max(steps, default=0.0), old=old, new=new)


def name(asked: Asked) -> str:
    """Return what the case is called, in approvals too."""
    return f"past/{durations.text(round(asked.end - asked.start))}"


def begun(asked: Asked) -> str:
    """Say when the clock of the case begins."""
    return f"times in {name(asked)} are since {moment(asked.start * 1000)}"


def _told(known: Known, start: float) -> Told:
    lives = [
        Life(
            alert=alert.rule.name,
            labels=one.labels,
            annotations=one.annotations,
            changes=tuple(Change(t=round(change.t - start, 3), state=change.state) for change in one.changes),
        )
        for alert in known.alerts
        if alert.rule.name not in known.doubts
        for one in alert.instances
    ]
    there = tuple(life for life in lives if _is_in(life))
    return Told(lives=there, doubts=known.doubts)


def _is_in(life: Life) -> bool:
    """Say whether an instance was active after the beginning, and not only before it."""
    last = life.changes[-1] if life.changes else None
    return last is not None and (last.t > 0 or last.state is not AlertState.INACTIVE)
