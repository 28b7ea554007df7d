"""Two faults as one: in order, with a pause, and repaired in the order in which they hurt."""

from typing import Any

import pytest

from alertdrill import faults
from alertdrill.errors import ScenarioError
from alertdrill.faults import catalogue
from alertdrill.faults.base import Ground, Place
from alertdrill.model import Trait
from alertdrill.scenario import Fault, Scenario
from alertdrill.testing import FakeKube

CLAIM = faults.unbound_claim("data")
SCALE = faults.scale("deployment/web", replicas=0, back_to=2)
BOTH = faults.followed_by(CLAIM, after="4m", then=SCALE)


def scenario(fault: Fault) -> Scenario:
    """Return a scenario that matters only by its fault."""
    return Scenario(name="a/b", why="", workload="web", hold="9m", expect=(), fault=fault)


def test_the_other_comes_later_and_is_repaired_first() -> None:
    """What `inject` does is the first alone; `delay` says when the rest is due."""
    kube, kind = FakeKube(), catalogue.of(scenario(BOTH))
    assert kind
    place = Place(kube, "a", 20)
    steps: list[int] = []
    for step in (kind.inject, kind.inject_later, kind.heal):
        step(place, BOTH.args)
        steps.append(len(kube.done))
    assert [
        "injecting unbound_claim",
        "injecting scale",
        "healing scale",
        "healing unbound_claim",
    ] == kube.done
    assert ([1, 2, 4], "4m") == (steps, kind.delay(BOTH.args))


def test_it_does_what_both_do() -> None:
    """A judge must know of each what it does to the world."""
    assert {Trait.CHANGES_SPEC, Trait.REMOVES_TARGETS} == catalogue.traits(scenario(BOTH))


def test_it_can_be_had_where_both_can() -> None:
    """What a cluster can't give of one, it can't give of the two."""
    fault = faults.followed_by(CLAIM, after="4m", then=faults.stop_watcher("alertmanager"))
    kind = catalogue.of(scenario(fault))
    assert kind
    assert kind.available(Ground(speed=20), fault.args).startswith(
        "alertmanager is no part of the monitoring"
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"after": "soon"}, "soon"),
        ({"then": {"name": "burn", "args": {}}}, "there is no fault burn"),
        ({"then": {"name": "scale", "args": {"target": "web"}}}, "the fault scale"),
        ({"first": {"name": BOTH.name, "args": BOTH.args}}, "has a second part already"),
    ],
)
def test_what_is_wrong_with_either_is_told_before_anything_starts(args: dict[str, Any], said: str) -> None:
    """A mistake in the second fault must not come to light once the first is done."""
    with pytest.raises(ScenarioError, match=said):
        catalogue.check(scenario(Fault(name=BOTH.name, args={**BOTH.args, **args})))
