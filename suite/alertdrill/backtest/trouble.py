"""What a connection that did not come about means: the sentence for it, and whether waiting may help."""

import http.client
import ssl
from collections.abc import Iterator

from alertdrill.backtest.access import Access

NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
ANOTHER_NAME = ("Hostname mismatch", "IP address mismatch", "doesn't match")
TLS_RECORD = "\x15\x03"  # an alert: so a TLS server answers plain HTTP


def tls(error: Exception, access: Access) -> str:
    """Say why no TLS came about, and what helps."""
    text = str(error)
    why = access.masked(next((str(one) for one in _causes(error) if isinstance(one, ssl.SSLError)), text))
    if any(one in text for one in NO_TLS):
        return f"it speaks no TLS there; is it http:// and not https://? ({why})"
    if any(one in text for one in ANOTHER_NAME):
        return f"its certificate is for another host; name it as its certificate does ({why})"
    if "has expired" in text or "not yet valid" in text:
        return f"its certificate is not valid today ({why})"
    if "CERTIFICATE_VERIFY_FAILED" not in text:
        proof = f"does it take the certificate of {access.cert}" if access.cert else "does it want a --cert"
        return f"no TLS comes about; {proof}? ({why})"
    if access.ca:
        return f"its certificate is none that the certificates in {access.ca} (--ca) prove ({why})"
    return f"its certificate is not trusted; name its CA by --ca ({why})"


def no_http(error: Exception) -> str:
    """Say what listens there that does not speak HTTP, if that is so."""
    for one in _causes(error):
        if isinstance(one, http.client.HTTPException) and not isinstance(one, ConnectionError):
            if TLS_RECORD in str(one):
                return "what listens there speaks TLS; use https://"
            return "what listens there does not speak HTTP"
    return ""


def hung_up(error: Exception) -> bool:
    """Say whether somebody listens there, who closed the connection without an answer."""
    return any(isinstance(one, ConnectionResetError | ConnectionAbortedError) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those it is made of, in the ways of all the libraries that it came through."""
    found: list[BaseException] = [error]
    for one in found:
        parts = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        found += [part for part in parts if isinstance(part, BaseException) and part not in found]
        yield one
