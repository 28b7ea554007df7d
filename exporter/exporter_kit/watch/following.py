"""One watch, followed to its end; whoever follows says what a line is to them.

Everything here raises an ApiError when the stream is over for a reason; returning means that the server ended
it in the ordinary way and it may be resumed.
"""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from exporter_kit.api.client import ApiClient, Stream
from exporter_kit.api.errors import (
    ApiError,
    Gone,
    Invalid,
    Silent,
    Throttled,
    Unreachable,
    for_status,
    wait_seconds,
)

Aside = TypeVar("Aside")
# The server ends a watch after a time drawn from this range, so that watches don't all end together.
WATCH_SECONDS = (300, 600)
# A stream that was followed for less counts as one that never worked, or we would hammer the server.
GOOD_SECONDS = 1.0
# Initial events come without a pause, and a stream that follows a silent one must say something soon: two
# such silences and the one before make less than the 3 minutes after which what is served is called old.
PROBATION_SECONDS = 25.0
# Changes come in bursts. The first of one is applied at once, the others so much later: to be woken for each
# costs more than to apply it. No API server minds: it holds a second's worth for a slow reader.
GATHER_SECONDS = 0.02


class Following(ABC, Generic[Aside]):
    """Where one watch got to. `Aside` is what initial events are collected in until they are all there."""

    def __init__(
        self, client: ApiClient, path: str, *, silence: float, over: Callable[[], bool] = lambda: False
    ) -> None:
        self._client = client
        self._over = over
        self._silence = silence
        self.path = path
        self.version: str | None = None
        self.live_since: float | None = None
        self.stream: Stream | None = None
        self._was_silent = False  # the last stream ended for it

    @abstractmethod
    def selection(self) -> dict[str, str]:
        """Return the query parameters that choose objects."""

    @abstractmethod
    def take(self, line: bytes, aside: Aside | None) -> Aside | None:
        """Apply one event; return what is aside, None once all initial events are in place."""

    @abstractmethod
    def contacted(self) -> None:
        """Take note that the server is heard."""

    def watch(self) -> None:
        """Follow what happens from where we are."""
        assert self.version is not None
        self.follow({"resourceVersion": self.version}, None)

    def close(self) -> None:
        """End the stream from another thread."""
        stream = self.stream
        if stream:
            stream.close()

    def follow(self, query: Mapping[str, str], aside: Aside | None) -> None:
        """Read a stream to its end; `aside` collects the initial events until they are all there."""
        seconds = random.uniform(*WATCH_SECONDS)  # noqa: S311  # spreading load, not secrets
        common = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(int(seconds))}
        query = {**self.selection(), **common, **query}
        began = time.monotonic()
        self.stream = self._client.stream(self.path, query, silence=self._silence)
        try:
            if self._over():  # somebody wanted us to stop while the stream was being opened
                return
            heard = self._read(self.stream, aside)
        except Exception as error:
            if self._over():
                return  # it was closed while it was being read, and may have ended in any way
            if isinstance(error, Silent):
                self._note_silence()
            raise
        finally:
            self.close()
            self.stream = None
        if not self._over() and not heard and time.monotonic() - began < GOOD_SECONDS:
            # A proxy may do so for ever: each time it would look like a watch that ended in the ordinary way.
            raise Unreachable(f"watching {self.path}: the server ended the watch at once")

    def _read(self, stream: Stream, aside: Aside | None) -> bool:
        """Apply the lines of a stream; return whether there were any."""
        heard, silence = False, stream.silence
        if aside is None:
            self.heard()
            stream.gather = GATHER_SECONDS
        if aside is not None or self._was_silent:
            stream.silence = min(silence, PROBATION_SECONDS)
        for line in stream:
            heard, self._was_silent = True, False
            aside = self.take(line, aside)
            if aside is None:
                stream.silence, stream.gather = silence, GATHER_SECONDS
        if aside is not None and not self._over():
            raise Invalid("the stream ended before all initial events were there")
        return heard

    def _note_silence(self) -> None:
        """Resume once; a stream that opens and says nothing again proves nothing, only a list would."""
        if self._was_silent:
            self.version = None
        self._was_silent = True

    def lived(self) -> float:
        """Return for how many seconds the last stream was followed, once; 0 if it never was."""
        since, self.live_since = self.live_since, None
        return time.monotonic() - since if since is not None else 0.0

    def heard(self) -> None:
        """Count as followed from now on."""
        self.live_since = time.monotonic()
        self.contacted()


def error_of(code: int | None, message: str | None, details: Mapping[str, object] | None) -> ApiError:
    """Turn an ERROR event into what the same status would be outside a stream."""
    wait = (details or {}).get("retryAfterSeconds")
    error = for_status(code or 500, f"the watch said: {message}", None)
    if isinstance(error, Throttled) or (wait and not isinstance(error, Gone)):
        return Throttled(str(error), wait_seconds(wait))
    return error


def older(version: str, than: str | None) -> bool:
    """Whether a version is certainly older: both are integers (so since 1.35) and it is the smaller one."""
    return than is not None and version.isdecimal() and than.isdecimal() and int(version) < int(than)
