"""A fault of somebody's own that breaks is theirs to mend: its line is told, and we are not blamed."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from alertdrill.errors import FutileError, LabError, ScenarioError
from alertdrill.faults import calls, catalogue
from alertdrill.faults.base import FaultKind, Ground, Place
from alertdrill.faults.followed_by import FollowedBy
from alertdrill.faults.scale import Scale
from alertdrill.kube import Kube
from alertdrill.scenario import Scenario, files
from alertdrill.testing import FakeKube

MODULE = """
import msgspec
from alertdrill.faults import FaultKind
from alertdrill.scenario import Scenario

def helper(pods):
    return pods["none"]

class Lose(FaultKind):
    name = "lose"
    class Args(msgspec.Struct):
        selector: str
        count: int = 1
    def inject(self, place, args): %s
    def heal(self, place, args): %s
    def check(self, folder, args): %s
    def available(self, ground, args): %s

FAULT = Lose.fault(selector="x=y")
SCENARIOS = [Scenario(name="a/b", why="", workload="web", hold="1m", expect=(), fault=FAULT)]
"""
PLACE = Place(FakeKube(), "ns", 20.0)
ARGS = {"selector": "x=y"}


def own(folder: Path, *bodies: str) -> tuple[Path, Scenario]:
    """Return a module whose fault has these bodies (inject, heal, check, available), and its scenario."""
    module = folder / "own.py"
    module.write_text(MODULE % (*bodies, *["pass", "pass", "pass", "return ''"][len(bodies) :]))
    return module, files.load(folder)[0]


def kind_of(scenario: Scenario) -> FaultKind:
    """Return the fault's class."""
    kind = catalogue.of(scenario)
    assert kind
    return kind


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("place.remembered['pod']", 14, "KeyError: 'pod'"),
        ("helper({})", 7, "KeyError: 'none'"),
        ("place.run()", 14, "TypeError: Place.run() missing 1 required positional argument: 'what'"),
        ("raise SystemExit", 14, "SystemExit"),
        ("open('/nowhere/at/all')", 14, "FileNotFoundError: [Errno 2] No such file or directory:"),
    ],
)
def test_what_breaks_is_told_with_the_last_line_of_that_file(
    body: str, line: int, what: str, tmp_path: Path
) -> None:
    """Whichever way it is reached, the sentence leads to the line that its author can mend."""
    module, scenario = own(tmp_path, body)
    with pytest.raises(FutileError) as caught:
        calls.inject(kind_of(scenario), PLACE, ARGS)
    expected = f"{module}:{line}: the fault lose broke in `inject`: {what}"
    assert expected == str(caught.value)[: len(expected)]


@pytest.mark.parametrize(
    ("bodies", "call", "error"),
    [
        (("pass", "1/0"), lambda kind: calls.heal(kind, PLACE, ARGS), FutileError),
        (("pass", "pass", "1/0"), lambda kind: calls.check(kind, Path(), ARGS), ScenarioError),
        (
            ("pass", "pass", "pass", "1/0"),
            lambda kind: calls.available(kind, Ground(speed=1.0), ARGS),
            FutileError,
        ),
    ],
    ids=["heal", "check", "available"],
)
def test_every_way_into_a_fault_tells_its_line(
    bodies: tuple[str, ...], call: Callable[[FaultKind], object], error: type[Exception], tmp_path: Path
) -> None:
    """What can be known before anything starts is bad input; after that nothing is known of the scenario."""
    module, scenario = own(tmp_path, *bodies)
    with pytest.raises(error, match=rf"{module}:1[4567]: the fault lose broke in `.*`: ZeroDivisionError"):
        call(kind_of(scenario))


@pytest.mark.parametrize(
    ("body", "kube", "error", "said"),
    [
        (
            "place.run('losing a pod', 'exec')",
            FakeKube(failures=1),
            LabError,
            "losing a pod: kubectl ended with 1: etcdserver: request timed out",
        ),
        (
            "place.pods('x=y')",
            FakeKube(),
            FutileError,
            "no pod in ns matches x=y, so there is nothing to break",
        ),
    ],
    ids=["kubectl", "pods"],
)
def test_what_the_lab_refuses_is_told_with_the_line_that_asked(
    body: str, kube: FakeKube, error: type[Exception], said: str, tmp_path: Path
) -> None:
    """It is the lab's trouble, of the same kind as before, and its author knows which call it was."""
    module, scenario = own(tmp_path, body)
    with pytest.raises(LabError) as caught:
        calls.inject(kind_of(scenario), Place(kube, "ns", 20.0), ARGS)
    assert error is type(caught.value)
    assert f"{module}:14: the fault lose met trouble in `inject`: {said}" == str(caught.value)


def test_one_of_two_faults_is_told_with_its_line_and_has_its_defaults(tmp_path: Path) -> None:
    """What another fault follows is called as if it were alone."""
    module, scenario = own(tmp_path, "place.run(str(args['count']))", "1/0")
    kube = FakeKube()
    both = FollowedBy(lambda _name: kind_of(scenario))
    plain = {"name": "lose", "args": ARGS}
    args = {"first": plain, "after": "1m", "then": plain}
    calls.inject(both, Place(kube, "ns", 20.0), args)
    both.inject_later(Place(kube, "ns", 20.0), args)
    assert ["1", "1"] == kube.done
    with pytest.raises(FutileError, match=rf"^{module}:15: the fault lose broke in `heal`: Zero"):
        calls.heal(both, Place(kube, "ns", 20.0), args)


def test_what_the_lab_refuses_a_fault_of_ours_has_no_line() -> None:
    """Nobody is to look for it in our code."""
    args = {"target": "deployment/web", "replicas": 1, "back_to": 1}
    with pytest.raises(LabError, match=r"^injecting scale: kubectl ended with 1"):
        calls.inject(Scale(), Place(FakeKube(failures=1), "ns", 20.0), args)


def test_a_mistake_of_ours_stays_one() -> None:
    """A shipped fault that breaks is not told as somebody else's."""
    args = {"target": "deployment/web", "replicas": 1, "back_to": 1}
    with pytest.raises(AttributeError):
        calls.inject(Scale(), Place(cast("Kube", None), "ns", 20.0), args)


def test_arguments_that_a_scenario_leaves_out_are_there(tmp_path: Path) -> None:
    """A default of `Args` is what `inject` gets."""
    _, scenario = own(tmp_path, "place.run(str(args['count']))")
    kube = FakeKube()
    calls.inject(kind_of(scenario), Place(kube, "ns", 20.0), ARGS)
    assert ["1"] == kube.done


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "(msgspec.Struct)",
            "",
            "own.py:9: the arguments of the fault class Lose are no msgspec.Struct; write",
        ),
        (
            "inject(self, place, args)",
            "inject(self, place)",
            r"own.py:9: Lose.inject can't be called; write it",
        ),
        ("heal(self, place, args)", "heal(place, args)", r"own.py:9: Lose.heal can't be called; write it as"),
        (
            'selector="x=y"',
            'selector="x=y", cuont=2',
            "own.py:19: .*there is no argument cuont; lose takes sel",
        ),
    ],
)
def test_a_class_that_can_not_be_played_is_told_when_it_is_read(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    """Nobody waits for a lab to learn it."""
    (tmp_path / "own.py").write_text((MODULE % ("pass", "pass", "pass", "return ''")).replace(old, new))
    with pytest.raises(ScenarioError, match=said):
        files.load(tmp_path)
