"""One lab for the session; every scenario is played once, side by side, and judged by many tests."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from alertdrill import cache, data, evidence, incident, judge, play, plugin, scenario_files
from alertdrill import lab as labs
from alertdrill.incident import Incident
from alertdrill.model import Judgement, Verdict
from alertdrill.progress import Progress
from alertdrill.report import junit
from alertdrill.scenario import Scenario, check

SHIPPED = scenario_files.load(scenario_files.shipped())
E2E_RULES = Path(__file__).parent / "rules"

Player = Callable[[Sequence[Scenario]], dict[str, Incident]]


def chosen(config: pytest.Config) -> list[Scenario]:
    """Return what this session drills: all but terradiff, or terradiff alone, whose tofu is long to build."""
    return [one for one in SHIPPED if play.needs_tofu([one]) == bool(config.getoption("drill_tofu"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `scenario_name` each scenario of the session."""
    if "scenario_name" in metafunc.fixturenames:
        metafunc.parametrize("scenario_name", [one.name for one in chosen(metafunc.config)])


@pytest.fixture(scope="session")
def drill_options(drill_options: labs.Options) -> labs.Options:
    """Return the options of the command line, with the rules that only these tests have."""
    rules = (data.path("rules"), data.path("fixtures", "rules"), E2E_RULES)
    return msgspec.structs.replace(drill_options, rules=tuple(map(str, rules)))


@pytest.fixture(scope="session")
def player(drill_lab: labs.Lab, drill_options: labs.Options, pytestconfig: pytest.Config) -> Player:
    """Return a function that plays scenarios in the lab and returns their incidents by scenario name."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    record = Path(pytestconfig.getoption("drill_record"))
    keep = bool(pytestconfig.getoption("drill_keep"))
    assert capture

    def played(scenarios: Sequence[Scenario]) -> dict[str, Incident]:
        for scenario in scenarios:
            check(scenario, labs.load_rules(drill_options).alerts)
        with capture.global_and_fixture_disabled():
            folders = play.play(drill_lab, scenarios, record=record, progress=Progress(), keep=keep)
        return {
            scenario.name: incident.read(folder) for scenario, folder in zip(scenarios, folders, strict=True)
        }

    return played


@pytest.fixture(scope="session")
def incidents(player: Player, drill_lab: labs.Lab, pytestconfig: pytest.Config) -> dict[str, Incident]:
    """Return the recording of every shipped scenario, played in this session; broken ones leave evidence."""
    recorded = player(chosen(pytestconfig))
    # A verdict needs a lab that is fit to judge in: where it was not, it gets one more chance, and only one.
    unfit = [one.scenario for one in recorded.values() if judge.judge(one).verdict is Verdict.UNKNOWN]
    recorded |= player(unfit) if unfit else {}
    judgements = [judge.judge(one) for one in recorded.values()]
    pytestconfig.stash[plugin.JUDGEMENTS] = judgements
    reports = Path(pytestconfig.getoption("drill_record")).parent
    cache.write_whole(reports / "e2e-verdicts.xml", junit.render(judgements))
    if Verdict.worst(one.verdict for one in judgements) is not Verdict.PASS:
        evidence.export(drill_lab.kube, reports / "lab", Progress())
    return recorded


@pytest.fixture(scope="session")
def judgements(incidents: dict[str, Incident]) -> dict[str, Judgement]:
    """Return the verdict on every shipped scenario."""
    return {name: judge.judge(one) for name, one in incidents.items()}
