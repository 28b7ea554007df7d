"""What differs is read from a plan; what the plan calls sensitive is shown nowhere."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terradiff.drift import ABSENT, HIDDEN, LATER, VALUE_CHARS_MAX, Change, Drift, drifts, only_reads, secrets

SECRET = "s3cret-value"


def plan(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a plan with a resource per change."""
    resources = [
        {"address": f"terraform_data.x[{number}]", "mode": "managed", "change": change}
        for number, change in enumerate(changes)
    ]
    return {"resource_changes": resources, **more}


def update(before: Any, after: Any, **more: Any) -> dict[str, Any]:
    """Return an update in place."""
    return {"actions": ["update"], "before": before, "after": after, **more}


def changes(change: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the attributes of the only drift."""
    (drift,) = drifts(plan(change))
    return [(each.path, each.before, each.after) for each in drift.changes]


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["no-op"], []),
        (["read"], []),
        ([], []),
        (["create"], ["create"]),
        (["delete"], ["delete"]),
        (["update"], ["update"]),
        (["delete", "create"], ["replace"]),
        (["create", "delete"], ["replace"]),
        (["forget"], ["forget"]),
    ],
)
def test_an_action_is_one_word(actions: list[str], expected: list[str]) -> None:
    """What is not changed is no drift, and a replacement is one word whichever comes first."""
    assert expected == [drift.action for drift in drifts(plan({"actions": actions}))]


READ = {"address": "data.x.y", "mode": "data", "change": {"actions": ["read"]}}


@pytest.mark.parametrize(
    ("more", "nothing"),
    [
        ({}, True),
        ({"output_changes": {"a": {"actions": ["no-op"]}}}, True),
        ({"output_changes": {"a": {"actions": ["update"]}}}, False),
        ({"output_changes": {"a": {}}}, False),
        ({"resource_changes": []}, False),
        ({"resource_changes": [READ, {"address": "x.y", "change": {"actions": ["no-op"]}}]}, True),
        ({"resource_changes": [READ, {"address": "x.y", "change": {"actions": ["evolve"]}}]}, False),
        ({"resource_changes": [READ, {"address": "x.y"}]}, False),
        ({"action_invocations": []}, False),
    ],
)
def test_reading_is_nothing_only_if_nothing_else_could_happen(more: dict[str, Any], *, nothing: bool) -> None:
    """What is not understood may be a change, and is not explained by a read beside it."""
    assert nothing == only_reads({"format_version": "1.2", "resource_changes": [READ], **more})


def test_moves_and_imports_are_drift() -> None:
    """The tools count both as changes though nothing is created."""
    moved = {
        "address": "a.new",
        "previous_address": "a.old",
        "mode": "managed",
        "change": {"actions": ["no-op"]},
    }
    imported = {
        "address": "a.b",
        "mode": "managed",
        "change": {"actions": ["no-op"], "importing": {"id": "7"}},
    }
    found = drifts({"resource_changes": [moved, imported]})
    assert [Drift("a.new", "moved"), Drift("a.b", "import")] == found


def test_reading_data_is_no_drift() -> None:
    """A data source that will be read changes nothing."""
    assert [] == drifts(
        {"resource_changes": [{"address": "data.a.b", "mode": "data", "change": {"actions": ["read"]}}]}
    )


def test_outputs_differ_too() -> None:
    """An output is named as one."""
    change = update(3, 5, before_sensitive=False, after_sensitive=False)
    assert [Drift("output.n", "update", (Change("value", "3", "5"),))] == drifts(
        {"output_changes": {"n": change}}
    )


def test_only_what_changed_outside_is_told_when_asked() -> None:
    """Refresh-only reads the other list of the plan."""
    both = {
        "resource_drift": plan({"actions": ["delete"]})["resource_changes"],
        **plan({"actions": ["create"]}),
    }
    assert ["create"] == [drift.action for drift in drifts(both)]
    assert ["delete"] == [drift.action for drift in drifts(both, refresh_only=True)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (update({"a": 1, "b": 2}, {"a": 1, "b": 3}), [("b", "2", "3")]),
        (update({"a": {"b": ["x", "y"]}}, {"a": {"b": ["x", "z"]}}), [("a.b.1", '"y"', '"z"')]),
        (update({"a": ["x"]}, {"a": ["x", "y"]}), [("a.1", ABSENT, '"y"')]),
        (update({"a": None}, {"a": {"b": 1}}), [("a.b", ABSENT, "1")]),
        (update({"a": {}}, {"a": None}), [("a", "{}", ABSENT)]),
        (update({"a": 1}, {}, after_unknown={"a": True}), [("a", "1", LATER)]),
        (update({}, {}, after_unknown={"id": True}), [("id", ABSENT, LATER)]),
        (update({"a": "x"}, {"a": ["x"]}), [("a", '"x"', '["x"]')]),
        (update({"a": "x" * 500}, {"a": 1}), [("a", '"' + "x" * 199 + "…", "1")]),
        (update({"a": 0}, {"a": False}), []),
    ],
)
def test_attributes_are_compared_to_their_leaves(
    change: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    """A reader sees the path that differs, before and after."""
    assert expected == changes(change)


@pytest.mark.parametrize(
    ("before", "after", "mark"),
    [
        ({"a": SECRET}, {"a": "other-secret"}, {"a": True}),
        ({"a": {"b": SECRET}}, {"a": {"b": "other-secret"}}, {"a": True}),
        ({"a": {"b": SECRET}}, {"a": {"b": "other-secret"}}, {"a": {"b": True}}),
        ({"a": [SECRET]}, {"a": ["other-secret"]}, {"a": [True]}),
        ({"a": SECRET}, {"a": "other-secret"}, True),
    ],
)
def test_a_sensitive_value_is_hidden(before: Any, after: Any, mark: Any) -> None:
    """That it differs is told, what it is is not, on whichever side it is marked."""
    for marks in ({"before_sensitive": mark, "after_sensitive": mark}, {"before_sensitive": mark}):
        found = changes(update(before, after, **marks))
        assert HIDDEN == found[0][1]
        assert SECRET not in str(found)


def test_a_secret_is_hidden_where_its_mark_was_lost() -> None:
    """terraform_data copies its input to its output and drops the mark: the value is hidden there too."""
    before = {"input": {"token": SECRET}, "output": {"token": SECRET}}
    after = {"input": {"token": SECRET}, "output": {"token": "new"}}
    found = changes(update(before, after, before_sensitive={"input": {"token": True}}))
    assert [("output.token", '"•••"', '"new"')] == found


def test_sensitive_variables_are_hidden_wherever_they_stand() -> None:
    """A variable that is declared sensitive is a secret in every value."""
    tree = plan(
        update({"url": "x"}, {"url": f"https://me:{SECRET}@host"}),
        variables={"password": {"value": SECRET}, "size": {"value": "large"}},
        configuration={"root_module": {"variables": {"password": {"sensitive": True}, "size": {}}}},
    )
    assert {SECRET} == secrets(tree)
    assert "https://me:•••@host" in drifts(tree)[0].changes[0].after


def jsonencode(value: Any) -> str:
    """Return what the tools' function of this name does."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@pytest.mark.parametrize(
    "secret", [SECRET, SECRET * 50, f'{SECRET}"', f'"{SECRET}\n\\', f"{SECRET}<&>", f'<"{SECRET}\n">']
)
@pytest.mark.parametrize("before_it", ["", "x" * 190], ids=["at the start", "where the text is cut"])
@pytest.mark.parametrize(
    "copied",
    [
        lambda text: text,
        lambda text: {"inner": [text]},
        lambda text: {text: "inner"},
        jsonencode,
        lambda text: msgspec.json.encode(text).decode(),
        lambda text: jsonencode({"inner": jsonencode({"text": text})}),
        lambda text: {"inner": jsonencode([msgspec.json.encode([text]).decode()])},
    ],
    ids=["plain", "in a tree", "as a key", "jsonencoded", "as JSON", "jsonencoded twice", "as JSON twice"],
)
def test_a_copy_of_a_secret_shows_not_even_its_head(
    secret: str, before_it: str, copied: Callable[[str], Any]
) -> None:
    """A secret is hidden before its copy is escaped and cut, however long it is and whatever is in it."""
    marked = update({"of": secret}, {"of": ""}, before_sensitive={"of": True})
    copy = update({"of": copied(before_it + secret)}, {"of": 1})
    (change,) = drifts(plan(copy, marked))[0].changes
    assert SECRET[:2] not in change.before
    assert "•" in change.before or len(change.before) > VALUE_CHARS_MAX


def test_a_number_that_is_secret_is_hidden_in_every_place() -> None:
    """A number has no quotes to be found between."""
    marked = update({"pin": 271828}, {"pin": 0}, before_sensitive={"pin": True})
    (change,) = drifts(plan(update({"of": [271828]}, {"of": 1}), marked))[0].changes
    assert "[•••]" == change.before


def below(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return lists and objects of these."""
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(SECRET)
trees = st.recursive(leaves, below, max_leaves=8)
marks = st.recursive(st.booleans(), below)


@given(trees, trees, marks, marks, marks)
def test_no_shape_of_plan_shows_a_secret_or_breaks(
    before: Any, after: Any, before_marks: Any, after_marks: Any, unknown: Any
) -> None:
    """Whatever trees of values and marks a provider sends, a text that is marked once is shown nowhere."""
    change = update(
        before, after, before_sensitive=before_marks, after_sensitive=after_marks, after_unknown=unknown
    )
    tree = plan(change)
    (drift,) = drifts(tree)
    shown = msgspec.json.encode(drift).decode()
    assert not [secret for secret in secrets(tree) if secret == SECRET and secret in shown]
    if before == after and unknown is False:
        assert () == drift.changes
