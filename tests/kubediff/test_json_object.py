"""JSON that is read as such means what it means as YAML, and what is remarkable about it is left to that."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubediff import documents, json_object

LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.floats(allow_nan=False)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(st.dictionaries(st.text("abkind", min_size=1), VALUES, max_size=4), st.sampled_from((None, 1)))
def test_json_is_read_as_yaml_is(value: dict[str, Any], indent: int | None) -> None:
    """Where the fast parser takes a text at all, the other one finds the same in it."""
    text = json.dumps(value, indent=indent).encode()
    if (found := json_object.read(text)) is None:
        return
    try:
        document = documents.read(text)
    except documents.UnreadableError:
        return  # JSON may hold characters that YAML may not
    assert document is not None
    assert document.value == msgspec.json.decode(found.body)


@pytest.mark.parametrize(
    "text",
    [
        b"a: b",
        b"{a: b}",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": 1}\n---\n{}',
        b'{"a": ' + b"[" * 150 + b"]" * 150 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"kind": "List", "items": []}',
        b'{"a": "\\ud800"}',
    ],
)
def test_what_is_remarkable_is_left_to_yaml(text: bytes) -> None:
    """A text that is not just one good object in JSON is not taken."""
    assert json_object.read(text) is None


def test_an_object_begins_where_its_first_key_stands() -> None:
    """The line is the one that YAML would tell."""
    found = json_object.read(b'{\n\n  "a": 1}')
    assert found is not None
    assert 3 == found.line
