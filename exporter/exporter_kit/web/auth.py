"""Who may come in: basic auth by bcrypt, a rate limit, and the headers every response carries."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter_kit.durations import seconds
from exporter_kit.web.config import RateLimit, WebConfig

# Where the app finds who is asking: a name, or None where nobody was asked to say.
USER = "exporter_kit.user"
BCRYPT_BYTES_MAX = 72
KNOWN_MAX = 1024
# Requests that are answered at once. Not connections: whoever only holds one must not turn others away.
REQUESTS_MAX = 512
# Passwords that wait to be checked: at bcrypt's usual cost the last of them waits a few seconds.
UNCHECKED_MAX = 32


class Passwords:
    """Checks passwords in one thread, away from the event loop, and remembers the answers.

    A bcrypt hash costs a tenth of a second; a flood of wrong passwords waits in line for that one
    thread, while those already known to be right pass by. Wrong ones never push right ones out.
    The line is short: whoever finds it full is told so at once.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bcrypt")
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._unchecked = 0

    async def right(self, users: dict[str, str], user: str, password: bytes) -> bool | None:
        """Return whether the user exists and the password is theirs; both answers take as long.

        None is no answer: too many others wait for theirs.
        """
        hashed = (users.get(user) or next(iter(users.values()))).encode()
        exists = user in users
        parts = _joined(user.encode(), b"exists" if exists else b"", hashed, password)
        seen = hmac.digest(self._key, parts, hashlib.sha256)
        if seen in self._right or seen in self._wrong:
            return seen in self._right
        if self._unchecked >= UNCHECKED_MAX:
            return None
        loop = asyncio.get_running_loop()
        self._unchecked += 1
        try:
            matches = await loop.run_in_executor(self._thread, _matches, password, hashed)
        finally:
            self._unchecked -= 1
        known = self._right if matches and exists else self._wrong
        known[seen] = None
        while len(known) > KNOWN_MAX:
            known.popitem(last=False)
        return known is self._right


def _joined(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _matches(password: bytes, hashed: bytes) -> bool:
    import bcrypt  # noqa: PLC0415  # only where there are users

    try:
        return bcrypt.checkpw(password[:BCRYPT_BYTES_MAX], hashed)
    except ValueError:
        return False


def basic(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, bytes] | None:
    """Return the user and password of an Authorization header, None where there is no usable one."""
    for name, value in headers:
        scheme, _, encoded = value.partition(b" ")
        if name == b"authorization" and scheme.lower() == b"basic":
            try:
                user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
                return (user.decode(), password) if colon else None
            except (binascii.Error, UnicodeDecodeError):
                return None
    return None


class TokenBucket:
    """A token each interval, `burst` of them at most; a request takes one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limit = RateLimit()
        self._tokens = 0.0
        self._at = clock()

    def take(self, limit: RateLimit) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        interval = seconds(limit.interval)
        if not interval:
            return 0.0
        now = self._clock()
        if limit != self._limit:
            self._limit, self._tokens, self._at = limit, float(limit.burst), now
        self._tokens = min(float(limit.burst), self._tokens + (now - self._at) / interval)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) * interval
        self._tokens -= 1
        return 0.0


class Gate:
    """ASGI middleware that applies the web-config of the moment before the app sees a request.

    `open_paths` need no password and are held to no limit: probes can't give one, and a pod whose probe is
    turned away is killed.
    """

    def __init__(self, app: ASGIApp, current: Callable[[], WebConfig], open_paths: Iterable[str]) -> None:
        self._app = app
        self._current = current
        self._open = frozenset(open_paths)
        self._passwords = Passwords()
        self._bucket = TokenBucket()
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        config = self._current()
        # Those who wait for their password to be checked are not counted: they must not turn others away.
        app = self._app if scope["path"] in self._open else await self._admit(scope, config)
        self._requests += 1
        try:
            await app(scope, receive, _with_headers(send, config.http_server_config.headers))
        finally:
            self._requests -= 1

    async def _admit(self, scope: Scope, config: WebConfig) -> ASGIApp:
        if self._requests >= REQUESTS_MAX:
            return _too_many()
        wait = self._bucket.take(config.rate_limit)
        if wait:
            return _refusal(429, "Too many requests.", {"Retry-After": str(math.ceil(wait))})
        if config.basic_auth_users:
            given = basic(scope["headers"])
            right = await self._passwords.right(config.basic_auth_users, *given) if given else False
            if right is None:
                return _too_many()
            if not given or not right:
                return _refusal(401, "Unauthorized.", {"WWW-Authenticate": "Basic"})
            scope[USER] = given[0]
        return self._app


def _too_many() -> ASGIApp:
    return _refusal(503, "Too many requests at once.", {"Retry-After": "1"})


def _refusal(status: int, text: str, headers: dict[str, str]) -> ASGIApp:
    return PlainTextResponse(text + "\n", status, headers)


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    extra = [(name.lower().encode(), value.encode()) for name, value in headers.items() if value]
    if not extra:
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in extra}
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in own]
            message = {**message, "headers": [*kept, *extra]}
        await send(message)

    return sending
