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
    the call in `SCENARIOS` that has a part of it, if one alone has, else that of the list.
    """
    try:
        tree = ast.parse(module.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return str(module)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    making = min((call for call in calls if _is_given(call, name)), key=_size, default=None)
    if making is None:
        lines = _listed(tree, name)
        return f"{module}:{lines[0]}" if lines else str(module)
    saying = [node for node in ast.walk(making) if isinstance(node, ast.Call) and _says(node, about)]
    innermost = [node for node in saying if not any(_is_within(other, node) for other in saying)]
    line = min((_texts(node)[about[-1]] for node in innermost), default=_texts(making)[name])
    return f"{module}:{line}"


def _listed(tree: ast.AST, name: str) -> list[int]:
    """Return the line of the one call in `SCENARIOS` that has a part of the name, else that of the list."""
    lines = [one.lineno for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id == "SCENARIOS"]
    lists = [one for one in ast.walk(tree) if isinstance(one, ast.List) and one.lineno in lines]
    calls = [one for made in lists for one in made.elts if isinstance(one, ast.Call)]
    parts = [one.lineno for one in calls if _has_part(one, name)]
    return parts if len(parts) == 1 else lines


def _has_part(call: ast.Call, name: str) -> bool:
    """Say whether a text among a call's own arguments is the name's beginning or end."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    texts = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(text and (name.startswith(text) or name.endswith(text)) for text in texts)


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
