"""What became of a question to the API server, in words that a person can act upon."""

import json
import ssl
from collections.abc import Mapping

import urllib3
from urllib3.exceptions import NameResolutionError, NewConnectionError, SSLError

SAID_MAX = 300  # characters of an answer that are told
# What the answer says of who asked, and what to look at then.
WHO = {
    401: "; it does not know who asks: see the user of this context in the kubeconfig",
    403: "; who asks may not: see the user of this context in the kubeconfig, and its roles",
}


def of_answer(status: int, body: bytes) -> str:
    """Return what the API server says in an answer that is none: its message, not the object around it."""
    text = body.decode(errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    said = found.get("message") or text if isinstance(found, Mapping) else text
    return f"answered {status}: {' '.join(str(said).split())[:SAID_MAX]}{WHO.get(status, '')}"


def of_connection(error: Exception) -> str:
    """Return why there was no connection, or no answer on it."""
    cause = _innermost(error)
    match cause:
        case ssl.SSLCertVerificationError():
            said = cause.verify_message or cause.reason or str(cause)
            return f"its certificate is not trusted ({said}): see the certificate authority in the kubeconfig"
        case NameResolutionError():
            return "the name of its host is not known"
        case NewConnectionError():
            return f"no connection ({str(cause).rpartition('] ')[2]}); is it up?"
        case _:
            return " ".join(str(cause).split())[:SAID_MAX]


def is_distrust(error: Exception) -> bool:
    """Say whether a connection failed because of a certificate, which asking again does not change."""
    # What is no error of urllib3 is the client's own, which it makes of any trouble with TLS.
    its_own = not isinstance(error, urllib3.exceptions.HTTPError)
    return its_own or isinstance(_innermost(error), ssl.SSLCertVerificationError)


def _innermost(error: Exception) -> Exception:
    """Return what an error of the connection was made of."""
    cause = getattr(error, "reason", None)
    if not isinstance(cause, Exception):
        return error
    return cause.args[0] if isinstance(cause, SSLError) and isinstance(cause.args[0], Exception) else cause
