"""The pytest plugin: a fixture that drills, options that say in which lab, and verdicts in the summary.

A light module, so that having alertdrill installed costs a test run nothing: it imports the harness only
when a test asks for a drill.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alertdrill.names import SPEED

if TYPE_CHECKING:
    from alertdrill import lab as labs
    from alertdrill.model import Judgement
    from alertdrill.play.batch import Batch
    from alertdrill.play.drill import Played
    from alertdrill.scenario import Scenario

JUDGEMENTS: "pytest.StashKey[list[Judgement]]" = pytest.StashKey()  # of this run
PLAYED: "pytest.StashKey[list[Played]]" = pytest.StashKey()  # by one test
TOLD = "alertdrill"  # what a test's report has, as plain data: it may come from another process
MARK = "drill(folder, *patterns): give the test each scenario of a folder, from the test's own, as `scenario`"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each is the command line's, with `--drill-` before it."""
    group = parser.getgroup("alertdrill", "fire drills for Prometheus alerts")
    group.addoption(
        "--drill-name", default="", help="the lab's name (default: drill_name of the ini file, else lab)"
    )
    group.addoption(
        "--drill-cluster", default="auto", help="auto, kind, kind-built or existing (default: auto)"
    )
    group.addoption("--drill-kubeconfig", default="", help="with --drill-cluster=existing: the kubeconfig")
    group.addoption("--drill-context", default="", help="with --drill-cluster=existing: the context")
    group.addoption(
        "--drill-namespace", default="monitoring", help="where the stack is (default: monitoring)"
    )
    group.addoption("--drill-registry", default="", help="where an existing cluster pulls our own images")
    group.addoption(
        "--drill-speed", type=float, default=SPEED, help=f"times faster than real life (default: {SPEED:g})"
    )
    group.addoption(
        "--drill-rules",
        action="append",
        default=[],
        help="a rule file or a folder of them; again for more (default: drill_rules of the ini file)",
    )
    group.addoption(
        "--drill-profile",
        default="all",
        help="all, or commit: as few as have every alert fire (default: all)",
    )
    group.addoption(
        "--drill-record",
        default="reports/incidents",
        help="where recordings go, of each scenario the last (default: reports/incidents)",
    )
    group.addoption("--drill-tofu", action="store_true", help="also what needs terradiff's image")
    group.addoption("--drill-with", action="append", default=[], help="what else the lab has, as `up --with`")
    group.addoption("--drill-keep", action="store_true", help="leave the lab and its namespaces standing")
    parser.addini("drill_name", "the lab's name", default="lab")
    parser.addini("drill_rules", "rule files, or folders of them, from where the ini file is", type="paths")
    parser.addini("drill_with", "what else the lab has, as `alertdrill up --with`", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the verdicts of this run."""
    config.addinivalue_line("markers", MARK)
    config.stash[JUDGEMENTS] = []
    config.pluginmanager.register(_Verdicts(config), "alertdrill-verdicts")


class _Verdicts:
    """Gathers what tests were told, those of other processes too."""

    def __init__(self, config: pytest.Config) -> None:
        self._judgements = config.stash[JUDGEMENTS]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdicts of a test."""
        if told := getattr(report, TOLD, None):
            import msgspec  # noqa: PLC0415  # see the module docstring

            from alertdrill.model import Judgement  # noqa: PLC0415

            self._judgements += msgspec.convert(told, list[Judgement])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test with the mark `drill` each scenario of its folder."""
    mark = metafunc.definition.get_closest_marker("drill")
    if mark is None or "scenario" not in metafunc.fixturenames:
        return
    from alertdrill.errors import ScenarioError  # noqa: PLC0415
    from alertdrill.scenario import files  # noqa: PLC0415

    folder, *patterns = mark.args or (".",)
    mistake = ""
    try:
        place = Path(os.path.normpath(metafunc.definition.path.parent / folder))  # without the `..` of a mark
        found = files.choose(files.load(place), patterns)
    except ScenarioError as error:
        mistake = str(error)
    if mistake:  # told here, where pytest knows of no other error to tell beside it
        pytest.fail(mistake, pytrace=False)
    metafunc.parametrize("scenario", found, ids=[one.name for one in found])


@pytest.fixture(scope="session")
def drill_options(pytestconfig: pytest.Config) -> "labs.Options":
    """Return the lab options of the command line; override it to bring rules of your own."""
    from alertdrill import lab as labs  # noqa: PLC0415

    option = pytestconfig.getoption
    rules = [Path(one).absolute() for one in option("drill_rules")] or pytestconfig.getini("drill_rules")
    components = option("drill_with") or pytestconfig.getini("drill_with")
    return labs.Options(
        name=option("drill_name") or pytestconfig.getini("drill_name"),
        cluster=option("drill_cluster"),
        kubeconfig=option("drill_kubeconfig"),
        context=option("drill_context"),
        namespace=option("drill_namespace"),
        registry=option("drill_registry"),
        speed=option("drill_speed"),
        tofu=option("drill_tofu"),
        components=tuple(sorted(components)),
        rules=tuple(map(str, rules)),
        through_pytest_kind=find_spec("pytest_kind") is not None,
    )


@pytest.fixture(scope="session")
def drill_lab(drill_options: "labs.Options", pytestconfig: pytest.Config) -> Iterator["labs.Lab"]:
    """Yield a lab for the session: the one that is up under that name, or a new one, taken down after.

    Nobody else plays in it meanwhile, so that with pytest-xdist no two processes can have it: use `drill`.
    """
    with _borrowed(drill_options, pytestconfig, keep=pytestconfig.getoption("drill_keep")) as there:
        yield there


@contextmanager
def _borrowed(options: "labs.Options", config: pytest.Config, *, keep: bool) -> Iterator["labs.Lab"]:
    from alertdrill import lab as labs  # noqa: PLC0415
    from alertdrill.machine import process  # noqa: PLC0415
    from alertdrill.progress import Progress  # noqa: PLC0415

    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture
    with process.interruptible():
        with capture.global_and_fixture_disabled():  # progress of minutes must be seen as it happens
            if reporter := config.pluginmanager.getplugin("terminalreporter"):  # xdist's processes have none
                reporter.ensure_newline()
                reporter.flush()
            borrowed = labs.borrowed(options, labs.load_rules(options), Progress(), keep=keep)
            there = borrowed.__enter__()
        try:
            yield there
        finally:
            with capture.global_and_fixture_disabled():
                borrowed.__exit__(None, None, None)


@pytest.fixture(scope="session")
def drill_batch(drill_options: "labs.Options", request: pytest.FixtureRequest) -> "Batch":
    """Return what plays the scenarios of the tests that were chosen, side by side, when the first is asked.

    One process has the lab for the session. With pytest-xdist each takes it in turn and leaves it up; the
    process that the others belong to takes it down if it was not up before.
    """
    from alertdrill import lab as labs  # noqa: PLC0415
    from alertdrill.play.batch import Batch  # noqa: PLC0415
    from alertdrill.progress import Progress  # noqa: PLC0415

    config = request.config
    run = _run(config)
    record = Path(config.getoption("drill_record")).absolute()

    @contextmanager
    def lab() -> Iterator[labs.Lab]:
        with ExitStack() as after:
            if not run:
                yield request.getfixturevalue("drill_lab")
                return
            if not labs.status(drill_options.name).answers:
                record.mkdir(parents=True, exist_ok=True)
                _made(record, run).write_text(drill_options.name)
            yield after.enter_context(_borrowed(drill_options, config, keep=True))

    keep = bool(config.getoption("drill_keep"))
    return Batch(lab, labs.load_rules(drill_options), _wanted(request.session), record, Progress(), run, keep)


@pytest.fixture
def drill(drill_batch: "Batch", request: pytest.FixtureRequest) -> "Callable[[Scenario], Played]":
    """Return what plays a scenario and judges it.

    `assert drill(scenario).passed` is a whole test. An unknown verdict is an error of the test, not a
    failure: nothing was proved wrong.
    """
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture

    def played(scenario: "Scenario") -> "Played":
        with capture.global_and_fixture_disabled():
            found = drill_batch.play(scenario.written_in(request.path))
        request.node.stash.setdefault(PLAYED, []).append(found)
        return found

    return played


def _wanted(session: pytest.Session) -> "list[Scenario]":
    """Return the scenarios that tests of this session will ask for."""
    from alertdrill.scenario import Scenario  # noqa: PLC0415

    found: dict[str, Scenario] = {}
    for item in session.items:
        callspec = getattr(item, "callspec", None)
        if callspec and "drill" in getattr(item, "fixturenames", ()):
            for value in callspec.params.values():
                if isinstance(value, Scenario):
                    found.setdefault(value.name, value.written_in(item.path))
    return list(found.values())


def _run(config: pytest.Config) -> str:
    """Return what the processes of a run know it by, "" where there is but one."""
    return str(getattr(config, "workerinput", {}).get("testrunuid", ""))


def _made(record: Path, run: str) -> Path:
    """Return the file that says which lab a run brought up."""
    return record / f".lab-{run}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in a test's report what was drilled; trouble is a sentence and pytest's error: nothing failed."""
    report = yield
    if call.excinfo and (sentence := _sentence(call.excinfo.value)):
        report.longrepr = sentence
        if call.when == "call":
            report.when = "setup"  # by which pytest tells an error from a failure
    played = item.stash.get(PLAYED, [])
    if call.when != "call" or not played:
        return report
    import msgspec  # noqa: PLC0415

    from alertdrill.report import text  # noqa: PLC0415

    setattr(report, TOLD, [msgspec.to_builtins(one.judgement) for one in played])
    if report.failed:
        again = [f"look at it again: alertdrill judge {one.folder}" for one in played if one.folder]
        said = "\n".join([text.render([one.judgement for one in played]), *again])
        longrepr: Any = report.longrepr
        if hasattr(longrepr, "addsection"):
            longrepr.addsection("fire drill", said)
            if why := _short([one.judgement for one in played]):
                longrepr.reprcrash.message = why  # for pytest's summary
        else:
            report.longrepr = f"{longrepr}\n{said}"
    return report


def _short(judgements: "list[Judgement]") -> str:
    """Return in one line what was not as it must be."""
    wrong = [one for judgement in judgements for one in judgement.findings if one.verdict.value == "fail"]
    return "; ".join(one.sentence for one in wrong)


def _sentence(error: BaseException) -> str:
    """Return what a person is told of an error of ours, "" for any other."""
    from alertdrill.errors import AlertdrillError  # noqa: PLC0415

    return str(error) if isinstance(error, AlertdrillError) else ""


@pytest.hookimpl(trylast=True)  # pytest-xdist ends its processes in this hook, too
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Take down the lab that processes of this run brought up; they are over."""
    manager = getattr(session.config.pluginmanager.getplugin("dsession"), "nodemanager", None)
    made = _made(
        Path(session.config.getoption("drill_record")).absolute(), getattr(manager, "testrunuid", "")
    )
    if manager is None or not made.is_file():
        return
    from alertdrill import lab as labs  # noqa: PLC0415
    from alertdrill.errors import AlertdrillError  # noqa: PLC0415
    from alertdrill.progress import Progress  # noqa: PLC0415

    name = made.read_text()
    made.unlink()
    if not session.config.getoption("drill_keep"):
        try:
            labs.down(name, Progress())
        except (AlertdrillError, OSError) as trouble:  # the tests are over, and their outcomes stand
            Progress().say(f"{trouble}; the lab stays until: alertdrill down --name {name}", style="yellow")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the verdicts of the drill."""
    judgements = config.stash[JUDGEMENTS]
    if judgements:
        from alertdrill.report import text  # noqa: PLC0415

        terminalreporter.section("fire drill")
        terminalreporter.write_line(text.render(judgements))
