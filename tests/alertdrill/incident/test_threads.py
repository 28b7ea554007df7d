"""Recordings are read side by side, by threads that are the first to do so."""

import subprocess
import sys

from alertdrill import data

FOLDER = data.path("fixtures", "incidents", "pods-one-restart")
# A type that two threads are the first to decode ends the process.
PROGRAM = """
import sys, threading
from pathlib import Path
sys.setswitchinterval(1e-6)
from alertdrill import incident
threads = [threading.Thread(target=incident.read, args=(Path(sys.argv[1]),)) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
"""


def test_recordings_can_be_read_side_by_side() -> None:
    """A process whose threads all begin by reading a recording ends as it should."""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(FOLDER)], capture_output=True, text=True, check=False
        )
        assert (0, "") == (done.returncode, done.stderr)
