"""What a manifest says and the cluster has otherwise. Pure: two values and their shape in, differences out.

Only what the manifest says is looked for; what the cluster has beyond it is `threeway`'s. But where a list
or an object is one value to the API server (atomic), everything in it is the manifest's, so what was added
there is a difference too.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from kubediff import path
from kubediff.defaults import Defaults, is_servers
from kubediff.normalise import is_zero, same
from kubediff.path import Path
from kubediff.schema import Shape

What = Literal["changed", "missing", "added", "order"]
NOTHING = object()
# Lists with keys whose order means something nevertheless: they are run one after the other.
ORDERED = frozenset({"initContainers"})
# Values that refer to those before them, as `$(NAME)`.
REFERRING = "env"
# Lists without keys whose order means nothing; the API server itself has reordered them.
UNORDERED = frozenset(
    {
        "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec.metrics",
        "io.k8s.api.core.v1.EndpointSubset.addresses",
        "io.k8s.api.core.v1.EndpointSubset.notReadyAddresses",
        "io.k8s.api.core.v1.EndpointSubset.ports",
    }
)


# Lists that differ in length are matched by trying each with each, up to here; beyond, they just differ.
PAIRS_MAX = 250_000
Place = tuple[int | None, int | None]


class Found(NamedTuple):
    """One difference; `want` or `have` is NOTHING where that side lacks it."""

    path: Path
    what: What
    want: Any
    have: Any
    shape: Shape


class Comparison:
    """Compares objects, with what is known of the server's defaults."""

    def __init__(self, defaults: Defaults) -> None:
        self._defaults = defaults

    def object(self, want: dict[str, Any], have: dict[str, Any], shape: Shape) -> list[Found]:
        """Return the differences of an object's fields."""
        return list(self._mapping(want, have, shape, None, whole=False))

    def _value(self, want: Any, have: Any, shape: Shape, at: Path, *, whole: bool) -> Iterator[Found]:
        if isinstance(want, dict):
            if isinstance(have, dict):
                yield from self._mapping(want, have, shape, at, whole=whole or shape.atomic)
                return
        elif isinstance(want, list):
            if isinstance(have, list):
                yield from self._list(want, have, shape, at, whole=whole)
                return
        elif not isinstance(have, dict | list) and same(want, have, shape.form):
            return
        yield Found(at, "changed", want, have, shape)

    def _mapping(
        self, want: dict[str, Any], have: dict[str, Any], shape: Shape, at: Path, *, whole: bool
    ) -> Iterator[Found]:
        for key, value in want.items():
            if value is None or is_servers(shape, key):
                continue
            other = have.get(key)
            if other is None:
                yield from self._absent(shape, key, value, at)
            elif value is not other and not self._is_filled_in(shape, key, value, other):
                inner = shape.field(key)
                if f"{shape.name}.{key}" in UNORDERED and isinstance(value, list) and isinstance(other, list):
                    other = self._as_in(value, other, inner.items)
                yield from self._value(value, other, inner, path.field(at, key), whole=whole)
        if whole:
            yield from self._added(want, have, shape, at)

    def _absent(self, shape: Shape, key: str, value: Any, at: Path) -> Iterator[Found]:
        """Yield what the cluster lacks, unless it says nothing anyway."""
        inner = shape.field(key)
        if is_zero(value) and not self._defaults.keeps_zero(shape, key, value):
            return
        if isinstance(value, dict) and value and self._says_nothing(value, inner):
            return
        here = path.field(at, key)
        if isinstance(value, dict) and value and inner.is_map:
            for name, each in value.items():  # each was somebody's to take away
                if each is not None:
                    yield from self._absent(inner, name, each, here)
            return
        yield Found(here, "missing", value, NOTHING, inner)

    def _says_nothing(self, value: dict[str, Any], shape: Shape) -> bool:
        """Return whether a mapping holds but nulls, and such values as are no different from none."""
        return all(
            each is None
            or (is_zero(each) and not self._defaults.keeps_zero(shape, key, each))
            or (isinstance(each, dict) and each and self._says_nothing(each, shape.field(key)))
            for key, each in value.items()
        )

    def _is_filled_in(self, shape: Shape, key: str, want: Any, have: Any) -> bool:
        """Return whether nothing was said, in other words, and the server has put its default there."""
        return (
            is_zero(want)
            and not isinstance(want, dict)
            and not self._defaults.keeps_zero(shape, key, want)
            and self._defaults.is_default(shape, key, have)
        )

    def _added(self, want: dict[str, Any], have: dict[str, Any], shape: Shape, at: Path) -> Iterator[Found]:
        for key, value in have.items():
            if want.get(key) is None and not self._defaults.is_default(shape, key, value):
                yield Found(path.Step(at, "field", key), "added", NOTHING, value, shape.field(key))

    def _list(
        self, want: list[Any], have: list[Any], shape: Shape, at: Path, *, whole: bool
    ) -> Iterator[Found]:
        if shape.list_type == "set":
            yield from self._set(want, have, shape, at, whole=whole)
        elif shape.list_type == "map" and (pairs := matched(want, have, shape, self._defaults)):
            yield from self._by_key(want, have, pairs, shape, at, whole=whole)
        else:
            yield from self._in_order(want, have, shape.items, at)

    def _set(
        self, want: list[Any], have: list[Any], shape: Shape, at: Path, *, whole: bool
    ) -> Iterator[Found]:
        missing = [(place, each) for place, each in enumerate(want) if each not in have]
        added = [each for each in have if each not in want] if whole else []
        if missing and added:
            yield Found(at, "changed", want, have, shape)
            return
        for place, each in missing:
            yield Found(path.value(at, each, place), "missing", each, NOTHING, shape.items)
        for each in added:
            yield Found(path.value(at, each, None), "added", NOTHING, each, shape.items)

    def _by_key(
        self, want: list[Any], have: list[Any], pairs: "Pairs", shape: Shape, at: Path, *, whole: bool
    ) -> Iterator[Found]:
        items = shape.items
        for place, (keys, mine, other) in enumerate(zip(pairs.keys, want, pairs.others, strict=True)):
            here = path.element(at, keys, place)
            if other is None:
                yield Found(here, "missing", mine, NOTHING, items)
            else:
                yield from self._value(mine, other, items, here, whole=whole)
        for keys, other in pairs.beyond if whole else ():
            yield Found(path.element(at, keys, None), "added", NOTHING, other, items)
        if _is_out_of_order(at, want, pairs):
            yield Found(at, "order", _names(want), _names(have), shape)

    def _in_order(self, want: list[Any], have: list[Any], items: Shape, at: Path) -> Iterator[Found]:
        """Compare element by element; where one came or went, the others are matched first."""
        if len(want) == len(have):
            places: Iterator[Place] = ((place, place) for place in range(len(want)))
        elif len(want) * len(have) <= PAIRS_MAX:
            places = aligned(len(want), len(have), lambda i, j: self._is_same(want[i], have[j], items))
        else:
            yield Found(at, "changed", want, have, items)
            return
        for mine, other in places:
            if mine is None:
                assert other is not None
                yield Found(path.index(at, other, None), "added", NOTHING, have[other], items)
            elif other is None:
                yield Found(path.index(at, mine, mine), "missing", want[mine], NOTHING, items)
            else:
                here = path.index(at, mine, mine)
                yield from self._value(want[mine], have[other], items, here, whole=True)

    def _as_in(self, want: list[Any], have: list[Any], items: Shape) -> list[Any]:
        """Return what the cluster has, each element at the place of its like in the manifest."""
        if len(want) != len(have):
            return have
        left = list(have)
        found: list[Any] = []
        for each in want:
            like = next((other for other in left if self._is_same(each, other, items)), NOTHING)
            found.append(like)
            if like is not NOTHING:
                left.remove(like)
        return [left.pop(0) if each is NOTHING else each for each in found]

    def _is_same(self, want: Any, have: Any, shape: Shape) -> bool:
        return next(self._value(want, have, shape, None, whole=True), None) is None


class Pairs(NamedTuple):
    """The elements of a list by their keys: for each of the manifest's its like, and what is beyond these."""

    keys: list[dict[str, Any]]
    others: list[dict[str, Any] | None]
    beyond: list[tuple[dict[str, Any], dict[str, Any]]]
    order: list[int]


def matched(want: list[Any], have: list[Any], shape: Shape, defaults: Defaults) -> Pairs | None:
    """Match elements by their keys; None where keys are missing or occur twice: only order can tell then."""
    mine = [keys_of(each, shape, defaults) for each in want]
    theirs = [keys_of(each, shape, defaults) for each in have]
    places = {tuple(keys.values()): place for place, keys in enumerate(theirs) if keys}
    wanted = {tuple(keys.values()) for keys in mine if keys}
    if len(places) != len(have) or len(wanted) != len(want):
        return None
    found = [places.get(tuple(keys.values())) for keys in mine if keys]
    return Pairs(
        [keys for keys in mine if keys],
        [None if place is None else have[place] for place in found],
        [(keys, have[place]) for keys, place in _places(theirs) if tuple(keys.values()) not in wanted],
        [place for place in found if place is not None],
    )


def _places(keys: Sequence[dict[str, Any] | None]) -> Iterator[tuple[dict[str, Any], int]]:
    return ((each, place) for place, each in enumerate(keys) if each)


def keys_of(element: Any, shape: Shape, defaults: Defaults) -> dict[str, Any] | None:
    """Return the keys an element is known by; one that isn't said is the default, or left out."""
    if not isinstance(element, dict):
        return None
    found = {}
    for key in shape.keys:
        said = element.get(key)
        if said is None or said == "":
            known = [each for each in defaults.of(shape.items, key) if each not in ("", "*")]
            said = known[0] if known else said
        if isinstance(said, dict | list):
            return None
        if said is not None:
            found[key] = said
    return found or None


def _is_out_of_order(at: Path, want: list[Any], pairs: Pairs) -> bool:
    if at is None or pairs.order == sorted(pairs.order):
        return False
    if at.key in ORDERED:
        return True
    return at.key == REFERRING and any("$(" in str(each.get("value", "")) for each in want)


def _names(elements: list[Any]) -> list[Any]:
    return [each.get("name") for each in elements]


def aligned(wants: int, haves: int, is_same: Callable[[int, int], bool]) -> Iterator[Place]:
    """Pair two lists' places: the longest run of likes stays paired, what is between is paired in order."""
    alike = [[is_same(i, j) for j in range(haves)] for i in range(wants)]
    table = [[0] * (haves + 1) for _ in range(wants + 1)]
    for i in range(wants - 1, -1, -1):
        for j in range(haves - 1, -1, -1):
            table[i][j] = table[i + 1][j + 1] + 1 if alike[i][j] else max(table[i + 1][j], table[i][j + 1])
    i = j = 0
    mine: list[int] = []
    theirs: list[int] = []
    while i < wants and j < haves:
        if alike[i][j]:
            yield from _zipped(mine, theirs)
            mine, theirs = [], []
            yield i, j
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            mine.append(i)
            i += 1
        else:
            theirs.append(j)
            j += 1
    yield from _zipped([*mine, *range(i, wants)], [*theirs, *range(j, haves)])


def _zipped(mine: list[int], theirs: list[int]) -> Iterator[Place]:
    for place in range(max(len(mine), len(theirs))):
        yield (
            mine[place] if place < len(mine) else None,
            theirs[place] if place < len(theirs) else None,
        )
