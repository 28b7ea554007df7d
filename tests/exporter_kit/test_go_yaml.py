"""Plain words are read as Kubernetes' tools read them."""

from typing import Any

import pytest

from exporter_kit import go_yaml


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("y", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("0o17", 15),
        ("017", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("-5", -5),
        ("12e4", 12e4),
        ("+.5", 0.5),
        (".inf", float("inf")),
        ("2026-01-01", "2026-01-01"),
        ("1:30", "1:30"),
        ("0x", "0x"),
        ("08h", "08h"),
        ("tRue", "tRue"),
        ("'5'", "5"),
        ("!!str 5", "5"),
    ],
)
def test_a_plain_word_is_what_it_is_in_go(word: str, value: Any) -> None:
    """A date is text, `y` is a truth, `12e4` a number."""
    found = go_yaml.first(f"a: {word}")["a"]
    assert (value, type(value)) == (found, type(found))


def test_keys_are_text_and_one_document_counts() -> None:
    """As in the JSON that Kubernetes makes of it."""
    assert {"1": "a", "true": "b", "null": "c"} == go_yaml.first("1: a\ny: b\n~: c\n---\nx: 1\n")
