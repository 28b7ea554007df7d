"""What a call in a scenario module could have been told, where it was told what it does not take."""

import ast
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

ASKED = re.compile(r"(?:keyword|positional|required) arguments?\b")
WRONG = re.compile(r"keyword argument '(?P<name>\w+)'")


def taken(error: BaseException, module: Path) -> tuple[int, str] | None:
    """Return the line to be mended and what the call there takes; None where it is no such mistake."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if not isinstance(error, TypeError) or not ASKED.search(str(error)) or last is None:
        return None
    call = _call(last, module) if last.tb_frame.f_code.co_filename == str(module) else None
    called = _called(call, last.tb_frame) if call else None
    if call is None or called is None:
        return None
    try:
        takes = list(inspect.signature(called).parameters)
    except (TypeError, ValueError):  # of what is written in C
        return None
    wrong = WRONG.search(str(error))
    lines = [one.value.lineno for one in call.keywords if wrong and one.arg == wrong["name"]]
    return lines[0] if lines else call.lineno, f"{ast.unparse(call.func)} takes {', '.join(takes)}"


def _call(last: TracebackType, module: Path) -> ast.Call | None:
    """Return the call that was being made."""
    positions = list(last.tb_frame.f_code.co_positions())[last.tb_lasti // 2]
    calls = [node for node in ast.walk(ast.parse(module.read_bytes())) if isinstance(node, ast.Call)]
    return next((one for one in calls if _position(one) == positions), None)


def _position(node: ast.Call) -> tuple[int, int | None, int, int | None]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _called(call: ast.Call, frame: FrameType) -> Any:
    """Return what a call calls, if it is called by a name."""
    names: Mapping[str, Any] = {**frame.f_builtins, **frame.f_globals, **frame.f_locals}
    return names.get(call.func.id) if isinstance(call.func, ast.Name) else None
