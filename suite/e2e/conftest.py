"""One lab for the session; every scenario is played once, side by side, and judged by many tests."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from alertdrill import data, plugin
from alertdrill import lab as labs
from alertdrill.errors import LabError
from alertdrill.incident import Incident
from alertdrill.machine import cache
from alertdrill.model import Judgement, Verdict
from alertdrill.play import drill, needs_tofu
from alertdrill.play.drill import Drilled, Played
from alertdrill.progress import Progress
from alertdrill.report import junit
from alertdrill.scenario import Scenario, profile
from alertdrill.scenario import files as scenario_files

SHIPPED = scenario_files.load(scenario_files.shipped())
E2E_RULES = Path(__file__).parent / "rules"

Player = Callable[[Sequence[Scenario]], Drilled]


def chosen(config: pytest.Config) -> list[Scenario]:
    """Return what this session drills: all but terradiff, or terradiff alone, whose tofu is long to build."""
    found = [one for one in SHIPPED if needs_tofu([one]) == bool(config.getoption("drill_tofu"))]
    return profile.chosen(found, config.getoption("drill_profile"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `scenario_name` each scenario of the session."""
    if "scenario_name" in metafunc.fixturenames:
        metafunc.parametrize("scenario_name", [one.name for one in chosen(metafunc.config)])


@pytest.fixture(scope="session")
def drill_options(drill_options: labs.Options, pytestconfig: pytest.Config) -> labs.Options:
    """Return the options of the command line, with the rules that only these tests have."""
    rules = (data.path("rules"), data.path("fixtures", "rules"), E2E_RULES)
    options = msgspec.structs.replace(drill_options, rules=tuple(map(str, rules)))
    drill.check(chosen(pytestconfig), labs.load_rules(options))  # before a cluster is brought up for nothing
    return options


@pytest.fixture(scope="session")
def player(drill_lab: labs.Lab, pytestconfig: pytest.Config) -> Player:
    """Return a function that plays scenarios in the lab, and judges them."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    record = Path(pytestconfig.getoption("drill_record"))
    keep = bool(pytestconfig.getoption("drill_keep"))
    assert capture

    def played(scenarios: Sequence[Scenario]) -> Drilled:
        with capture.global_and_fixture_disabled():
            return drill.drill(drill_lab, scenarios, record=record, progress=Progress(), keep=keep)

    return played


@pytest.fixture(scope="session")
def played(player: Player, drill_lab: labs.Lab, pytestconfig: pytest.Config) -> dict[str, Played]:
    """Return every shipped scenario as it was played in this session; broken ones leave evidence."""
    first = player(chosen(pytestconfig))
    found, interrupted = {one.scenario.name: one for one in first.played}, first.interrupted
    # A verdict needs a lab that is fit to judge in: where it was not, it gets one more chance, and only one.
    unfit = [one.scenario for one in found.values() if one.judgement.verdict is Verdict.UNKNOWN]
    if unfit and not interrupted:
        second = player(unfit)
        found |= {one.scenario.name: one for one in second.played}
        interrupted = second.interrupted
    reports = Path(pytestconfig.getoption("drill_record")).parent

    def tell(judgements: list[Judgement]) -> None:
        pytestconfig.stash[plugin.JUDGEMENTS].extend(judgements)
        cache.write_whole(reports / "e2e-verdicts.xml", junit.render(judgements))

    drilled = Drilled(list(found.values()), interrupted)
    drill.tell(drill_lab, drilled, tell, folder=reports / "lab", progress=Progress())
    return found


@pytest.fixture(scope="session")
def incidents(played: dict[str, Played]) -> dict[str, Incident]:
    """Return the recording of every shipped scenario."""
    return {name: one.incident for name, one in played.items() if one.incident}


@pytest.fixture
def judgement(scenario_name: str, judgements: dict[str, Judgement]) -> Judgement:
    """Return the verdict on a scenario; an unknown one is an error of pytest's, no failure."""
    found = judgements[scenario_name]
    if found.verdict is Verdict.UNKNOWN:
        raise LabError("; ".join(one.sentence for one in found.findings if one.verdict is Verdict.UNKNOWN))
    return found


@pytest.fixture(scope="session")
def judgements(played: dict[str, Played]) -> dict[str, Judgement]:
    """Return the verdict on every shipped scenario."""
    return {name: one.judgement for name, one in played.items()}
