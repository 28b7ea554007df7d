"""One engine for all tests of this folder that only add to it."""

from collections.abc import Iterator

import pytest

from alertdrill import engine
from alertdrill.engine import Engine


@pytest.fixture(scope="package")
def shared() -> Iterator[Engine]:
    """Start an engine; each test writes metrics of names of its own."""
    with engine.started() as one:
        yield one
