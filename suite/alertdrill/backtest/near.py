"""How near an alert came that never fired: how long it was true, and the value nearest to its threshold."""

import promql_parser as library

from alertdrill import durations
from alertdrill.backtest.values import Instance, Near
from alertdrill.compress import printer
from alertdrill.engine import Alert, Engine
from alertdrill.errors import LabError, UsageError
from alertdrill.rules import promql

# Which side is nearer to being true.
HIGHEST = frozenset({">", ">="})
LOWEST = frozenset({"<", "<="})


def near(running: Engine, alert: Alert, instances: tuple[Instance, ...], *, renamed: bool) -> Near:
    """Return how near it came; values are left out where recording rules would have to be asked anew."""
    needed = durations.seconds(alert.rule.hold) if alert.rule.hold else 0.0
    pending = max((one.pending for one in instances), default=0.0)
    compared = None if renamed else _compared(alert.rule.expr)
    if compared is None:
        return Near(pending=pending, needed=needed)
    side, expression, threshold = compared
    try:
        found = running.ask(
            f"{side}({expression})",
            start=alert.first_ms / 1000,
            end=alert.last_ms / 1000,
            step=alert.step_ms / 1000,
        )
    except LabError:
        return Near(pending=pending, needed=needed)
    values = [value for one in found for value in one.values if isinstance(value, float) and value == value]  # noqa: PLR0124
    if not values:
        return Near(pending=pending, needed=needed)
    value = max(values) if side == "max" else min(values)
    return Near(pending=pending, needed=needed, value=value, threshold=threshold)


def _compared(text: str) -> tuple[str, str, str] | None:
    """Return max or min, what is compared, and with which number."""
    try:
        node = promql.parse(text)
    except UsageError:
        return None
    while isinstance(node, library.ParenExpr):
        node = node.expr
    if not isinstance(node, library.BinaryExpr) or not isinstance(node.rhs, library.NumberLiteral):
        return None
    op = str(node.op)
    if op in HIGHEST | LOWEST:
        threshold = f"{op} {printer.number(node.rhs.val)}"
        return "max" if op in HIGHEST else "min", promql.text(node.lhs), threshold
    return None
