"""An end for what takes too long as a whole: a peer that drips bytes never lets a single read time out."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

LOOK_SECONDS = 0.5


class Deadline:
    """When something whole must have come; `close` is called, once, when it has not."""

    __slots__ = ("_close", "_due", "_seconds", "passed")

    def __init__(self, close: Callable[[], None], seconds: float) -> None:
        self._close = close
        self._seconds = seconds
        self.passed = False
        self.heard()

    def heard(self, seconds: float | None = None) -> None:
        """Count from now on again; to another number of seconds, if one is given."""
        self._seconds = self._seconds if seconds is None else seconds
        self._due = time.monotonic() + self._seconds

    @property
    def error(self) -> TimeoutError:
        """What there is to say once it has passed."""
        return TimeoutError(f"not whole after {self._seconds:g} s")

    def pause(self) -> None:
        """Don't count: nobody is waiting."""
        self._due = float("inf")

    def look(self) -> None:
        """Close what is late."""
        if not self.passed and time.monotonic() > self._due:
            self.passed = True
            with contextlib.suppress(Exception):  # it may be closed already; the others are looked at, too
                self._close()


class Watchdog:
    """Looks at all deadlines now and then, in a thread that is there while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deadlines: set[Deadline] = set()
        self._running = False

    @contextlib.contextmanager
    def deadline(self, close: Callable[[], None], seconds: float) -> Iterator[Deadline]:
        """Let what is inside last `seconds` at most since `heard()`; then `close()`, and a TimeoutError."""
        deadline = Deadline(close, seconds)
        with self._lock:
            self._deadlines.add(deadline)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="watchdog", daemon=True).start()
        try:
            yield deadline
        except Exception as error:
            if deadline.passed:
                raise deadline.error from error
            raise
        else:
            if deadline.passed:
                raise deadline.error
        finally:
            with self._lock:
                self._deadlines.discard(deadline)

    def _run(self) -> None:
        idle = threading.Event()
        while True:
            idle.wait(LOOK_SECONDS)
            with self._lock:
                looked_at = list(self._deadlines)
                if not looked_at:
                    self._running = False
                    return
            for deadline in looked_at:
                deadline.look()


WATCHDOG = Watchdog()
