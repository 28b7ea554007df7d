"""Shapes → Python source → functions: one renderer per kind, with every name already in its strings.

A function per object and per list of the schema, written when it is first called: most of a schema is
never met. The source is made of our own names only (f0, f1 …) and of families, which hold nothing but
letters, digits and underscores.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from kube_api_exporter import text
from kube_api_exporter.render import compiled_states, states
from kube_api_exporter.render.places import Place
from kube_api_exporter.render.shapes import STRING, Anything, Array, Leaf, Map, Object, Shape, strip
from kube_api_exporter.render.walk import Lines, walk

NAMES = ("string", "text", "int-or-string", "int-or-percent", "int-or-quantity")
# A list of no more elements makes no huge scrape of a small object.
FEW = 8
# How the source spells a value of each kind; the decoder lets nothing else through.
SPELLED = {
    "integer": "{{{}}}",
    "int-or-string": "{{{}}}",
    "int-or-percent": "{{{}}}",
    "int-or-quantity": "{{number({})}}",
    "boolean": "{{1 if {} else 0}}",
    "flag": "{{1 if {} else 0}}",
    "number": "{{number({})}}",
}
Function = Callable[[Any, str, Lines], None]


def may_be_text(shape: Shape | None) -> bool:
    """Say whether a value of this shape can be a string, and so the name of a list's element."""
    return isinstance(shape, Anything) or (isinstance(shape, Leaf) and shape.kind in NAMES)


class Writer:
    """Writes the source of one kind's renderer; `names` are what the functions see, each other above all."""

    def __init__(self) -> None:
        self._numbers = count()
        self.names: dict[str, Any] = {
            "walk": walk,
            "number": text.number,
            "escape": text.element_name,
            "__builtins__": {"enumerate": enumerate, "len": len, "set": set, "str": str},
            **compiled_states.NAMES,
        }

    def compile(self, shape: Object, place: Place) -> Function:
        """Return the renderer of an object: (decoded object, identity labels, lines) → lines appended."""
        return self._made(f"r{next(self._numbers)}", self._object(shape, place))

    def _later(self, write: Callable[[Any, Place], list[str]], shape: Object | Array, place: Place) -> str:
        """Name a function that is made when it is first called, maybe by two threads: both make the same."""
        name = f"r{next(self._numbers)}"

        def first(value: Any, labels: str, lines: Lines) -> None:
            self._made(name, write(shape, place))(value, labels, lines)

        self.names[name] = first
        return name

    def _made(self, name: str, body: list[str]) -> Function:
        """Make a function; from now on it is called by its name."""
        source = "\n".join([f"def {name}(o, labels, lines):", *body])
        exec(compile(source, f"<{name}>", "exec"), self.names)  # noqa: S102  # ours, see the top of this file
        function: Function = self.names[name]
        return function

    def _object(self, shape: Object, place: Place) -> list[str]:
        """Write the function of an object."""
        body: list[str] = []
        for index, (field, inner) in enumerate(shape.fields.items()):
            said = self._value(inner, place.child(field), "v")
            if said:
                body += [f" v = o.f{index}", " if v is not None:", *(f"  {line}" for line in said)]
        if isinstance(place.plan, states.Fields):
            body += compiled_states.of_fields(shape, place.plan, self.keep)
        return body or [" pass"]

    def _array(self, shape: Array, place: Place) -> list[str]:
        """Write the function of a list."""
        if isinstance(place.plan, states.Items):
            return [f" {self.keep(place.plan.tell)}(o, labels, lines)"]
        element = place.element()
        index = f'{{labels}},{element.index_label}="{{index}}"'
        labels = [f" inner = f'{index}'"]
        if isinstance(shape.element, Object) and may_be_text(name := shape.element.fields.get("name")):
            at = list(shape.element.fields).index("name")
            named = f'{index},{element.name_label}="{{escape(n)}}"'
            is_text = "n is not None" if name == STRING else "n.__class__ is str"
            labels = [f" n = v.f{at}", f" inner = f'{named}' if {is_text} else f'{index}'"]
        said = self._value(shape.element, element, "v", labels="inner")
        if isinstance(shape.element, Anything):
            # Its name is found by looking, as the generic renderer does.
            return [f" walk(o, {self.keep(place)}, labels, lines)"]
        if isinstance(place.plan, states.Conditions):
            assert isinstance(shape.element, Object)
            said = said if strip(shape.element) else []
            said += compiled_states.of_condition(shape.element, place.plan, self.keep)
        return [
            *([" seen = set()"] if place.plan else []),
            f" if len(o) > {FEW}: lines.spend(len(o) * len(labels))",
            " for index, v in enumerate(o):",
            "  if v is None: continue",
            *(f" {line}" for line in labels),
            *(f"  {line}" for line in said),
        ]

    def _value(self, shape: Shape, place: Place, variable: str, labels: str = "labels") -> list[str]:
        """Return the statements that render a value that is not null; none if it is no sample."""
        if isinstance(shape, Leaf):
            return self._leaf(shape, place, variable, labels)
        if isinstance(shape, Map) and not shape.numbers:
            assert place.plan
            return [f"{self.keep(place.plan.tell)}({variable}, {labels}, lines)"]
        if isinstance(shape, Anything | Map):
            return [f"walk({variable}, {self.keep(place)}, {labels}, lines)"]
        called = self._later(self._array if isinstance(shape, Array) else self._object, shape, place)
        return [f"{called}({variable}, {labels}, lines)"]

    def _leaf(self, shape: Leaf, place: Place, variable: str, labels: str) -> list[str]:
        if shape.kind not in SPELLED:
            return []
        family = place.family
        if family is None:
            return []
        spelled = SPELLED[shape.kind].format(variable)
        said = compiled_states.line(family, labels, spelled)
        if shape.kind.startswith("int-or-"):
            return [f"if {variable}.__class__ is not str: {said}"]
        return [said]

    def keep(self, value: Any) -> str:
        """Make a value reachable from the source."""
        name = f"p{next(self._numbers)}"
        self.names[name] = value
        return name
