"""The Prometheus HTTP API, as values; whatever goes wrong on the way is a LabError."""

import math
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import msgspec
import requests
import urllib3
from prometheus_api_client.prometheus_connect import PrometheusConnect

from alertdrill.errors import LabError, TransientError, refusal
from alertdrill.incident import Series

REPLY_SECONDS_MAX = 30
SAID_MAX = 300  # characters of a refusal that are told
# What the query library raises when an answer is no answer of Prometheus.
MISUNDERSTOOD = (msgspec.DecodeError, ValueError, KeyError, TypeError)


class RuleState(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as /api/v1/rules tells it, with the alert instances it holds at this moment."""

    group: str
    name: str
    health: str
    error: str
    alerts: tuple["AlertInstance", ...] = ()


class AlertInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One pending or firing alert, with its annotations rendered."""

    labels: dict[str, str]
    annotations: dict[str, str]
    state: str


class _Alert(msgspec.Struct):
    labels: dict[str, str]
    state: str
    annotations: dict[str, str] = {}


class _Rule(msgspec.Struct, rename="camel"):
    name: str
    health: str
    last_error: str = ""
    alerts: list[_Alert] = []


class _Group(msgspec.Struct):
    name: str
    rules: list[_Rule]


class _Groups(msgspec.Struct):
    groups: list[_Group]


class _Reply(msgspec.Struct):
    data: _Groups


class _Point(msgspec.Struct, array_like=True, gc=False):  # there are many, and none holds another object
    t: float
    value: float


class _Row(msgspec.Struct):
    metric: dict[str, str]
    values: list[_Point] = []
    histograms: list[tuple[float, Any]] = []


class _Matrix(msgspec.Struct):
    result: list[_Row]


class _RangeReply(msgspec.Struct):
    data: _Matrix


# Made once, and here: two threads that are the first to decode a type end the process (msgspec 0.22).
REPLY, RANGE_REPLY = msgspec.json.Decoder(_Reply), msgspec.json.Decoder(_RangeReply, strict=False)


class Prometheus:
    """One Prometheus server; not shared between threads. `on_silence` gets the url that gave no reply."""

    def __init__(self, url: str, on_silence: Callable[[str], None] = lambda _url: None) -> None:
        self.url = url.rstrip("/")
        self._on_silence = on_silence
        self._session = requests.Session()
        self._session.hooks["response"] = [_refuse, _decode_fast]
        # It is near, and compressing megabytes costs it more than sending them.
        self._session.headers["Accept-Encoding"] = "identity"
        # No retries here: the caller waits with a deadline and a sentence (clock.wait_for).
        no_retry = urllib3.Retry(total=0, read=False)  # read: a missing reply is told from a lost connection
        self._queries = PrometheusConnect(
            url=self.url, timeout=REPLY_SECONDS_MAX, retry=no_retry, session=self._session
        )

    def ready(self) -> bool:
        """Return whether the server says it is ready to serve queries."""
        try:
            return (
                self._session.get(f"{self.url}/-/ready", timeout=REPLY_SECONDS_MAX).status_code
                == HTTPStatus.OK
            )
        except requests.RequestException:
            return False

    def version(self) -> str:
        """Return the server's version."""
        data: dict[str, Any] = self._get("status/buildinfo").json()
        return str(data["data"]["version"])

    def query(self, promql: str, *, at: float | None = None) -> list[dict[str, Any]]:
        """Return the result of an instant query, `at` seconds since the epoch or now.

        A vector has `metric` and `value` [seconds, text], a matrix `metric` and `values`.
        """
        params = {} if at is None else {"time": f"{at:.3f}"}
        try:
            result = self._queries.custom_query(query=promql, params=params)
        except (requests.RequestException, *MISUNDERSTOOD) as error:
            raise self._trouble(promql, error) from error
        assert isinstance(result, list)
        return result

    def query_range(
        self, promql: str, *, start: float, end: float, step: float, lookback: float | None = None
    ) -> list[Series]:
        """Return the value of an expression at every step from `start` to `end` (seconds since the epoch).

        `lookback` is how old a sample may be that still counts, in seconds; None is what the server says. A
        histogram is not a number: that it is there is told, as NaN.
        """
        asked = {"query": promql, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        if lookback is not None:
            asked["lookback_delta"] = f"{lookback:.3f}"
        return [_series(one, round(step * 1000)) for one in self._matrix("query_range", promql, asked)]

    def samples(self, selector: str, *, start: float, end: float) -> list[Series]:
        """Return the raw samples of a selector between two times (seconds since the epoch)."""
        promql = f"{selector}[{max(round((end - start) * 1000), 1)}ms]"
        asked = {"query": promql, "time": f"{end:.3f}"}
        return [_series(one) for one in self._matrix("query", promql, asked)]

    def _matrix(self, path: str, promql: str, asked: dict[str, str]) -> list[_Row]:
        """Return the rows of an answer, as fast as can be: a play reads hundreds of megabytes of them."""
        try:
            body = self._session.post(f"{self.url}/api/v1/{path}", asked, timeout=REPLY_SECONDS_MAX).content
            # In lax mode a text that spells a number is one; but for this spelling, which no string can hold.
            if b"+" in body:  # seldom, and quickly known
                body = body.replace(b',"+Inf"]', b',"Inf"]')
            return RANGE_REPLY.decode(body).data.result
        except (requests.RequestException, msgspec.DecodeError) as error:
            raise self._trouble(promql, error) from error

    def has(self, selector: str, *, start: float, end: float) -> bool:
        """Return whether there is any series of a selector between two times (seconds since the epoch)."""
        asked = {"match[]": selector, "start": f"{start:.3f}", "end": f"{end:.3f}", "limit": "1"}
        try:
            reply = self._session.post(f"{self.url}/api/v1/series", asked, timeout=REPLY_SECONDS_MAX)
            return bool(reply.json()["data"])
        except (requests.RequestException, *MISUNDERSTOOD) as error:
            raise self._trouble(selector, error) from error

    def names(self) -> list[str]:
        """Return the names of all metrics there are, or were."""
        found: list[str] = self._get("label/__name__/values").json()["data"]
        return found

    def rules(self) -> list[RuleState]:
        """Return every rule with its health and its live alerts."""
        body = self._get("rules").content
        try:
            groups = REPLY.decode(body).data.groups
        except msgspec.DecodeError as error:
            raise LabError(
                f"asking Prometheus for its rules: the answer is not understood: {error}"
            ) from error
        return [
            RuleState(
                group=group.name,
                name=rule.name,
                health=rule.health,
                error=rule.last_error,
                alerts=tuple(
                    AlertInstance(labels=a.labels, annotations=a.annotations, state=a.state)
                    for a in rule.alerts
                ),
            )
            for group in groups
            for rule in group.rules
        ]

    def _get(self, path: str) -> requests.Response:
        try:
            return self._session.get(f"{self.url}/api/v1/{path}", timeout=REPLY_SECONDS_MAX)
        except requests.RequestException as error:
            raise self._trouble(f"its {path}", error) from error

    def _trouble(self, what: str, error: Exception) -> LabError:
        """Return what the caller is to raise; told by its type whether asking again may help."""
        if isinstance(error, requests.Timeout):
            self._on_silence(self.url)
        return _kind(error)(f"asking Prometheus for {what}: {_reason(error)}")


def _series(row: _Row, step_ms: int = 0) -> Series:
    """Return the samples of a row; the times of a range that lacks none, as mostly, follow by counting."""
    samples = row.values
    if row.histograms:
        samples = [*samples, *(_Point(t, math.nan) for t, _ in row.histograms)]
        samples.sort(key=lambda one: one.t)
    first, last = round(samples[0].t * 1000), round(samples[-1].t * 1000)
    if step_ms and last - first == (len(samples) - 1) * step_ms:
        whole = _steps(first, last, step_ms)
    else:
        whole = tuple([round(one.t * 1000) for one in samples])
    return Series(labels=row.metric, timestamps=whole, values=tuple([one.value for one in samples]))


@lru_cache(maxsize=4)  # neighbours mostly have the same
def _steps(first: int, last: int, every: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1, every))


def _refuse(reply: requests.Response, *_: object, **_more: object) -> None:
    """Raise an error for a reply that is no answer, before anybody reads it as one."""
    if reply.status_code != HTTPStatus.OK:
        said = f"it answered {reply.status_code}: {reply.text[:SAID_MAX]}"
        raise requests.HTTPError(said, response=reply)


def _decode_fast(reply: requests.Response, *_: object, **_more: object) -> None:
    """Have whoever asks for its JSON get it from msgspec: a play reads hundreds of megabytes of it."""
    vars(reply)["json"] = lambda **_: msgspec.json.decode(reply.content)


def _kind(error: Exception) -> type[LabError]:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return refusal(error.response.status_code)
    lost = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return TransientError if isinstance(error, lost) else LabError


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return f"no reply in {REPLY_SECONDS_MAX} s"
    if isinstance(error, requests.ConnectionError):
        return "no connection; is it running, and is the port-forward to it alive?"
    if isinstance(error, MISUNDERSTOOD):
        return f"the answer is not understood ({type(error).__name__}: {error})"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
