"""The way to the API server, which all readers of an exporter share."""

import threading
import time

LOOK_SECONDS = 0.5


class Way:
    """Knows how often a reader that had lost the server found it again: then nobody else need wait longer."""

    def __init__(self) -> None:
        self._found = 0

    def found(self) -> None:
        """Note that one is through who was not."""
        self._found += 1

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait so long, or until another is through, or there is nothing more to wait for."""
        known, end = self._found, time.monotonic() + seconds
        while self._found == known and (left := end - time.monotonic()) > 0:
            if stop.wait(min(left, LOOK_SECONDS)):
                return
