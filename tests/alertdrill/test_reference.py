"""What a scenario takes is told from the code, on the command line and in the documents."""

import inspect
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from alertdrill import data, faults, reference
from alertdrill.scenario import Fault, Scenario, files

PAGE = data.CHECKOUT / "docs" / "scenarios.md"
OWN = data.CHECKOUT / "fixtures" / "own-repository" / "scenarios"


def test_the_page_is_what_the_code_says(update_goldens: Callable[[Path, str], None]) -> None:
    """docs/scenarios.md was written from the code as it is."""
    update_goldens(PAGE, reference.markdown())
    assert reference.markdown() == PAGE.read_text()


@pytest.mark.parametrize("of", [Scenario, faults.FaultKind], ids=lambda of: of.__name__)
def test_every_field_is_told(of: type) -> None:
    """A field without a comment would be missing from the page."""
    named = msgspec.structs.fields(Scenario) if of is Scenario else ()
    expected = [one.name for one in named] or ["name", "traits", "Args"]
    assert expected == [one["name"] for one in reference.FIELD.finditer(inspect.getsource(of))]


def test_every_fault_and_what_scenarios_bring_is_listed() -> None:
    """The list of faults has the shipped ones and those of the modules that are looked at."""
    listed = reference.listed_faults(files.load(OWN))
    calls = [line.partition("(")[0] for line in listed.splitlines() if not line.startswith(" ")]
    shipped = [name for name in faults.__all__ if name.islower()]
    assert sorted([*shipped, "LoseOne.fault"]) == sorted(calls)


def test_every_shipped_scenario_is_listed_with_each_expectation() -> None:
    """None is left out, whatever kind it is."""
    for one in files.load(files.shipped()):
        told = [line for line in reference.listed(one).splitlines() if line.startswith("    expect:")]
        assert len(one.expect) == len(told)


def test_a_scenario_is_listed_with_all_it_says() -> None:
    """Its fault, with the sentence of its class, and each expectation with its window."""
    (one,) = (one for one in files.load(OWN) if one.name == "checkout/one-lost")
    expected = (
        "checkout/one-lost\n"
        "    A service on one pod of two is one failure away from an outage.\n"
        "    workload: checkout.yaml\n"
        "    fault:    lose_one(selector='app=checkout'), held for 5m:"
        " One pod of several stops being ready.\n"
        "    expect:   fires CheckoutUnavailable 3m to 5m\n"
        "    expect:   resolves CheckoutUnavailable within 5m of the repair"
    )
    assert expected == reference.listed(one)


def test_a_scenario_that_breaks_nothing_says_so() -> None:
    """Without a fault there is a time in which it is watched."""
    one = Scenario(name="a/b", why="c", workload="web", hold="1m", expect=(), exclusive=True)
    last = ["    fault:    none, watched for 1m", "    nothing else is played beside it"]
    assert last == reference.listed(one).splitlines()[-2:]


def test_a_fault_that_nobody_has_is_listed_as_it_is_written() -> None:
    """What it would do nobody knows; that it can't be played is told below the list."""
    one = Scenario(name="a/b", why="c", workload="web", hold="1m", expect=(), fault=Fault(name="burn"))
    assert "    fault:    burn(), held for 1m" in reference.listed(one).splitlines()
