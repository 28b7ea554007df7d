"""How near an alert came that never fired: how long it was true, and the value nearest to its threshold."""

from collections.abc import Sequence
from typing import NamedTuple

import promql_parser as library

from alertdrill import durations
from alertdrill.backtest.values import Instance, Near
from alertdrill.compress import printer
from alertdrill.engine import Alert, Engine, naming
from alertdrill.engine.ahead import Ahead
from alertdrill.engine.engine import LOOKBACK_SECONDS
from alertdrill.engine.question import Question
from alertdrill.errors import LabError
from alertdrill.rules import promql

# Which side is nearer to being true.
HIGHEST = frozenset({">", ">="})
LOWEST = frozenset({"<", "<="})


def each(
    running: Engine, those: Sequence[tuple[Alert, tuple[Instance, ...]]], recorded: frozenset[str]
) -> list[Near | None]:
    """Return how near each came, None of one that fired or of which nothing is known.

    Values are left out where they are of what rules have `recorded`, which would have to be asked anew.
    """
    silent = [not alert.trouble and not any(one.fired for one in instances) for alert, instances in those]
    asked = [
        _asked(alert, recorded) if quiet else None for (alert, _), quiet in zip(those, silent, strict=True)
    ]
    questions = [one.question for one in asked if one]
    with Ahead(running, questions, questions) as ahead:
        return [
            _near(ahead, one, alert, instances) if quiet else None
            for (alert, instances), one, quiet in zip(those, asked, silent, strict=True)
        ]


class _Asked(NamedTuple):
    """What tells how near an alert came: the question, max or min, and the threshold in words."""

    question: Question
    side: str
    threshold: str


def _asked(alert: Alert, recorded: frozenset[str]) -> _Asked | None:
    compared = None if naming.reads(alert.rule.expr, recorded) else _compared(alert.rule.expr)
    if compared is None:
        return None
    side, expression, threshold = compared
    start, end, step = (ms / 1000 for ms in (alert.first_ms, alert.last_ms, alert.step_ms))
    question = Question(f"{side}({expression})", start=start, end=end, step=step, lookback=LOOKBACK_SECONDS)
    return _Asked(question, side, threshold)


def _near(ahead: Ahead, asked: _Asked | None, alert: Alert, instances: Sequence[Instance]) -> Near:
    needed = durations.seconds(alert.rule.hold) if alert.rule.hold else 0.0
    pending = max((one.pending for one in instances), default=0.0)
    if asked is None:
        return Near(pending=pending, needed=needed)
    try:
        found = ahead.answer(asked.question)
    except LabError:
        return Near(pending=pending, needed=needed)
    values = [value for one in found for value in one.values if isinstance(value, float) and value == value]  # noqa: PLR0124
    if not values:
        return Near(pending=pending, needed=needed)
    value = max(values) if asked.side == "max" else min(values)
    return Near(pending=pending, needed=needed, value=value, threshold=asked.threshold)


def _compared(text: str) -> tuple[str, str, str] | None:
    """Return max or min, what is compared, and with which number."""
    node = promql.comparison(text, HIGHEST | LOWEST)
    if node is None or not isinstance(node.rhs, library.NumberLiteral):
        return None
    op = str(node.op)
    return "max" if op in HIGHEST else "min", promql.text(node.lhs), f"{op} {printer.number(node.rhs.val)}"
