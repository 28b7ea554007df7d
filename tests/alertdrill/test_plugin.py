"""The pytest plugin as a test run sees it: verdicts are outcomes, the report is in the failure's text."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from alertdrill import data

from .warm import Warm

pytestmark = pytest.mark.timeout(600)  # whole test runs, each of which loads the harness

# Recordings stand in for a lab: what is judged is real, and only the playing is left out.
CONFTEST = f"""
import pathlib
import msgspec
import pytest
from alertdrill import incident, judge
from alertdrill.play.drill import Played

RECORDINGS = pathlib.Path({str(data.CHECKOUT / "fixtures" / "incidents")!r})

class Recorded:
    def play(self, scenario):
        folder = RECORDINGS / scenario.slug
        if scenario.name == "pods/one-restart":
            return Played(scenario, judge.unknown(scenario.name, "nobody looked", 20.0))
        recorded = msgspec.structs.replace(incident.read(folder), scenario=scenario)
        return Played(scenario, judge.judge(recorded), recorded, folder)

@pytest.fixture(scope="session")
def drill_batch():
    return Recorded()
"""
SCENARIOS = f"""
import pathlib
import msgspec
from alertdrill import incident

RECORDINGS = pathlib.Path({str(data.CHECKOUT / "fixtures" / "incidents")!r})
NAMES = ("deployments-refused-replicaset", "pods-crash-loop", "pods-one-restart")
SCENARIOS = [incident.read(RECORDINGS / name).scenario for name in NAMES]
first = SCENARIOS[0]
fires = msgspec.structs.replace(first.expect[0], after="7m45s")
SCENARIOS[0] = msgspec.structs.replace(first, expect=(fires, *first.expect[1:]))
"""
TEST = """
import pytest

@pytest.mark.drill("scenarios")
def test_alerts(scenario, drill):
    assert drill(scenario).passed
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a folder with three scenarios: one of them fails, one passes, and one is unknown."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "ours.py").write_text(SCENARIOS)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_alerts.py").write_text(TEST)
    return tmp_path


# Plugins of our own tests that such a run does not use, and that take longer to load than all it does.
NOT_THEIRS = ("pytest-kind", "hypothesispytest", "anyio", "pytest_cov", "timeout")
WORDS = ("-q", *(f"-pno:{name}" for name in NOT_THEIRS))
Run = Callable[..., subprocess.CompletedProcess[str]]


def elsewhere() -> dict[str, str]:
    """Return the environment of somebody who is not in our own test run."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


@pytest.fixture
def run(warmed: Warm, tmp_path: Path) -> Run:
    """Return a function that runs pytest in the test's folder."""

    def of(*words: str) -> subprocess.CompletedProcess[str]:
        words = (*WORDS, *words)
        return warmed.run("pytest:console_main", words, folder=tmp_path, environment=elsewhere())

    return of


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "xdist"])
@pytest.mark.usefixtures("repository")
def test_verdicts_are_outcomes(words: tuple[str, ...], run: Run) -> None:
    """Pass is passed, fail is failed, unknown is an error; all are in the summary, whoever played them."""
    done = run(*words)
    expected = [
        'DeploymentGenerationMismatch{name="web"} fired at 6m6s, expected 7m45s to 8m',
        "look at it again: alertdrill judge",
        "pods/one-restart is unknown: nobody looked",
        "3 scenarios: 1 pass, 1 unknown, 1 fail",
        "1 failed, 1 passed, 1 error",
    ]
    assert expected == [said for said in expected if said in done.stdout], done.stdout
    assert 1 == done.returncode


@pytest.mark.usefixtures("repository")
def test_a_failure_says_what_was_drilled_and_no_more(run: Run) -> None:
    """Beside the report, the values of the failed assertion are one line each, whatever they hold."""
    done = run("-k", "refused")
    # Where lines are cut, which they are not on CI, this is what pytest's summary has of the finding.
    short = "FAILED test_alerts.py::test_alerts[deployments/refused-replicaset] - Deployme"
    assert short in done.stdout
    said = [line for line in done.stdout.splitlines() if line.startswith("E ")]
    played = "<Played deployments/refused-replicaset: fail>"
    expected = [
        "E       assert False",
        f"E        +  where False = {played}.passed",
        f"E        +    where {played} = drill(<Scenario deployments/refused-replicaset>)",
    ]
    assert expected == [re.sub("<function .*>(?=[(])", "drill", line) for line in said]


def test_the_report_is_in_the_junit_file(repository: Path, run: Run) -> None:
    """Whoever reads only the file that CI keeps reads which window was missed."""
    run("--junitxml=x.xml")
    tree = ET.parse(repository / "x.xml")
    failures = [one.text or "" for one in tree.iter("failure")]
    assert [True] == ["expected 7m45s to 8m" in text for text in failures]


@pytest.mark.usefixtures("repository")
def test_scenarios_are_chosen_as_tests_are(run: Run) -> None:
    """-k chooses by name, -x ends at the first that did not pass, --lf goes on with what did not."""
    assert "1 passed, 2 deselected" in run("-k", "crash-loop").stdout
    assert "1 failed, 1 passed, 1 error" in run().stdout
    assert "1 failed, 1 error in" in run("--lf").stdout
    assert "1 failed in" in run("--lf", "-x").stdout


def test_a_module_with_a_mistake_is_told_with_its_line(repository: Path, run: Run) -> None:
    """A scenario that can't be read ends the collection, with its file and line and without a trace."""
    (repository / "scenarios" / "ours.py").write_text("import nothing_of_that_name\n")
    done = run()
    # pytest's own summary says it once more where it does not cut lines: on CI.
    told, *_ = done.stdout.partition("short test summary")
    assert 1 == told.count("ours.py:1: ModuleNotFoundError: No module")
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [("LabError('no cluster answers')", "no cluster answers"), ("ScenarioError('no rule')", "no rule")],
)
def test_trouble_is_an_error_in_one_sentence(error: str, said: str, repository: Path, run: Run) -> None:
    """What keeps a scenario from being played proves no alert wrong, and needs no trace of ours."""
    (repository / "conftest.py").write_text(
        "import pytest\n"
        "from alertdrill.errors import LabError, ScenarioError\n"
        "class Broken:\n"
        f"    def play(self, scenario): raise {error}\n"
        "@pytest.fixture(scope='session')\n"
        "def drill_batch(): return Broken()\n"
    )
    done = run("-k", "crash-loop")
    assert "2 deselected, 1 error" in done.stdout
    assert said in done.stdout
    assert "plugin.py" not in done.stdout


def test_progress_begins_on_a_line_of_its_own(tmp_path: Path, run: Run) -> None:
    """The name of the test's file stands where pytest left it, and what the lab says below."""
    (tmp_path / "conftest.py").write_text(
        "from contextlib import contextmanager\n"
        "from alertdrill import lab\n"
        "@contextmanager\n"
        "def borrowed(options, rules, progress, *, keep):\n"
        "    print('bringing it up', flush=True)\n"
        "    yield None\n"
        "lab.borrowed = borrowed\n"
    )
    (tmp_path / "test_lab.py").write_text("def test_lab(drill_lab): pass\n")
    done = run("-v")  # undoes the -q
    assert ("bringing it up", "1 passed") == (
        next((line for line in done.stdout.splitlines() if "bringing" in line), done.stdout),
        done.stdout.splitlines()[-1].strip("= ")[:8],
    )


def test_a_run_without_a_drill_loads_no_harness(tmp_path: Path) -> None:
    """Having alertdrill installed costs a test run nothing."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_other():\n"
        "    ours = {one for one in sys.modules if one.startswith('alertdrill.')}\n"
        "    assert ours == {'alertdrill.plugin', 'alertdrill.names'}\n"
        "    assert not {'kubernetes', 'msgspec', 'requests'} & sys.modules.keys()\n"
    )
    argv = [sys.executable, "-m", "pytest", *WORDS]
    done = subprocess.run(argv, cwd=tmp_path, env=elsewhere(), capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout
