"""What all tests share."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A machine that is busy with other things is no reason to fail.
settings.register_profile("any machine", deadline=None)
# `--hypothesis-profile=nightly` looks closer.
settings.register_profile(
    "nightly", max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("proof", parent=settings.get_profile("nightly"), max_examples=5_000)
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes golden files anew."""
    parser.addoption("--update-goldens", action="store_true", help="write golden files anew, then compare")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a test's program does to the logging of this process: tests run in any order."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def update_goldens(pytestconfig: pytest.Config) -> Callable[[Path, str], None]:
    """Return a function that writes a golden file when that was asked for; the test then compares as ever."""

    def write(file: Path, text: str) -> None:
        if pytestconfig.getoption("update_goldens"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.rstrip("\n") + "\n")

    return write
