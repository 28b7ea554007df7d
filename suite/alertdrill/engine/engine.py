"""A Prometheus of our own for as long as it is asked: on loopback, with its own folder, ended with us."""

import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import filelock
import requests
import tenacity

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.engine import remote_write
from alertdrill.errors import LabError
from alertdrill.incident import Series
from alertdrill.machine import tools
from alertdrill.machine.process import kill_group
from alertdrill.prometheus import Prometheus

READY_SECONDS_MAX = 30.0
REPLY_SECONDS_MAX = 60.0
LOOKBACK_SECONDS = 300.0  # Prometheus' own default
# Seldom a query meets a chunk just while Prometheus moves it from memory to its file; a moment later it is
# there.
MAPPING = "cannot populate chunk"
TRIES_MAX = 5
POINTS_MAX = 11_000  # of one series in one answer; Prometheus refuses more
SAID_MAX = 300  # characters of a refusal that are told
LISTENING = re.compile(r"Listening on.*address=(\S+)")
# Samples come in any order and of any age: nothing is too old, and nothing is ever forgotten. What is older
# than the newest of all by half a block is out of order, and slower to read: so a block may be a century.
CONFIG = "rule_files: [rules.yaml]\nstorage: {tsdb: {out_of_order_time_window: 100y}}\n"
RUNNING: set[subprocess.Popen[bytes]] = set()  # of this process
# Where an engine's data is, held by a lock for as long as its process lives, and for how long one is new.
PREFIX, LOCK, NEW_SECONDS = "alertdrill-engine-", "held", 60.0
OVER = threading.Event()  # set once there are to be no more
FLAGS = (
    "--web.enable-lifecycle",
    "--web.listen-address=127.0.0.1:0",
    "--web.enable-remote-write-receiver",
    "--storage.tsdb.retention.time=100y",
    "--storage.tsdb.min-block-duration=100y",
    "--storage.tsdb.max-block-duration=100y",
    "--no-storage.tsdb.allow-overlapping-compaction",  # it lives too short for that to pay
)


class Engine:
    """A running engine; not shared between threads."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self.url = url
        self.folder = folder
        self.prometheus = Prometheus(url)
        self._session = requests.Session()

    @property
    def version(self) -> str:
        """Return the version of the Prometheus it is."""
        return self.prometheus.version()

    def write(self, series: Iterable[Series]) -> None:
        """Add samples; what Prometheus does not take whole is a LabError."""
        for body in remote_write.requests(series):
            try:
                reply = self._session.post(
                    f"{self.url}/api/v1/write", body, headers=remote_write.HEADERS, timeout=REPLY_SECONDS_MAX
                )
            except requests.RequestException as error:
                raise _lost("writing samples into the engine", error) from error
            if not reply.ok:
                raise LabError(
                    f"writing samples into the engine: it answered {reply.status_code}:"
                    f" {reply.text[:SAID_MAX]}"
                )

    def ask(
        self, promql: str, *, start: float, end: float, step: float, lookback: float = LOOKBACK_SECONDS
    ) -> list[Series]:
        """Return what an expression was at every step from `start` to `end` (seconds since the epoch).

        A series has a sample for each step at which it was there. `lookback` is how old a sample may be that
        still counts.
        """
        steps = round((end - start) / step)
        if steps < POINTS_MAX:
            return self._part(promql, start, end, step, lookback)
        found: dict[tuple[tuple[str, str], ...], tuple[list[int], list[float | Literal["stale"]]]] = {}
        for first in range(0, steps + 1, POINTS_MAX):
            last = min(first + POINTS_MAX - 1, steps)
            for one in self._part(promql, start + first * step, start + last * step, step, lookback):
                times, values = found.setdefault(tuple(sorted(one.labels.items())), ([], []))
                times += one.timestamps
                values += one.values
        return [
            Series(labels=dict(key), timestamps=tuple(times), values=tuple(values))
            for key, (times, values) in found.items()
        ]

    def run_rules(self, rules: str) -> None:
        """Evaluate the rules of a rule file's text from now on, in place of those before; "" ends them.

        They see the samples of this machine's present.
        """
        assert self.folder is not None, "it was started here"
        place = self.folder / "rules.yaml"
        if rules:
            place.write_text(rules)
        else:
            place.unlink(missing_ok=True)
        try:
            reply = self._session.post(f"{self.url}/-/reload", timeout=REPLY_SECONDS_MAX)
        except requests.RequestException as error:
            raise _lost("giving rules to the engine", error) from error
        if not reply.ok:
            raise LabError(f"giving rules to the engine: {reply.text.strip()[:SAID_MAX]}")

    @tenacity.retry(
        retry=tenacity.retry_if_exception_message(match=f".*{MAPPING}"),
        stop=tenacity.stop_after_attempt(TRIES_MAX),
        wait=tenacity.wait_fixed(0.1),
        reraise=True,
    )
    def _part(self, promql: str, start: float, end: float, step: float, lookback: float) -> list[Series]:
        return self.prometheus.query_range(promql, start=start, end=end, step=step, lookback=lookback)


def _lost(doing: str, error: requests.RequestException) -> LabError:
    gone = isinstance(error, requests.ConnectionError) and not isinstance(error, requests.Timeout)
    return LabError(f"{doing}: {'it has ended, or was killed' if gone else error}")


@contextmanager
def started(fill: Callable[[Path], None] | None = None) -> Iterator[Engine]:
    """Yield an engine that holds nothing yet; it is gone with its data when the caller is done with it.

    `fill` is given the folder of its data before it starts, to put blocks there.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    held = filelock.FileLock(folder / LOCK)
    try:
        held.acquire()
        if fill is not None:
            fill(folder / "data")
        process = _start(folder)
        try:
            url = wait_for(
                "the engine, a Prometheus of our own, to be ready",
                lambda: _address(process, folder),
                deadline=READY_SECONDS_MAX,
                clock=WallClock(),
                every=0.02,
            )
            yield Engine(url, folder)
        finally:
            kill_group(process, grace=0)  # what it holds is thrown away, so it need not put it in order
            RUNNING.discard(process)
    finally:
        held.release()
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove what engines left whose process was killed: nobody holds it any more.

    One that has just been made may not be held yet.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, filelock.Timeout):
            if time.time() - folder.stat().st_mtime > NEW_SECONDS:
                with filelock.FileLock(folder / LOCK).acquire(blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)


def end_all() -> None:
    """End all engines of this process, and have none start: for an interruption.

    Whoever waits for an answer in a thread gets a LabError; else the interruption would wait for the answer.
    """
    OVER.set()
    for process in list(RUNNING):
        kill_group(process, grace=0)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    (folder / "prometheus.yml").write_text(CONFIG)
    program = tools.prometheus()
    paths = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
    setpriv = shutil.which("setpriv")
    # However this process ends, the engine ends with it: the kernel sees to that.
    watched = [setpriv, "--pdeathsig=KILL"] if setpriv else []
    try:
        with (folder / "log").open("wb") as sink:
            process = subprocess.Popen(
                [*watched, str(program), *paths, *FLAGS],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                process_group=0,
            )
    except OSError as error:
        raise LabError(f"starting the engine: can't run {program}: {error.strerror}") from error
    RUNNING.add(process)
    if OVER.is_set():
        kill_group(process, grace=0)
        raise LabError("starting the engine: the command was interrupted")
    return process


def _address(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Return the engine's URL as soon as it is ready."""
    ended = process.poll()  # first, so that the log has its last words
    log = (folder / "log").read_text(errors="replace")
    last = log.strip().rpartition("\n")[2][-SAID_MAX:]
    if ended is not None:
        raise LabError(f"starting the engine: it ended with {ended}: {last}")
    listening = LISTENING.search(log)
    if not listening or not Prometheus(f"http://{listening[1]}").ready():
        raise NotYet(last)
    return f"http://{listening[1]}"
