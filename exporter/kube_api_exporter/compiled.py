"""Shapes → Python source → functions: one renderer per kind, with every name already in its strings.

A function per object and per list of the schema, written when it is first called: most of a schema is
never met. The source is made of our own names only (f0, f1 …) and of families, which hold nothing but
letters, digits and underscores.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from kube_api_exporter import text
from kube_api_exporter.places import Families, Place
from kube_api_exporter.shapes import STRING, Anything, Array, Leaf, Object, Shape
from kube_api_exporter.walk import Lines, walk

UNSEEN = ("string", "strings")
TEXTS = ("string", "int-or-string")
# A list of no more elements makes no huge scrape of a small object.
FEW = 8
# How the source spells a value of each kind; the decoder lets nothing else through.
SPELLED = {
    "integer": "{{{}}}",
    "int-or-string": "{{{}}}",
    "boolean": "{{1 if {} else 0}}",
    "number": "{{number({})}}",
}
Function = Callable[[Any, str, Lines], None]


def may_be_text(shape: Shape | None) -> bool:
    """Say whether a value of this shape can be a string, and so the name of a list's element."""
    return isinstance(shape, Anything) or (isinstance(shape, Leaf) and shape.kind in TEXTS)


def prune(shape: Shape, place: Place) -> Shape | None:
    """Drop what the user does not want, so that it is not even decoded."""
    if isinstance(shape, Leaf):
        return shape if shape.kind in UNSEEN or place.family else None
    if isinstance(shape, Array):
        element = prune(shape.element, place.element())
        if element is shape.element:
            return shape
        return Array(element) if element else None
    if isinstance(shape, Object):
        return _prune_object(shape, place)
    return shape


def _prune_object(shape: Object, place: Place) -> Object | None:
    """Return the same object where nothing was dropped: its Struct is then shared."""
    fields = {name: kept for name, inner in shape.fields.items() if (kept := prune(inner, place.child(name)))}
    if "name" in shape.fields:
        # A string there is a label, wanted or not: of an object that breaks its schema, too, which only
        # shows where the field is decoded. The fields stay in their order.
        fields = {
            name: fields.get(name, inner)
            for name, inner in shape.fields.items()
            if name in fields or name == "name"
        }
    if all(isinstance(inner, Leaf) and inner.kind in UNSEEN for inner in fields.values()):
        wanted = {"image", "uid"} & fields.keys()  # labels and identity need these
        if not wanted:
            return None
    unchanged = len(fields) == len(shape.fields) and all(
        fields[name] is shape.fields[name] for name in fields
    )
    return shape if unchanged else Object(fields)


class Writer:
    """Writes the source of one kind's renderer; `names` are what the functions see, each other above all."""

    def __init__(self) -> None:
        self._numbers = count()
        self.names: dict[str, Any] = {
            "walk": walk,
            "number": text.number,
            "escape": text.element_name,
            "__builtins__": {"enumerate": enumerate, "len": len, "str": str},
        }

    def compile(self, shape: Object, families: Families) -> Function:
        """Return the renderer of a kind: (decoded object, identity labels, lines) → lines appended."""
        return self._made(f"r{next(self._numbers)}", self._object(shape, families.root))

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
        return body or [" pass"]

    def _array(self, shape: Array, place: Place) -> list[str]:
        """Write the function of a list."""
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
            return [f" walk(o, {self._keep(place)}, labels, lines)"]
        return [
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
        if isinstance(shape, Anything):
            return [f"walk({variable}, {self._keep(place)}, {labels}, lines)"]
        called = self._later(self._array if isinstance(shape, Array) else self._object, shape, place)
        return [f"{called}({variable}, {labels}, lines)"]

    def _leaf(self, shape: Leaf, place: Place, variable: str, labels: str) -> list[str]:
        if shape.kind in UNSEEN:
            return []
        family = place.family
        if family is None:
            return []
        if not family.isidentifier():
            raise ValueError(f"no name to be written into source: {family!r}")
        spelled = SPELLED[shape.kind].format(variable)
        said = f"lines['{family}'].append(f'{family}{{{{{{{labels}}}}}}} {spelled}\\n')"
        if shape.kind == "int-or-string":
            return [f"if {variable}.__class__ is not str: {said}"]
        return [said]

    def _keep(self, place: Place) -> str:
        """Make a place reachable from the source."""
        name = f"p{next(self._numbers)}"
        self.names[name] = place
        return name
