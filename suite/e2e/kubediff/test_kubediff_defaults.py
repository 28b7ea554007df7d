"""The table of defaults that is shipped is that of the version which is tested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alertdrill.machine import process
from e2e.exporter.apiserver import ApiServer
from e2e.kubediff.learn import FILE, learn


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    """Return an API server with nothing in it."""
    with process.interruptible():
        server = ApiServer(tmp_path)
        try:
            server.start()
            yield server
        finally:
            server.kill()


def test_the_table_is_current(api: ApiServer) -> None:
    """What a real API server fills in is what is shipped, to the byte; `nox -s defaults` writes it anew."""
    assert FILE.read_text() == learn(api).decode()
