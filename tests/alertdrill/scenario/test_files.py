"""Scenario modules ⇄ values."""

from pathlib import Path

import pytest

from alertdrill.errors import ScenarioError
from alertdrill.scenario import Scenario, never
from alertdrill.scenario import files as scenario_files

HEADER = "from alertdrill.scenario import Fault, Scenario, never\n"
TAKES = (
    "Scenario takes name, why, workload, hold, expect, fault, settle, touches, touches_for, without,"
    " regardless_of, exclusive$"
)


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
    modules = {file.stem.replace("_", "-") for file in folder.glob("[!_]*.py")}
    assert modules == {scenario.name.split("/")[0] for scenario in scenario_files.load(folder)}


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without modules is an error, not an empty drill that passes."""
    with pytest.raises(ScenarioError, match="found none"):
        scenario_files.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/0\n", r"bad\.py:1: ZeroDivisionError"),
        ("x = 1\ndef (\n", r"bad\.py:2: SyntaxError: invalid syntax$"),
        ("import nowhere\n", r"bad\.py:1: ModuleNotFoundError"),
        ("import sys\n\nsys.exit(0)\n", r"bad\.py:3: SystemExit: 0"),
        ("raise SystemExit\n", r"bad\.py:1: SystemExit$"),
        ("class Stop(KeyboardInterrupt): pass\nraise Stop('now')\n", r"bad\.py:2: Stop: now"),
        ("import pytest\npytest.skip('x')\n", r"bad\.py: Skipped: x|bad\.py:2: "),
        (f"{HEADER}\nScenario(\n  name='a',\n  hodl='5m')\n", rf"bad\.py:5: TypeError: .*'hodl'; {TAKES}"),
        (f"{HEADER}\nmade = [\n Scenario(name='a')]\n", rf"bad\.py:4: TypeError: Missing .*; {TAKES}"),
        (f"{HEADER}\nnever('A', 'B')\n", r"bad\.py:3: TypeError: .*; never takes alert$"),
        ("def mine():\n  raise TypeError('no keyword arguments')\nmine()\n", "no keyword arguments$"),
        ("print(1, end=2, edn=3)\n", r"bad\.py:1: TypeError: .*'edn'"),
        ("int(x=1)\n", r"bad\.py:1: TypeError: .* keyword argument for int\(\)$"),
        ("print((lambda: 1)(x=1))\n", r"bad\.py:1: TypeError: .*'x'$"),
        ("SCENARIOS = [1]\n", "has none"),
        ("", "has none"),
    ],
)
def test_a_module_that_breaks_is_one_sentence_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    """Whatever is wrong with a scenario module is a ScenarioError that names the file."""
    write(tmp_path, "bad.py", text)
    with pytest.raises(ScenarioError, match=said):
        scenario_files.load(tmp_path)


def test_an_interrupt_is_the_user_s_own(tmp_path: Path) -> None:
    """Who interrupts while modules are read is not told of a mistake in a module."""
    write(tmp_path, "slow.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        scenario_files.load(tmp_path)


COMMON = "why='w', workload='web', hold='5m', expect=(never('A'),)"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            COMMON.replace("'),)", "'))") + ", name='a/b'",
            "a/b: `expect` must be a tuple, and is one expectation",
        ),
        (
            COMMON.replace("'5m'", "3600") + ", name='a/b'",
            "a/b: hold is of another type: Expected `str`, got `int`",
        ),
        (COMMON.replace("(never('A'),)", "None") + ", name='a'", "a: expect is of another type: "),
        (COMMON.replace("(never('A'),)", "['x']") + ", name='a'", "a: expect[0] is of another type: "),
        (COMMON + ", name='a', fault='scale'", "a: fault is of another type: Expected `object | null`"),
        (
            COMMON + ", name='a', fault=Fault(name='scale', args={'to': object()})",
            "a: it can't be written down as",
        ),
        (COMMON + ", name='a\\ud800'", "it can't be written down as JSON"),
        (COMMON + ", name=['a']", "['a']: name is of another type: Expected `str`, got `array`"),
        (COMMON + ", name=''", "'': this is no name for a scenario; use ASCII letters"),
        (COMMON + ", name='a/no_namespace_ü'", "'a/no_namespace_ü': this is no name for a scenario"),
        (COMMON + ", name='a/[x]'", "'a/[x]': this is no name for a scenario"),
        (COMMON + ", name='../../a'", "'../../a': this is no name for a scenario"),
        (COMMON + ", name='/a'", "'/a': this is no name for a scenario"),
        (COMMON + ", name='a' * 53", "the name has 53 characters, and a namespace's name has room for 52"),
    ],
)
def test_a_scenario_of_no_use_is_one_sentence(fields: str, said: str, tmp_path: Path) -> None:
    """What Python lets pass is said with the module's name, before anything is started or written."""
    module = write(tmp_path, "bad.py", f"{HEADER}SCENARIOS = [Scenario({fields})]\n")
    with pytest.raises(ScenarioError) as caught:
        scenario_files.load(tmp_path)
    told = str(caught.value)
    assert (True, True, 1) == (
        told.startswith(f"{module}:2: scenario "),
        said in told,
        len(told.splitlines()),
    )


def test_all_mistakes_of_all_modules_are_told(tmp_path: Path) -> None:
    """Whoever mends the first does not meet the next one only then."""
    bad = f"{HEADER}SCENARIOS = [Scenario({COMMON}, name=''), Scenario({COMMON}, name='a?')]\n"
    write(tmp_path, "a.py", bad)
    write(tmp_path, "b.py", "1/0\n")
    with pytest.raises(ScenarioError) as caught:
        scenario_files.load(tmp_path)
    assert ["a.py", "a.py", "b.py"] == [
        Path(line.split(":")[0]).name for line in str(caught.value).splitlines()
    ]


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
