"""A port of this machine that leads to a pod or service of the cluster, for as long as it is wanted."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

from alertdrill.errors import LabError, TransientError
from alertdrill.machine import process

FORWARDING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+)")
FORWARD_SECONDS_MAX = 20.0


class Forward:
    """A port-forward that is started anew when it ended or stopped carrying; may be shared between threads.

    It ends with this process, however this process ends: `setpriv` has the kernel see to that, by the
    thread that started it, which is why one thread starts them all.
    """

    def __init__(self, command: list[str], target: str) -> None:
        setpriv = shutil.which("setpriv")
        self._command = [setpriv, "--pdeathsig=KILL", *command] if setpriv else command
        self._starter = ThreadPoolExecutor(max_workers=1)
        self._target = target
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._url = ""

    def __enter__(self) -> Self:
        """Return it; the first `url` starts it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.close()

    def url(self) -> str:
        """Return http://127.0.0.1:N, where the target answers now; TransientError if it can't be reached."""
        with self._lock:
            if self._running is None or self._running.poll() is not None:
                self._stop()
                self._running = self._starter.submit(self._start).result()
                try:
                    self._url = f"http://127.0.0.1:{_forwarded_port(self._running, self._target)}"
                except LabError:
                    self._stop()
                    raise
            return self._url

    def mistrust(self, url: str) -> None:
        """Have the next `url` start it anew: from this one came no reply. One that is newer is left alone."""
        with self._lock:
            if url == self._url:
                self._stop()

    def close(self) -> None:
        """Stop forwarding."""
        with self._lock:
            self._stop()
        self._starter.shutdown()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def _stop(self) -> None:
        if self._running is not None:
            process.kill_group(self._running)
            assert self._running.stdout
            self._running.stdout.close()
            self._running = None


def _forwarded_port(running: subprocess.Popen[bytes], target: str) -> int:
    """Read the port kubectl chose, then keep its pipe drained so that it never blocks on it."""
    assert running.stdout
    said = b""
    with _ended_after(FORWARD_SECONDS_MAX, running):
        for line in running.stdout:
            said += line
            if found := FORWARDING.search(line):
                threading.Thread(target=_drain, args=(running,), daemon=True).start()
                return int(found[1])
    raise TransientError(f"forwarding a port to {target}: {process.last_words(said)}")


@contextmanager
def _ended_after(seconds: float, running: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a program that is still at what follows when its time is over, so that reading from it ends too."""
    timer = threading.Timer(seconds, process.kill_group, (running,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _drain(running: subprocess.Popen[bytes]) -> None:
    assert running.stdout
    try:
        while running.stdout.read(4096):
            pass
    except ValueError:  # closed under us: the forward has ended
        return
