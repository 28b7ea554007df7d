"""A client for the API server: get bytes, or stream lines; every wait has an end, every error a class."""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
import urllib3
import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.url import parse_url

from exporter_kit.api.access import Access, Identity
from exporter_kit.api.errors import ApiError, CredentialsError, Silent, Unauthorized, Unreachable, for_status
from exporter_kit.api.place import Place
from exporter_kit.api.watchdog import WATCHDOG

JSON = "application/json"
CHUNK = 1 << 16
# A whole answer may take so many times as long as the wait for its next byte.
WHOLE = 4
REFUSAL_SECONDS = 30.0
# A read that took longer had nothing to read at first.
WAITED_SECONDS = 0.001
# A peer that vanished without a word is noticed by the kernel too, not only by the read timeout.
KEEPALIVE: list[tuple[int, int, int]] = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000),
]


class Status(msgspec.Struct):
    """The API server's own words about a refusal."""

    message: str | None = None
    reason: str | None = None
    code: int | None = None


class Stream:
    """An open watch: lines as they come; `close` from any thread ends it."""

    def __init__(self, response: urllib3.BaseHTTPResponse, silence: float) -> None:
        self._response = response
        self.silence = silence  # seconds; may be changed while lines are read
        self.gather = 0.0  # so may this: how long to wait for what follows a line that had to be waited for

    def __iter__(self) -> Iterator[bytes]:
        """Yield whole lines; a half line at the end of a cut connection is never one."""
        rest = b""
        with _translated("watching"), WATCHDOG.deadline(self.close, self.silence) as deadline:
            for chunk in self._bursts():
                newline = chunk.find(b"\n")
                if newline < 0:
                    rest += chunk
                    continue
                deadline.pause()
                if newline == len(chunk) - 1:  # the server sends each line by itself
                    yield rest + chunk[:-1]
                    rest = b""
                else:
                    first, *lines = chunk.split(b"\n")
                    yield rest + first
                    rest = lines.pop()
                    yield from lines
                deadline.heard(self.silence)

    def _bursts(self) -> Iterator[bytes]:
        """Yield bytes as they come, the first of a burst at once and the others once they have gathered.

        The server writes a line in three pieces and the next one soon after: to be woken for each costs more
        than to read it.
        """
        chunks, asked = self._chunks(), time.monotonic()
        for chunk in chunks:
            waited = time.monotonic() - asked > WAITED_SECONDS
            yield chunk
            if waited and self.gather:
                time.sleep(self.gather)  # what follows soon is read with it, in one go
            asked = time.monotonic()

    def _chunks(self) -> Iterator[bytes]:
        """Yield bytes as they come: `stream` would wait for CHUNK of them where a proxy undid the chunks."""
        if self._response.chunked:
            return self._response.stream(CHUNK)
        return iter(lambda: self._response.read1(CHUNK), b"")

    def close(self) -> None:
        """End the connection; a thread that reads from it sees it end."""
        _close(self._response)


class _Http(HTTPConnection):
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # urllib3's own is so, too
        with _head_in_time(self):
            return super().getresponse()


class _Https(HTTPSConnection):
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # urllib3's own is so, too
        with _head_in_time(self):
            return super().getresponse()


def _head_in_time(connection: HTTPConnection) -> contextlib.AbstractContextManager[object]:
    """Let the head of an answer, too, take only so long as a whole."""

    def close() -> None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    return WATCHDOG.deadline(close, connection.timeout or REFUSAL_SECONDS)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


WHO = re.compile(r"^\w+\(host=[^)]*\): ")  # how urllib3 begins: a pool or a connection
POOLS = {"http": _HttpPool, "https": _HttpsPool}


class ApiClient:
    """Asks one API server; safe to share between threads.

    Reads its credentials anew after a 401 and after a handshake in which a certificate was refused, on
    whichever side.
    """

    def __init__(self, place: Place, *, user_agent: str = "alertdrill") -> None:
        self._place = place
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._access = place.access()
        self._pool: urllib3.PoolManager | None = None
        self._settings: Mapping[str, Any] | None = None

    def _load_again(self, access: Access) -> None:
        """Read the files again, unless another thread has done so since this was read."""
        with self._lock:
            if self._access is access:
                self._access = self._place.access()

    def _pool_for(self, access: Access, identity: Identity) -> urllib3.PoolManager:
        """Return the connections that may be used as this identity: others showed another certificate."""
        with self._lock:
            if self._pool is None or self._settings is not identity.pool:
                settings = {"maxsize": 64, "retries": False, "socket_options": KEEPALIVE, **identity.pool}
                proxied = _proxied(access.proxy, settings) if access.proxy else None
                self._pool = proxied or urllib3.PoolManager(num_pools=1, **settings)
                self._pool.pool_classes_by_scheme = POOLS
                self._settings = identity.pool
            return self._pool

    @property
    def host(self) -> str:
        """The API server's address, for sentences."""
        return self._access.host

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = JSON,
        coding: str = "identity",
        timeout: float = 60.0,
    ) -> bytes:
        """Return the body of a GET; `timeout` bounds every wait for the next byte, in seconds.

        The whole may take WHOLE times as long.
        """
        headers = {"Accept": accept, "Accept-Encoding": coding}
        response = self._request(path, query, headers, timeout)
        try:
            with (
                _translated(f"getting {path}"),
                WATCHDOG.deadline(lambda: _close(response), timeout * WHOLE),
            ):
                return response.read()
        finally:
            response.release_conn()

    def stream(self, path: str, query: Mapping[str, str], *, silence: float) -> Stream:
        """Open a watch; `silence` seconds without a whole line end it as Unreachable."""
        return Stream(self._request(path, query, {"Accept": JSON}, silence), silence)

    def _request(
        self, path: str, query: Mapping[str, str] | None, headers: Mapping[str, str], timeout: float
    ) -> urllib3.BaseHTTPResponse:
        access = self._access
        identity = access.identity()
        said = urllib3.HTTPHeaderDict(identity.headers)
        said.update({**headers, "User-Agent": self._user_agent})
        with _translated(f"asking {access.host} for {path}"):
            try:
                response = self._pool_for(access, identity).request(
                    "GET",
                    access.host + path,
                    fields=dict(query or {}),
                    headers=said,
                    timeout=urllib3.Timeout(connect=min(10.0, timeout), read=timeout),
                    preload_content=False,
                )
            except urllib3.exceptions.HTTPError as error:
                if _distrusted(error, certified=identity.certified):
                    # What one side showed may have been renewed, which no 401 tells. Files that can't be read
                    # just now are read at the next try; until then what we have stays.
                    with contextlib.suppress(CredentialsError):
                        self._load_again(access)
                raise
        if response.status == 200:  # noqa: PLR2004
            return response
        raise self._refusal(response, path, access)

    def _refusal(self, response: urllib3.BaseHTTPResponse, path: str, access: Access) -> ApiError:
        """Turn an answer that is not 200 into its error, and read the credentials again after a 401."""
        with (
            _translated(f"reading the refusal of {path}"),
            WATCHDOG.deadline(lambda: _close(response), REFUSAL_SECONDS),
        ):
            body = response.read(CHUNK)
        response.close()
        try:
            said = msgspec.json.decode(body, type=Status).message
        except msgspec.MsgspecError:
            said = None
        sentence = f"{path}: HTTP {response.status}: {said or response.reason or 'no reason given'}"
        error = for_status(response.status, sentence, response.headers.get("Retry-After"))
        if isinstance(error, Unauthorized):
            self._load_again(access)
        return error


def _close(response: urllib3.BaseHTTPResponse) -> None:
    with contextlib.suppress(Exception):  # closing what is already broken is no news
        response.shutdown()
    with contextlib.suppress(Exception):
        response.close()


def _proxied(proxy: str, settings: Mapping[str, Any]) -> urllib3.ProxyManager:
    """Go through a proxy, as the user whom its URL names; urllib3 does not look for one there."""
    user = parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(user)) if user else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **settings)


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Let urllib3's errors out as ours."""
    try:
        yield
    except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
        raise Silent(f"{doing}: {_cause(error)}") from error
    except urllib3.exceptions.LocationParseError as error:
        raise Unreachable(f"{doing}: {error}") from error
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{doing}: {_cause(error)}") from error
    except OSError as error:
        raise Unreachable(f"{doing}: {error}") from error


def _distrusted(error: BaseException | None, *, certified: bool) -> bool:
    """Whether a certificate is behind an error: the server's, or our own.

    Ours may be refused without a word: the connection is reset as soon as we ask.
    """
    while error and not isinstance(error, ssl.SSLError):
        if certified and isinstance(error, ConnectionResetError | BrokenPipeError):
            return True
        error = error.__cause__ or error.__context__
    return error is not None


def _cause(error: Exception) -> str:
    """Say what happened without the names and addresses of Python objects."""
    text = str(getattr(error, "reason", None) or error)
    return WHO.sub("", text.rsplit(">: ", 1)[-1].rsplit("object at ", 1)[-1])
