"""Servers of other makes for as long as they are asked: on loopback, and gone in the end."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from alertdrill.clock import WallClock, wait_for
from alertdrill.machine.process import kill_group


@contextmanager
def running(words: Sequence[str | Path], folder: Path, *, ready: str, seconds_max: float) -> Iterator[None]:
    """Run a program in a folder, where its log goes, while the address `ready` answers that all is well."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder, process_group=0)
    try:
        wait_for(
            f"{Path(words[0]).name} to be ready",
            lambda: _is_ready(ready),
            deadline=seconds_max,
            clock=WallClock(),
            every=0.05,
        )
        yield
    finally:
        kill_group(process, grace=0)


def free_address() -> str:
    """Return an address on loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return f"127.0.0.1:{one.getsockname()[1]}"


def _is_ready(url: str) -> bool:
    """Say whether a server answers at an address that all is well."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
