"""What can go wrong between us and an API server, one class per thing a caller does differently."""

import math


class ApiError(Exception):
    """The API server can't be asked, or refuses; the message is one sentence. `reason` is a metric label."""

    reason = "error"


class CredentialsError(ApiError):
    """No usable kubeconfig, or no service account where we run."""

    reason = "credentials"


class Unreachable(ApiError):  # noqa: N818  # reads like the sentence it stands for
    """No connection, or one that broke, went silent or timed out."""

    reason = "unreachable"


class Silent(Unreachable):
    """Nothing came for too long, although nobody said that the connection is over."""


class Unauthorized(ApiError):  # noqa: N818
    """HTTP 401: the credentials are not, or no longer, good."""

    reason = "unauthorized"


class Forbidden(ApiError):  # noqa: N818
    """HTTP 403: the role lacks a verb."""

    reason = "forbidden"


class NotServed(ApiError):  # noqa: N818
    """HTTP 404: no such resource or object."""

    reason = "not_served"


class Gone(ApiError):  # noqa: N818
    """410, as a status or inside a watch: the resourceVersion is too old, list again."""

    reason = "gone"


class Invalid(ApiError):  # noqa: N818
    """HTTP 400, 405, 406, 415 or 422: this server does not take such a request."""

    reason = "invalid"


class Throttled(ApiError):  # noqa: N818
    """HTTP 429, or any answer that says when to come back: wait at least `retry_after` seconds."""

    reason = "throttled"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerTrouble(ApiError):  # noqa: N818
    """HTTP 5xx: the server answers, badly."""

    reason = "server"


BY_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotServed,
    405: Invalid,
    406: Invalid,
    410: Gone,
    415: Invalid,
    422: Invalid,
}


def for_status(status: int, message: str, retry_after: str | None = None) -> ApiError:
    """Return the error of an HTTP status; a Retry-After in seconds makes it Throttled."""
    if status == 429 or (status >= 500 and retry_after is not None):  # noqa: PLR2004
        return Throttled(message, wait_seconds(retry_after))
    return BY_STATUS.get(status, ServerTrouble)(message)


def wait_seconds(said: object) -> float:
    """Read a server's wish as seconds; a date or nonsense counts as 1 s, and nobody may park us for hours."""
    try:
        seconds = float(str(said or 1))
    except ValueError:
        return 1.0
    return min(max(seconds, 0.0), 120.0) if math.isfinite(seconds) else 1.0
