"""A binary operation taken apart, so that one word of it can be another one."""

import dataclasses
from dataclasses import dataclass

import promql_parser as library

from alertdrill.compress import printer

SETS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})


@dataclass(frozen=True)
class Operation:
    """What stands between two operands: the operator, and how their series find each other."""

    op: str
    bool: bool = False
    matching: tuple[str, ...] = ()  # `on (a)` or `ignoring (a)`, as one word
    grouping: tuple[str, ...] = ()
    fill: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """Return `on` or `ignoring`, `""` where all labels count."""
        return self.matching[0].partition(" ")[0] if self.matching else ""

    def text(self, left: str, right: str) -> str:
        """Print the operation with its operands, which stand as they are."""
        modifiers = (*(("bool",) if self.bool else ()), *self.matching, *self.grouping, *self.fill)
        return " ".join((left, self.op, *modifiers, right))

    def but(self, **changed: object) -> "Operation":
        """Return the same with something changed."""
        return dataclasses.replace(self, **changed)  # type: ignore[arg-type]


def of(node: library.BinaryExpr) -> Operation:
    """Return what stands between the operands of a node."""
    op = str(node.op)
    if (how := node.modifier) is None:
        return Operation(op)
    matching: tuple[str, ...] = ()
    if how.matching is not None:
        on = how.matching.type == library.LabelModifierType.Include
        matching = (f"{'on' if on else 'ignoring'} {printer.names(how.matching.labels)}",)
    grouping: tuple[str, ...] = ()
    # The library's enumerations can't be keys of a dict.
    if how.card == library.VectorMatchCardinality.ManyToOne:
        grouping = (f"group_left {printer.names(how.group_labels or [])}",)
    elif how.card == library.VectorMatchCardinality.OneToMany:
        grouping = (f"group_right {printer.names(how.group_labels or [])}",)
    return Operation(op, how.return_bool, matching, grouping, tuple(printer.fill(how.fill_values)))
