"""What differs, read from a plan's JSON, with every value hidden that the plan calls sensitive."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from exporter_kit.masks import Masks

HIDDEN = "(sensitive)"
LATER = "(known after apply)"
ABSENT = "(none)"
VALUE_CHARS_MAX = 200
# A shorter value would be hidden in half of all words.
SECRET_CHARS_MIN = 4
# What the tools' jsonencode writes in place of characters that HTML knows.
ESCAPED_FOR_HTML = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})
# Stands for changes that the plan reports and that we can't read: they are not nothing.
UNREADABLE = "(unreadable)"

# What a plan may hold; a newer tool's may hold changes of a kind that we don't know.
KNOWN = frozenset(
    {
        *("format_version", "terraform_version", "timestamp", "applyable", "complete", "errored"),
        *("variables", "configuration", "checks", "relevant_attributes", "prior_state", "planned_values"),
        *("resource_changes", "resource_drift", "output_changes"),
    }
)

Hide = Callable[[str], str]
# A value and its sensitivity: True, or a tree of it.
Side = tuple[Any, Any]


class Change(msgspec.Struct, frozen=True):
    """One attribute: its path with dots, before and after as text for people."""

    path: str
    before: str
    after: str


class Drift(msgspec.Struct, frozen=True):
    """One resource or output that differs."""

    address: str
    action: str
    changes: tuple[Change, ...] = ()


def drifts(plan: Mapping[str, Any], *, refresh_only: bool = False) -> list[Drift]:
    """Return what a plan would change, or with `refresh_only` what has changed behind the state's back."""
    hide = Masks().with_values(secrets(plan)).hide
    resources = plan.get("resource_drift" if refresh_only else "resource_changes") or []
    outputs = plan.get("output_changes") or {}
    found = [_resource(resource, hide) for resource in resources]
    found += [_drift(f"output.{name}", change, "", hide) for name, change in outputs.items()]
    return [drift for drift in found if drift]


def only_reads(plan: Mapping[str, Any]) -> bool:
    """Whether a plan would read data sources and do nothing else, to which the tools' exit code is a change.

    The data source of a check block is read on every run, so its plan never has another exit code.
    """
    resources, outputs = plan.get("resource_changes") or [], plan.get("output_changes") or {}
    actions = [(each.get("change") or {}).get("actions") for each in resources]
    others = [change.get("actions") for change in outputs.values()]
    idle = all(each in (["no-op"], ["read"]) for each in actions) and all(
        each == ["no-op"] for each in others
    )
    return idle and ["read"] in actions and plan.keys() <= KNOWN


def _resource(resource: Mapping[str, Any], hide: Hide) -> Drift | None:
    change = resource.get("change") or {}
    moved = resource.get("previous_address", "")
    if resource.get("mode") == "data":
        return None  # reading is no change
    return _drift(resource.get("address") or UNREADABLE, change, "moved" if moved else "", hide)


def _drift(address: str, change: Mapping[str, Any], otherwise: str, hide: Hide) -> Drift | None:
    action = _action(change) or otherwise
    if not action:
        return None
    changes = tuple(
        Change(path, _shown(*before, hide), _shown(*after, hide) if after else LATER)
        for path, before, after in _changes(change, action)
    )
    return Drift(address, action, changes)


def _action(change: Mapping[str, Any]) -> str:
    actions = [action for action in change.get("actions", ()) if action not in ("no-op", "read")]
    if len(actions) > 1:
        return "replace"
    if change.get("importing") and not actions:
        return "import"
    return actions[0] if actions else ""


def _changes(change: Mapping[str, Any], action: str) -> Iterator[tuple[str, Side, Side | None]]:
    if action in ("create", "delete"):  # all of it comes or goes; the address says so
        return
    yield from _compared(
        "",
        (change.get("before"), change.get("before_sensitive", False)),
        (change.get("after"), change.get("after_sensitive", False)),
        change.get("after_unknown", False),
    )


def _compared(path: str, before: Side, after: Side, unknown: Any) -> Iterator[tuple[str, Side, Side | None]]:
    """Yield the leaves that differ, before and after; None is what will be known later."""
    if before[0] == after[0] and not _any(unknown):
        return
    branches = _branches(before[0], after[0], unknown)
    if branches and True not in (before[1], after[1]) and unknown is not True:
        for key in branches:
            inner = f"{path}.{key}" if path else str(key)
            yield from _compared(inner, _at(before, key), _at(after, key), _part(unknown, key))
        return
    yield path or "value", before, None if unknown is True else after


def _branches(before: Any, after: Any, unknown: Any) -> list[Any]:
    """Return the keys to look below, none where one side is a leaf or absent."""
    sides = [side for side in (before, after) if side is not None]
    if sides and all(isinstance(side, dict) for side in sides):
        keys = dict.fromkeys(key for side in sides for key in side)
        return list(keys | dict.fromkeys(unknown if isinstance(unknown, dict) else ()))
    if len(sides) > 1 and all(isinstance(side, list) for side in sides):
        return list(range(max(len(side) for side in sides)))
    return []


def _at(side: Side, key: Any) -> Side:
    return _part(side[0], key, None), _part(side[1], key)


def _part(tree: Any, key: Any, missing: Any = False) -> Any:  # noqa: FBT002  # a leaf of these trees
    if tree is True:
        return True
    try:
        return tree[key]
    except (LookupError, TypeError):
        return missing


def _any(tree: Any) -> bool:
    """Return whether a tree of marks has one."""
    if isinstance(tree, dict):
        return any(_any(inner) for inner in tree.values())
    if isinstance(tree, list):
        return any(_any(inner) for inner in tree)
    return tree is True


def _shown(value: Any, sensitive: Any, hide: Hide) -> str:
    """Return a value as text; secrets are hidden before it is escaped and before it is cut."""
    if value is None:
        return ABSENT
    if _any(sensitive):
        return HIDDEN
    text = hide(msgspec.json.encode(_hidden(value, hide)).decode())  # the whole for numbers
    return text if len(text) <= VALUE_CHARS_MAX else text[:VALUE_CHARS_MAX] + "…"


def _hidden(value: Any, hide: Hide) -> Any:
    """Return a tree with every text in it as people may see it."""
    if isinstance(value, dict):
        return {hide(key): _hidden(inner, hide) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner, hide) for inner in value]
    return hide(value) if isinstance(value, str) else value


def secrets(plan: Mapping[str, Any]) -> set[str]:
    """Return the texts that a plan calls sensitive anywhere.

    The tools mark a value where it is declared and lose the mark where it is copied: terraform_data's
    `output` shows in clear what its `input` hides. So what is secret in one place is hidden in all.
    """
    found: set[str] = set()
    for resource in (*(plan.get("resource_changes") or ()), *(plan.get("resource_drift") or ())):
        change = resource.get("change") or {}
        for side in ("before", "after"):
            found |= set(_marked(change.get(side), change.get(f"{side}_sensitive", False)))
    for change in (plan.get("output_changes") or {}).values():
        for side in ("before", "after"):
            found |= set(_marked(change.get(side), change.get(f"{side}_sensitive", False)))
    declared = ((plan.get("configuration") or {}).get("root_module") or {}).get("variables") or {}
    for name, variable in (plan.get("variables") or {}).items():
        if (declared.get(name) or {}).get("sensitive"):
            found |= set(_marked(variable.get("value"), mark=True))
    return {text for text in found if len(text) >= SECRET_CHARS_MIN}


def _marked(value: Any, mark: Any) -> Iterable[str]:
    """Yield the texts below a mark."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _marked(inner, _part(mark, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield from _marked(inner, _part(mark, key))
    elif mark is True and isinstance(value, str):
        yield from _forms(value)
    elif mark is True and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
        yield msgspec.json.encode(value).decode()


def _forms(text: str) -> Iterable[str]:
    """Yield a text as it is, inside a jsonencoded copy, and inside one that was jsonencoded again."""
    yield text
    for once in _escaped(text):
        yield once
        yield from _escaped(once)


def _escaped(text: str) -> tuple[str, str]:
    """Return what stands between a JSON string's quotes: as most write it, and as jsonencode does."""
    plain = msgspec.json.encode(text).decode()[1:-1]
    return plain, plain.translate(ESCAPED_FOR_HTML)
