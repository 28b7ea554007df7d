"""What is no state, or a hostile one: lost alone and counted, by both renderers alike."""

from typing import Any

import pytest

from kube_api_exporter.render import states

from .gadgets import compiled, gadget, renderer, walked

PHASE = {"phase": "P"}
TELLS_PHASE = 'k8s_gadget_status_phase{phase="P"} 1'
ODD = 'a"b\\c\nd\x00'
SPELLED = r"a\"b\\c\nd" + "\x00"
LONG = ODD + "w" * 10_000
TRUE = {"type": "A", "status": "True"}
# What the server may let through → the object's states, what is lost of it, and what is told.
HOSTILE: dict[str, tuple[dict[str, Any], dict[str, int], list[str]]] = {
    "a word with quotes, newlines and NULs": (
        {"status": {"phase": ODD}},
        {},
        [f'k8s_gadget_status_phase{{phase="{SPELLED}"}} 1'],
    ),
    "a word of 10 KB": (
        {"status": {"reason": LONG, **PHASE}},
        {},
        [TELLS_PHASE, f'k8s_gadget_status_reason{{reason="{SPELLED + "w" * (120 - len(ODD))}"}} 1'],
    ),
    "a text of 10 KB": (
        {"spec": {"nodeName": LONG}},
        {},
        [f'k8s_gadget_spec_info{{nodeName="{SPELLED + "w" * (1024 - len(ODD))}"}} 1'],
    ),
    "a type of a condition with quotes": (
        {"status": {"conditions": [{"type": ODD, "status": "True"}]}},
        {},
        [f'k8s_gadget_status_conditions{{type="{SPELLED}"}} 1'],
    ),
    "a condition without a type": (
        {"status": {"conditions": [{"status": "True"}, {"type": "", "status": "True"}, TRUE]}},
        {"condition": 2},
        ['k8s_gadget_status_conditions{type="A"} 1'],
    ),
    "twice the same type": (
        {"status": {"conditions": [TRUE, {**TRUE, "status": "False"}]}},
        {"condition": 1},
        ['k8s_gadget_status_conditions{type="A"} 1'],
    ),
    "a condition that is maybe": (
        {"status": {"conditions": [{**TRUE, "status": "Maybe"}], **PHASE}},
        {"condition": 1},
        [TELLS_PHASE],
    ),
    "a quantity that is none": (
        {"spec": {"storage": "much"}, "status": PHASE},
        {"quantity": 1},
        [TELLS_PHASE],
    ),
    "a quantity among others": (
        {"spec": {"limits": {"cpu": "x", "memory": "1"}}},
        {"quantity": 1},
        ['k8s_gadget_spec_limits{resource="memory"} 1'],
    ),
    "a quantity that no float can hold": (
        {"spec": {"storage": "1e999"}, "status": PHASE},
        {"quantity": 1},
        [TELLS_PHASE],
    ),
    "a date that is none": (
        {"status": {"startTime": "2026-02-30T00:00:00Z", **PHASE}},
        {"time": 1},
        [TELLS_PHASE],
    ),
    "a duration that is none": (
        {"spec": {"timeout": "soon"}, "status": PHASE},
        {"duration": 1},
        [TELLS_PHASE],
    ),
    "an enum that grew in a newer server": (
        {"spec": {"mode": "Newer", "modes": ["Fast", "Newest"]}, "status": {"mode": "Newer"}},
        {},
        [
            'k8s_gadget_spec_info{mode="Newer"} 1',
            'k8s_gadget_spec_modes{mode="Fast"} 1',
            'k8s_gadget_spec_modes{mode="Newest"} 1',
            'k8s_gadget_status_mode{mode="Newer"} 1',
        ],
    ),
    "conditions that are a map": (
        {"status": {"conditionMap": {"Ready": {"status": "True"}}, **PHASE}},
        {},
        [TELLS_PHASE],
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_value_that_cannot_be_told_is_lost_alone(case: str) -> None:
    """It is counted by its reason, and everything else of the object is told, each word cut at a length."""
    value, lost, expected = HOSTILE[case]
    for render in (compiled, walked):
        of = renderer()
        assert expected == [line for line in render(of, gadget(**value)) if "_labels" not in line]
        assert lost == dict(of.families.lost)


@pytest.mark.parametrize(
    ("value", "lost"),
    [
        ({"spec": {"limits": {f"r{i}": "1" for i in range(5000)}}}, 4800),
        ({"status": {"seen": {f"r{i}": "2026-01-01T00:00:00Z" for i in range(5000)}}}, 4800),
        ({"status": {"conditions": [{**TRUE, "type": f"T{i}"} for i in range(5000)]}}, 4800),
    ],
    ids=["quantities", "times", "conditions"],
)
def test_thousands_of_keys_are_as_many_series_as_the_budget_has_words(
    value: dict[str, Any], lost: int
) -> None:
    """The others are left out and counted, also those of the next object; what had room has it again."""
    for render in (compiled, walked):
        of = renderer()
        for times in (1, 2):
            lines = [line for line in render(of, gadget(**value)) if "_labels" not in line]
            assert 200 == len(lines)
            assert {"budget": lost * times} == {reason: n for reason, n in of.families.lost.items() if n}


def test_a_map_of_texts_with_thousands_of_keys_is_one_series() -> None:
    """As the labels of an object are."""
    value = gadget(spec={"nodeSelector": {f"key-{i}": "v" for i in range(5000)}})
    for render in (compiled, walked):
        found = [line for line in render(renderer(), value) if "_nodeSelector_info" in line]
        assert [5000] == [line.count('="v"') for line in found]


def test_a_long_word_stays_known_when_there_is_room_for_no_other() -> None:
    """It is cut, and looked up as a whole."""
    of, word = renderer(words_max=1), "w" * 2 * states.WORD_MAX
    said = [compiled(of, gadget(status={"phase": word})) for _ in range(3)]
    assert 1 == len(set(map(tuple, said)))
    assert {} == dict(of.families.lost)


def test_words_past_the_budget_are_other() -> None:
    """A family has so many different words and no more; those that are known stay."""
    of = renderer(words_max=2)
    phases = ["a", "b", "c", "a"]
    said = [
        line for phase in phases for line in compiled(of, gadget(status={"phase": phase})) if "phase" in line
    ]
    assert [f'k8s_gadget_status_phase{{phase="{word}"}} 1' for word in ("a", "b", "other", "a")] == said
    assert {"budget": 1} == dict(of.families.lost)
