"""Scenario modules ⇄ values."""

from pathlib import Path

import pytest

from alertdrill.errors import ScenarioError
from alertdrill.scenario import Scenario, never
from alertdrill.scenario import files as scenario_files

HEADER = "from alertdrill.scenario import Scenario, never\n"


def write(folder: Path, name: str, text: str) -> Path:
    """Write a scenario module."""
    file = folder / name
    file.write_text(text)
    return file


def one(name: str) -> Scenario:
    """Return a scenario that matters only by its name."""
    return Scenario(name=name, why="", workload="web", hold="1m", expect=(never("A"),))


def test_the_shipped_scenarios_load_and_are_named_after_their_module() -> None:
    """Every shipped scenario's name starts with the rule group its module is named after."""
    folder = scenario_files.shipped()
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert modules == {scenario.name.split("/")[0] for scenario in scenario_files.load(folder)}


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without modules is an error, not an empty drill that passes."""
    with pytest.raises(ScenarioError, match="found none"):
        scenario_files.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/0\n", r"bad\.py:1: ZeroDivisionError"),
        ("x = 1\ndef (\n", r"bad\.py: SyntaxError"),
        ("import nowhere\n", r"bad\.py:1: ModuleNotFoundError"),
        ("SCENARIOS = [1]\n", "has none"),
        ("", "has none"),
    ],
)
def test_a_module_that_breaks_is_one_sentence_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    """Whatever is wrong with a scenario module is a ScenarioError that names the file."""
    write(tmp_path, "bad.py", text)
    with pytest.raises(ScenarioError, match=said):
        scenario_files.load(tmp_path)


def test_two_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    """A name used twice is an error: one of the two recordings would be lost."""
    text = (
        HEADER + "SCENARIOS = [Scenario(name='a/b', why='', workload='w', hold='1m', expect=(never('A'),))]\n"
    )
    write(tmp_path, "first.py", text)
    write(tmp_path, "second.py", text)
    with pytest.raises(ScenarioError, match="two scenarios called a/b"):
        scenario_files.load(tmp_path)


def test_patterns_choose_by_name() -> None:
    """A pattern chooses every scenario it matches, and none means all."""
    all_ = [one("pods/a"), one("pods/b"), one("nodes/a")]
    assert ["pods/a", "pods/b"] == [s.name for s in scenario_files.choose(all_, ["pods/*"])]
    assert all_ == scenario_files.choose(all_, [])


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    """A misspelt name is an error that lists the names there are."""
    with pytest.raises(ScenarioError, match="no scenario is called pods/c; there are: pods/a"):
        scenario_files.choose([one("pods/a")], ["pods/a", "pods/c"])


def test_two_scenarios_of_one_folder_are_refused(tmp_path: Path) -> None:
    """Different names may still mean one folder, and one of the two recordings would be lost."""
    names = ("deployments/a-b", "deployments-a/b")
    made = [
        f"Scenario(name='{name}', why='', workload='w', hold='1m', expect=(never('A'),))" for name in names
    ]
    write(tmp_path, "mine.py", f"{HEADER}SCENARIOS = [{', '.join(made)}]\n")
    said = f"the scenarios {names[0]} and {names[1]} would both be recorded in deployments-a-b: rename one"
    with pytest.raises(ScenarioError, match=said):
        scenario_files.load(tmp_path)
