"""The server with the history, asked so that it comes to no harm.

Few requests at a time. One that is told to come later (429, 503) does, and all others wait as long. What is
too much for the server is told as TooMuchError: whoever asked asks for less. Nothing is asked more than a few
times, and no answer may be larger than what was allowed for all of them.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from alertdrill.backtest import slow, trouble
from alertdrill.backtest.access import Access, shown
from alertdrill.clock import Clock
from alertdrill.errors import LabError, TransientError

T = TypeVar("T")

CONNECT_SECONDS_MAX = 10.0
SILENCE_SECONDS_MAX = 60.0  # between two pieces of an answer
ANSWER_SECONDS_MAX = 180.0  # of an answer that is no history, and of a piece of one that is
TRIES_MAX = 6
FIRST_TRIES_MAX = 3  # of a server that has never answered: most often its address is wrong
WAIT_SECONDS_MAX = 300.0  # however long a server wants us to wait
PIECE_BYTES = 256 * 1024
REFUSAL_BYTES_MAX = 4096  # of an answer that is none; what follows is not read
ANSWER_BYTES_MAX = 64 * 1024 * 1024  # of an answer that is no history
LIMIT = re.compile(
    r"limit|too (?:many|large|long|big)|not enough|exceed|more than|max[-_ ]|timed? ?out", re.IGNORECASE
)
LIMITS = frozenset({400, 413, 422, 500, 503, 504})
NO_TENANT = "no org id"  # so Mimir, Cortex and Loki say it
WHO_ASKS = "see --token-file, --user, --cert and --tenant"
NO_SUCH_NAME = ": the name of its host is not known; is it spelt right?"
# How a server is reached that never was.
NOBODY = (
    "nobody listens there: start it, or forward a port to it; a server in a cluster is reached by"
    " --prometheus kube://NAMESPACE/service/NAME:PORT with --kubeconfig and --context"
)
HUNG_UP = "is it up behind what listens there, and does that want https://?"
WHOSE_PORT = "does the target listen at this port, and does it run?"
LATER = frozenset({429, 500, 502, 503, 504})


class TooMuchError(LabError):
    """The server will not, or can't, give so much at once."""


class BusyError(TransientError):
    """The server wants to be asked later: after so many seconds, where it says."""

    def __init__(self, message: str, seconds: float | None) -> None:
        super().__init__(message)
        self.seconds = seconds


class NoWayError(TransientError):
    """No connection came about, or one that ended without an answer; `way` says what may help."""

    def __init__(self, message: str, way: str = "") -> None:
        super().__init__(message)
        self.way = way


class NotServedError(LabError):
    """The server does not have what was asked for at all."""


class Server:
    """One server; may be shared between threads. `tell` hears of every wait."""

    def __init__(
        self,
        access: Access,
        url: Callable[[], str],
        clock: Clock,
        *,
        bytes_max: int,
        tell: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self.access = access
        self._url = url
        self._clock = clock
        self._tell = tell
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._threads = threading.local()
        self._not_before = 0.0
        self._has_answered = False
        self.bytes = 0
        self.requests = 0

    def json(self, what: str, path: str, params: dict[str, str] | None = None) -> Any:
        """Return the `data` of an answer of the API; `what` is a sentence's object."""
        body = self.body(what, path, params)
        try:
            found = msgspec.json.decode(body)
            return found["data"]
        except (msgspec.DecodeError, RecursionError, KeyError, TypeError) as error:
            # Masked first: a secret that is cut is not known any more.
            head = self.access.masked(body[:REFUSAL_BYTES_MAX].decode(errors="replace"))[:80]
            raise LabError(
                f"{what}: the answer is not one of Prometheus' API (it begins with {head!r}); does the"
                " address lead to the server itself, and not to a page before it?"
            ) from error

    def body(self, what: str, path: str, params: dict[str, str] | None = None) -> bytes:
        """Return the body of an answer of the API."""

        def take(reply: requests.Response) -> bytes:
            return b"".join(self._pieces(what, reply, ANSWER_BYTES_MAX, each=False))

        return self.ask(what, "POST" if params else "GET", path, take, data=params)

    def ask(
        self, what: str, method: str, path: str, take: Callable[[requests.Response], T], **request: Any
    ) -> T:
        """Return what `take` makes of the answer; what passes is asked for again, a few times."""
        for number in range(1, TRIES_MAX + 1):
            self._wait()
            try:
                with self._asked(what, method, path, **request) as reply:
                    return take(reply)
            except LabError as error:
                # Who takes an answer may tell its words, among which is what the server was told.
                error.args = (self.access.hidden(str(error)),)
                if not isinstance(error, TransientError):
                    raise
                if isinstance(error, NoWayError) and number >= FIRST_TRIES_MAX and not self._has_answered:
                    way = WHOSE_PORT if self.access.kubeconfig else error.way
                    raise LabError("; ".join(one for one in (str(error), way) if one)) from error
                if number == TRIES_MAX:
                    raise LabError(f"{error}; asked {TRIES_MAX} times") from error
                wanted = error.seconds if isinstance(error, BusyError) else None
                self._come_later(2.0 ** (number - 1) if wanted is None else wanted, str(error))
        raise AssertionError("the last try returns or raises")

    def pieces(self, what: str, reply: requests.Response) -> Iterator[bytes]:
        """Yield the pieces of an answer that is history, as far as all of it may be."""
        return self._pieces(what, reply, self._bytes_max, each=True)

    def _pieces(self, what: str, reply: requests.Response, most: int, *, each: bool) -> Iterator[bytes]:
        size = 0
        try:
            for piece in slow.pieces(reply, PIECE_BYTES, ANSWER_SECONDS_MAX, each=each):
                size += len(piece)
                with self._lock:
                    self.bytes += len(piece)
                    over = self.bytes > self._bytes_max or size > most
                if over:
                    raise LabError(
                        f"{what}: more than {self._bytes_max // 2**20} MiB came; ask for fewer days or"
                        " rules, or allow more by --mebibytes-max"
                    )
                yield piece
        except slow.LateError as error:
            if each:
                little = f"less than {PIECE_BYTES // 1024} KiB"
                raise TooMuchError(f"{what}: {little} came in {ANSWER_SECONDS_MAX:g} s") from error
            drips = f"its answer drips, and had not come to its end after {ANSWER_SECONDS_MAX:g} s"
            raise LabError(f"{what}: {drips}") from error
        except requests.Timeout as error:
            raise TooMuchError(f"{what}: nothing came for {SILENCE_SECONDS_MAX:g} s") from error
        except requests.exceptions.ContentDecodingError as error:
            raise TransientError(f"{what}: the answer can't be unpacked") from error
        except requests.RequestException as error:
            if "timed out" in str(error):  # so it is told where the answer had begun
                raise TooMuchError(f"{what}: nothing more came for {SILENCE_SECONDS_MAX:g} s") from error
            raise TransientError(f"{what}: the answer broke off half-way") from error

    @contextmanager
    def _asked(self, what: str, method: str, path: str, **request: Any) -> Iterator[requests.Response]:
        session = getattr(self._threads, "session", None) or self.access.session()
        self._threads.session = session
        with self._lock:
            self.requests += 1
        try:
            reply = session.request(
                method,
                f"{self._url()}/api/v1/{path}",
                timeout=(CONNECT_SECONDS_MAX, SILENCE_SECONDS_MAX),
                verify=self.access.ca or True,
                allow_redirects=False,
                stream=True,
                **request,
            )
        except requests.exceptions.SSLError as error:
            raise LabError(f"{what}: {trouble.tls(error, self.access)}") from error
        except requests.ReadTimeout as error:
            raise TooMuchError(f"{what}: no answer in {SILENCE_SECONDS_MAX:g} s") from error
        except requests.ConnectionError as error:
            if other := trouble.no_http(error):
                raise LabError(f"{what}: {other}") from error
            there = shown(self.access.url)
            if trouble.hung_up(error):
                raise NoWayError(f"{what}: {there} takes the connection and says nothing", HUNG_UP) from error
            if "Failed to resolve" in str(error):
                raise NoWayError(f"{what}: no connection to {there}{NO_SUCH_NAME}") from error
            raise NoWayError(f"{what}: no connection to {there}", NOBODY) from error
        except (requests.RequestException, OSError, ValueError) as error:
            raise LabError(f"{what}: {self.access.masked(str(error))}") from error
        self._has_answered = True
        with reply:
            self._refuse(what, reply)
            yield reply

    def _refuse(self, what: str, reply: requests.Response) -> None:
        """Raise what an answer that is none means."""
        status = reply.status_code
        if status == HTTPStatus.OK:
            return
        whole, end = _beginning(reply)
        said = f"{self.access.masked(whole)}{end}".strip()
        answered = f"{what}: it answered {status}: {said}"
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            who = "name whose history it is by --tenant" if NO_TENANT in said.lower() else WHO_ASKS
            raise LabError(f"{answered}; {who}")
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED} or (
            status == HTTPStatus.BAD_REQUEST and "unsupported path" in said
        ):
            raise NotServedError(answered)
        if reply.is_redirect:
            there = self.access.masked(_address(reply.headers["Location"]))
            raise LabError(f"{what}: it leads on to {there}; name the address itself")
        later = reply.headers.get("Retry-After", "")
        too_much = status == HTTPStatus.GATEWAY_TIMEOUT or (status in LIMITS and LIMIT.search(whole))
        if too_much and not later:
            raise TooMuchError(answered)
        if status in LATER:
            raise BusyError(answered, self._seconds(later))
        raise LabError(answered)

    def _seconds(self, text: str) -> float | None:
        """Return what a server means by Retry-After: seconds, or a date."""
        if re.fullmatch(r"\s*[0-9]+\s*", text):  # str.isdigit takes ² for one
            return min(float(text), WAIT_SECONDS_MAX)
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return min(max((date - now).total_seconds(), 0.0), WAIT_SECONDS_MAX)

    def _come_later(self, seconds: float, why: str) -> None:
        """Have all requests wait, this one among them."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock.now() + seconds)
        self._tell(f"waiting {seconds:g} s: {why}")

    def _wait(self) -> None:
        with self._lock:
            seconds = self._not_before - self._clock.now()
        if seconds > 0:
            self._clock.sleep(seconds)


def _beginning(reply: requests.Response) -> tuple[str, str]:
    """Return how an answer begins that is none, and what there is to say of its end.

    Its status says what it means, also where its text is broken.
    """
    found, end = b"", ""
    try:
        for byte in slow.pieces(
            reply, 1, ANSWER_SECONDS_MAX, each=False
        ):  # a larger piece would be lost where it breaks off
            found += byte
            if len(found) >= REFUSAL_BYTES_MAX:
                break
    except requests.exceptions.ContentDecodingError:
        end = " (the rest can't be unpacked)"
    except (requests.RequestException, OSError, ValueError):
        end = " (the rest did not come)"
    return found.decode(errors="replace"), end


def _address(location: str) -> str:
    """Return of an address what a redirect is told by: who may enter there, and with what, is not said."""
    try:
        parts = urlsplit(location)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return "what is no address"
    host = f"[{host}]" if ":" in host else host
    return shown(f"{parts.scheme}://{host}{port}{parts.path}" if host else parts.path)
