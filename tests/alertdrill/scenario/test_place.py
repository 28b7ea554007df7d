"""A sentence about a scenario leads to the line of its module that is to be mended."""

from pathlib import Path

import pytest

from alertdrill.scenario import place

MODULE = """
def mine(name, alert):
    return Scenario(name=name, expect=(fires(alert, within="5m"),))

def named(name, alert):
    return mine(f"a/{name}", alert)

SCENARIOS = [
    Scenario(
        name="a/one",
        hold="5m",
        expect=(
            fires("A", after="3m", within="5m"),
            resolves("A", within="5 m"),
            fires("B", within="5m"),
        ),
        fault=scale("deployment/web", replicas=0),
    ),
    mine("a/two", "C"),
    named("three", "E"),
    named("four", alert="E"),
    *(mine(f"a/{number}", "D") for number in range(3)),
]
"""


@pytest.mark.parametrize(
    ("name", "about", "line"),
    [
        ("a/one", (), 10),
        ("a/one", ("a/one", "5m"), 11),
        ("a/one", ("A",), 13),
        ("a/one", ("A", "5 m"), 14),
        ("a/one", ("B", "5m"), 15),
        ("a/one", ("scale",), 17),
        ("a/one", ("deployment/web",), 17),
        ("a/one", ("not there",), 10),
        ("a/two", ("C",), 19),
        ("a/three", ("E",), 20),
        ("a/four", (), 21),
        ("a/2", ("D",), 8),
    ],
)
def test_the_line_is_that_of_the_last_text(
    name: str, about: tuple[str, ...], line: int, tmp_path: Path
) -> None:
    """Of a window it is the expectation's own, of a name that is put together the call's, or the list's."""
    module = tmp_path / "a.py"
    module.write_text(MODULE)
    assert f"{module}:{line}" == place.of(module, name, about)


@pytest.mark.parametrize("text", ["", "x = 1\n", "def (\n", "\0"])
def test_a_module_that_does_not_say_it_is_told_without_a_line(text: str, tmp_path: Path) -> None:
    """What can't be found costs only the line."""
    module = tmp_path / "a.py"
    module.write_text(text)
    assert str(module) == place.of(module, "a/b")


def test_a_module_that_is_gone_is_told_without_a_line(tmp_path: Path) -> None:
    """A scenario may outlive its file."""
    assert str(tmp_path / "a.py") == place.of(tmp_path / "a.py", "a/b")
