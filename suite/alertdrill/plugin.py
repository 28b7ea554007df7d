"""The pytest plugin: options that say which lab, and verdicts in the summary.

A light module, so that having alertdrill installed costs a test run nothing: it imports the harness only
when a test asks for a lab.
"""

from collections.abc import Generator, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from alertdrill import lab as labs
    from alertdrill.model import Judgement

JUDGEMENTS: "pytest.StashKey[list[Judgement]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each is the command line's, with `--drill-` before it."""
    group = parser.getgroup("alertdrill", "fire drills for Prometheus alerts")
    group.addoption("--drill-name", default="e2e", help="the lab's name (default: e2e)")
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
        "--drill-speed", type=float, default=20.0, help="times faster than real life (default: 20)"
    )
    group.addoption("--drill-record", default="reports/incidents", help="where recordings go")
    group.addoption("--drill-tofu", action="store_true", help="also what needs terradiff's image")
    group.addoption("--drill-keep", action="store_true", help="leave the lab and its namespaces standing")


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the verdicts of this run."""
    config.stash[JUDGEMENTS] = []


@pytest.fixture(scope="session")
def drill_options(pytestconfig: pytest.Config) -> "labs.Options":
    """Return the lab options of the command line; override it to bring rules of your own."""
    from alertdrill import lab as labs  # noqa: PLC0415  # see the module docstring

    return labs.Options(
        name=pytestconfig.getoption("drill_name"),
        cluster=pytestconfig.getoption("drill_cluster"),
        kubeconfig=pytestconfig.getoption("drill_kubeconfig"),
        context=pytestconfig.getoption("drill_context"),
        namespace=pytestconfig.getoption("drill_namespace"),
        registry=pytestconfig.getoption("drill_registry"),
        speed=pytestconfig.getoption("drill_speed"),
        tofu=pytestconfig.getoption("drill_tofu"),
        through_pytest_kind=find_spec("pytest_kind") is not None,
    )


@pytest.fixture(scope="session")
def drill_lab(drill_options: "labs.Options", pytestconfig: pytest.Config) -> Iterator["labs.Lab"]:
    """Yield a lab for the session: the one that is up under that name, or a new one, taken down after."""
    from alertdrill import lab as labs  # noqa: PLC0415
    from alertdrill.machine import process  # noqa: PLC0415
    from alertdrill.progress import Progress  # noqa: PLC0415

    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture
    with process.interruptible():
        with capture.global_and_fixture_disabled():  # progress of minutes must be seen as it happens
            borrowed = labs.borrowed(
                drill_options,
                labs.load_rules(drill_options),
                Progress(),
                keep=pytestconfig.getoption("drill_keep"),
            )
            there = borrowed.__enter__()
        try:
            yield there
        finally:
            with capture.global_and_fixture_disabled():
                borrowed.__exit__(None, None, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report lab trouble inside a test as pytest's error: no verdict was reached, so nothing failed."""
    del item
    report = yield
    if call.when == "call" and call.excinfo and call.excinfo.errisinstance(_lab_errors()):
        report.when = "setup"  # by which pytest tells an error from a failure
    return report


def _lab_errors() -> tuple[type[BaseException], ...]:
    from alertdrill.errors import LabError  # noqa: PLC0415

    return (LabError,)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the verdicts of the drill."""
    judgements = config.stash[JUDGEMENTS]
    if judgements:
        from alertdrill.report import text  # noqa: PLC0415

        terminalreporter.section("fire drill")
        terminalreporter.write_line(text.render(judgements))
