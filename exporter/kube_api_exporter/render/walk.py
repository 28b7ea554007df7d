"""The generic renderer: any decoded object → lines by family, by walking it.

It serves objects whose schema says nothing, and objects that break their schema. Slower than the
compiled one and as correct.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from kube_api_exporter import text
from kube_api_exporter.render.places import Place, TooManyFamilies

# Labels stand in every line, so a small object can be a huge scrape: past this it is refused.
OBJECT_BYTES_MAX = 16 << 20
# A map that is keyed by what comes and goes would use up the families of its kind.
OBJECT_FAMILIES_MAX = 2_000
SKIPPED = ("metadata", "managedFields")  # who wrote which field: no numbers, only bulk


class Lines(defaultdict[str, list[str]]):
    """The samples of an object, or of a part of it, by family, while it is being rendered.

    There is an end to them: `room` is how many bytes the object may still have, `beside` how many families it
    has in the parts before.
    """

    room = OBJECT_BYTES_MAX
    beside = 0

    def spend(self, size: int) -> None:
        """Take note that so many bytes are about to be added, at least; ValueError if that is too much."""
        self.room -= size
        if self.room < 0:
            raise ValueError(f"its samples would take more than {OBJECT_BYTES_MAX} bytes")


def walk(value: Any, place: Place, labels: str, lines: Lines) -> None:
    """Append a line for every number, boolean and planned state in `value`, which stands at `place`."""
    if place.plan:
        place.plan.tell(value, labels, lines)
    if isinstance(value, bool | int | float):
        if len(lines) + lines.beside >= OBJECT_FAMILIES_MAX:
            raise TooManyFamilies(f"more than {OBJECT_FAMILIES_MAX} families in one object")
        if family := place.family:
            lines.spend(len(family) + len(labels))
            lines[family].append(f"{family}{{{labels}}} {text.number(value)}\n")
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
    name = value.get("name") if element.named and isinstance(value, Mapping) else None
    if isinstance(name, str):
        more += f',{element.name_label}="{text.element_name(name)}"'
    return f"{labels},{more}" if labels else more
