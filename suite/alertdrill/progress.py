"""Progress of long work: phases with their times, drawn on a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

PATIENCE_SECONDS = 5.0


class Progress:
    """Prints each phase as it starts and ends, and keeps the seconds each took in `times`.

    `times` is {phase: seconds}, in the order the phases ended. Phases may run side by side in threads.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.times: dict[str, float] = {}
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def say(self, sentence: str, *, style: str = "") -> None:
        """Print one line with the time since the start; the sentence is taken as it is, markup and all."""
        line = Text.assemble((f"{time.monotonic() - self._started:6.1f}s ", "dim"), (sentence, style))
        with self._lock:
            self.console.print(line)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a block and print its start, its end, or that it broke."""
        begun = time.monotonic()
        self.say(f"{name} …")
        try:
            yield
        except BaseException:
            self.say(f"{name} broke after {time.monotonic() - begun:.1f} s", style="red")
            raise
        with self._lock:
            self.times[name] = round(time.monotonic() - begun, 3)
        self.say(f"{name} done in {self.times[name]:.1f} s", style="green")

    @contextmanager
    def patience(self, what: str, *, every: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Say again and again what a block is about, as long as it is not done; nothing of a short one."""
        done = threading.Event()

        def remind() -> None:
            while not done.wait(every):
                self.say(f"{what} …")

        reminding = threading.Thread(target=remind, daemon=True)
        reminding.start()
        try:
            yield
        finally:
            done.set()
            reminding.join()
