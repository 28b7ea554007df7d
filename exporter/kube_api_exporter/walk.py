"""The generic renderer: any decoded object → lines by family, by walking it.

It serves objects whose schema says nothing, and objects that break their schema. Slower than the
compiled one and as correct.
"""

from collections.abc import Mapping
from typing import Any

from kube_api_exporter import text
from kube_api_exporter.places import Place

Lines = dict[str, list[str]]
SKIPPED = ("metadata", "managedFields")  # who wrote which field: no numbers, only bulk


def walk(value: Any, place: Place, labels: str, lines: Lines) -> None:
    """Append a line for every number and boolean in `value`, which stands at `place`."""
    if isinstance(value, bool | int | float):
        if family := place.family:
            lines.setdefault(family, []).append(f"{family}{{{labels}}} {text.number(value)}\n")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, bool | int | float | Mapping | list) and (*place.steps, key) != SKIPPED:
                walk(inner, place.child(key), labels, lines)
    elif isinstance(value, list):
        element = place.element()
        for index, inner in enumerate(value):
            walk(inner, element, element_labels(labels, element, index, inner), lines)


def element_labels(labels: str, element: Place, index: int, value: Any) -> str:
    """Add the index of a list's element, and its name if it has one."""
    more = f'{element.index_label}="{index}"'
    name = value.get("name") if isinstance(value, Mapping) else None
    if isinstance(name, str):
        more += f',{element.name_label}="{text.label_value(name)}"'
    return f"{labels},{more}" if labels else more
