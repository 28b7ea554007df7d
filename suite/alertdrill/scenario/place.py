"""Where in its module a scenario says what: for sentences that lead to the line to be mended."""

import ast
from pathlib import Path

from alertdrill.scenario.values import Scenario


def said(scenario: Scenario, sentence: str, about: tuple[str, ...] = ()) -> str:
    """Return a sentence about a scenario, behind its place where its module is known."""
    where = f"{of(scenario.module, scenario.name, about)}: " if scenario.module else ""
    return f"{where}{sentence}"


def of(module: Path, name: str, about: tuple[str, ...] = ()) -> str:
    """Return `file:line` of the last text of `about` in what makes the scenario of this name.

    Of what is not written there as such the name's line is told; of a name that is put together, the line of
    `SCENARIOS`.
    """
    try:
        tree = ast.parse(module.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return str(module)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    making = min((call for call in calls if _is_given(call, name)), key=_size, default=None)
    if making is None:
        listed = [
            node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "SCENARIOS"
        ]
        return f"{module}:{listed[0]}" if listed else str(module)
    saying = [node for node in ast.walk(making) if isinstance(node, ast.Call) and _says(node, about)]
    innermost = [node for node in saying if not any(_is_within(other, node) for other in saying)]
    line = min((_texts(node)[about[-1]] for node in innermost), default=_texts(making)[name])
    return f"{module}:{line}"


def _is_given(call: ast.Call, name: str) -> bool:
    """Say whether a call has the name among its own arguments."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(isinstance(one, ast.Constant) and one.value == name for one in given)


def _says(call: ast.Call, about: tuple[str, ...]) -> bool:
    return bool(about) and set(about) <= _texts(call).keys()


def _is_within(inner: ast.AST, outer: ast.AST) -> bool:
    return inner is not outer and any(node is inner for node in ast.walk(outer))


def _texts(node: ast.AST) -> dict[str, int]:
    """Return the texts and names that are written within, each with its first line."""
    found: dict[str, int] = {}
    for one in ast.walk(node):
        match one:
            case ast.Constant(value=str(text)) | ast.Name(id=text) | ast.Attribute(attr=text):
                found[text] = min(one.lineno, found.get(text, one.lineno))
    return found


def _size(node: ast.AST) -> int:
    return sum(1 for _ in ast.walk(node))
