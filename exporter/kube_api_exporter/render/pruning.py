"""What of a kind's schema is decoded: what is told, and of that what the user wants."""

from kube_api_exporter.render.places import Place
from kube_api_exporter.render.shapes import (
    STATES,
    STRING,
    TEXTS,
    Array,
    Leaf,
    Map,
    Object,
    Shape,
    named,
    strip,
)
from kube_api_exporter.telling import Tell

UNSEEN = ("string", "strings")
CONDITION = ("type", "status")
NOTHING = Object({})
TEXT = Leaf("text")


def trim(shape: Shape, tell: Tell, path: str = "") -> Shape | None:
    """Drop the states that are not told; numbers stay."""
    if isinstance(shape, Object):
        return _trim_object(shape, tell, path)
    if isinstance(shape, Array):
        return _trim_array(shape, tell, path)
    if isinstance(shape, Map):
        free = shape.value.kind == "text"
        told = tell.text(path) or tell.asked_below(path) if free else tell.state(path)
        return shape if told else strip(shape)
    return _trim_leaf(shape, tell, path) if isinstance(shape, Leaf) else shape


def _trim_object(shape: Object, tell: Tell, path: str) -> Object | None:
    if tell.nothing_below(path):
        return shape.numbers
    below = f"{path}." if path else ""
    fields: dict[str, Shape] = {}
    for name, inner in shape.fields.items():
        if kept := trim(inner, tell, below + name):
            fields[name] = kept
    if shape.choice and tell.state(path):
        return Object({name: fields.get(name, NOTHING) for name in shape.fields}, choice=True)
    return named(shape, fields)


def _trim_leaf(leaf: Leaf, tell: Tell, path: str) -> Leaf | None:
    if leaf.kind == "text":
        return leaf if tell.text(path) else None
    if leaf.kind == "word" and tell.state(path):
        return TEXT if tell.word(path) else leaf
    if leaf.kind == "boolean":
        return Leaf("flag") if tell.flag(path) else leaf
    if leaf.kind in {"integer", "number", *UNSEEN} or tell.state(path):
        return leaf
    number = strip(leaf)
    assert number is None or isinstance(number, Leaf)
    return number


def _trim_array(shape: Array, tell: Tell, path: str) -> Array | None:
    element = shape.element
    if shape.conditions and tell.state(path):
        assert isinstance(element, Object)
        fields = {
            name: kept
            for name, inner in element.fields.items()
            if (kept := trim(inner, tell, f"{path}.{name}"))
        }
        fields |= dict.fromkeys(CONDITION, STRING)
        found = named(element, fields)
        return Array(found, conditions=True) if found else None
    if isinstance(element, Leaf) and element.kind in TEXTS:
        told = tell.text(path) or (element.kind == "word" and tell.state(path))
        return shape if told else None
    kept = strip(element) if isinstance(element, Leaf) else trim(element, tell, path)
    return Array(kept) if kept else None


def prune(shape: Shape, place: Place) -> Shape | None:
    """Drop what the user does not want, so that it is not even decoded."""
    if isinstance(shape, Leaf):
        wanted = place.kept if shape.kind == "text" else place.family
        return shape if shape.kind in UNSEEN or wanted else None
    if isinstance(shape, Map):
        return shape if place.kept else strip(shape)
    if isinstance(shape, Array):
        return _prune_array(shape, place)
    if isinstance(shape, Object):
        return _prune_choice(shape, place) if shape.choice and place.family else _prune_object(shape, place)
    return shape


def _prune_array(shape: Array, place: Place) -> Array | None:
    if isinstance(shape.element, Leaf) and shape.element.kind in TEXTS:
        return shape if place.family else None
    if shape.conditions and place.family:
        assert isinstance(shape.element, Object)
        fields = shape.element.fields.items()
        kept = {name: found for name, inner in fields if (found := _prune_field(name, inner, place))}
        return Array(Object(kept), conditions=True)
    element = strip(shape.element) if shape.conditions else shape.element
    element = element and prune(element, place.element())
    if element is shape.element:
        return shape
    return Array(element) if element else None


def _prune_field(name: str, shape: Shape, place: Place) -> Shape | None:
    """Prune a field of the elements of a list of conditions: a state there goes by the type of it."""
    is_state = isinstance(shape, Leaf) and shape.kind in STATES
    return prune(shape, place.child(name) if is_state else place.element().child(name))


def _prune_choice(shape: Object, place: Place) -> Object:
    """Keep all fields of a choice: that one is there says something."""
    return Object(
        {name: prune(inner, place.child(name)) or NOTHING for name, inner in shape.fields.items()},
        choice=True,
    )


def _prune_object(shape: Object, place: Place) -> Object | None:
    """Return the same object where nothing was dropped: its Struct is then shared."""
    fields = {name: kept for name, inner in shape.fields.items() if (kept := prune(inner, place.child(name)))}
    if "name" in shape.fields:
        # A string there is a label, wanted or not: of an object that breaks its schema, too, which only
        # shows where the field is decoded. The fields stay in their order.
        fields = {
            name: fields.get(name, STRING if inner == TEXT else inner)
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
