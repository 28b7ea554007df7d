"""Faults of one's own: classes in a scenario module, and classes that an installed package brings."""

import sys
from pathlib import Path

import pytest

from alertdrill.errors import ScenarioError
from alertdrill.faults import catalogue
from alertdrill.model import Trait
from alertdrill.scenario import Fault, Scenario, files, from_json, to_json

MODULE = """
from alertdrill.faults import FaultKind, Trait
from alertdrill.model import Value
from alertdrill.scenario import Scenario

class FillDisk(FaultKind):
    name = "fill_disk"
    traits = frozenset({Trait.SLOW})
    class Args(Value, frozen=True, kw_only=True):
        selector: str
    def inject(self, place, args): place.run("filling", "exec", args["selector"])
    def heal(self, place, args): place.run("emptying", "exec", args["selector"])

SCENARIOS = [
    Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=FillDisk.fault(%s)),
]
"""
PACKAGE = """
from alertdrill.faults import FaultKind
class Packaged(FaultKind):
    name = "packaged"
    def inject(self, place, args): pass
    def heal(self, place, args): pass
class Unfit: pass
"""


def scenario(fault: Fault) -> Scenario:
    """Return a scenario that matters only by its fault."""
    return Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=fault)


def test_a_class_of_a_scenario_module_is_found_by_its_value(tmp_path: Path) -> None:
    """Nothing is registered: the scenario knows the class, and what it does to the world."""
    (tmp_path / "own.py").write_text(MODULE % 'selector="x=y"')
    (one,) = files.load(tmp_path)
    kind = catalogue.of(one)
    assert kind
    assert ("fill_disk", frozenset({Trait.SLOW})) == (kind.name, catalogue.traits(one))


def test_a_recording_needs_no_module(tmp_path: Path) -> None:
    """What is recorded of a fault is its name and its arguments."""
    (tmp_path / "own.py").write_text(MODULE % 'selector="x=y"')
    (one,) = files.load(tmp_path)
    again = from_json(to_json(one))
    assert (one, "fill_disk(selector='x=y')") == (again, str(again.fault))


def test_a_wrong_argument_is_told_with_its_line(tmp_path: Path) -> None:
    """A misspelt argument of a fault of one's own is told where it is written."""
    (tmp_path / "own.py").write_text(MODULE % 'selektor="x=y"')
    with pytest.raises(
        ScenarioError, match=r"own.py:15: .*the fault fill_disk.*`selektor`; fill_disk takes selector"
    ):
        files.load(tmp_path)


def test_a_class_without_a_name_is_refused(tmp_path: Path) -> None:
    """The name is what a recording says, so there must be one."""
    (tmp_path / "own.py").write_text((MODULE % 'selector="x=y"').replace('name = "fill_disk"', ""))
    with pytest.raises(ScenarioError, match="the fault class FillDisk has no name"):
        files.load(tmp_path)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the metadata of an installed package that brings faults, to be filled with entry points."""
    (tmp_path / "our_faults.py").write_text(PACKAGE)
    info = tmp_path / "our_faults-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-faults\nVersion: 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "our_faults", raising=False)
    return info / "entry_points.txt"


def test_a_fault_of_an_installed_package_is_known_by_its_name(package: Path) -> None:
    """An entry point is enough: a scenario names the fault."""
    package.write_text("[alertdrill.faults]\npackaged = our_faults:Packaged\n")
    kind = catalogue.of(scenario(Fault(name="packaged")))
    assert kind
    assert "packaged" == kind.name


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("packaged = our_faults:Missing", "loading the fault packaged of the package our-faults .*Missing"),
        ("packaged = our_faults:Unfit", "is no subclass of alertdrill.faults.FaultKind"),
        ("other = our_faults:Packaged", "its class is named 'packaged'; it must be named as its entry point"),
    ],
)
def test_an_entry_point_that_is_no_fault_is_told_by_its_package(package: Path, point: str, said: str) -> None:
    """Whoever installed it learns which package to mend."""
    package.write_text(f"[alertdrill.faults]\n{point}\n")
    with pytest.raises(ScenarioError, match=said):
        catalogue.of(scenario(Fault(name="packaged")))
