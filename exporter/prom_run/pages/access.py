"""Who may start a run by request: somebody who said who they are."""

import hmac
from pathlib import Path

from starlette.requests import Request

from exporter_kit.errors import ConfigError
from exporter_kit.web.auth import USER, basic

TOKEN_CHARS_MIN = 16


def read_token(file: Path) -> str:
    """Read a token from a file; one that could be guessed is refused."""
    try:
        token = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(file, f"can't read the token: {getattr(error, 'strerror', error)}") from None
    if len(token) < TOKEN_CHARS_MIN:
        raise ConfigError(file, f"the token is shorter than {TOKEN_CHARS_MIN} characters; make a longer one")
    return token


def refusal(request: Request, token: str) -> tuple[int, str] | None:
    """Return status and sentence for a request that may not start a run, None for one that may.

    Good is whoever the web-config let in by name (password or client certificate), or the token: as
    `Authorization: Bearer`, or as the password of basic auth, which is all a git-sync webhook can send.
    """
    if _from_another_site(request):
        return 403, "A page of another site can't start a run."
    if request.scope.get(USER):
        return None
    given = _given(request)
    if token and given is not None and hmac.compare_digest(given, token.encode()):
        return None
    if not token:
        return 403, "Nobody may start a run: set --run-token-file, or users in the web-config."
    return 401, "A run is started with the token of --run-token-file."


def _given(request: Request) -> bytes | None:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip().encode("utf-8", "surrogateescape")
    pair = basic(request.scope["headers"])
    return pair[1] if pair else None


def _from_another_site(request: Request) -> bool:
    """Tell whether a browser sent this on behalf of a page that isn't ours, passwords attached."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")
