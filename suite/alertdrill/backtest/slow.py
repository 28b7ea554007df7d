"""An answer in its time: one that drips never falls silent, and would else never end."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import requests


class LateError(requests.Timeout):
    """An answer, or a piece of one, took longer than it may."""


def pieces(reply: requests.Response, size: int, seconds: float, *, each: bool) -> Iterator[bytes]:
    """Yield the pieces of an answer, all of which may take so many seconds, or `each` of which may."""
    done, late = threading.Event(), threading.Event()
    deadline = time.monotonic() + seconds

    def watch() -> None:
        while (left := deadline - time.monotonic()) > 0:
            if done.wait(min(left, seconds)):
                return
        late.set()
        with suppress(OSError, ValueError):  # it has come to its end meanwhile
            reply.raw.shutdown()

    threading.Thread(target=watch, daemon=True).start()
    try:
        for piece in reply.iter_content(size):
            if each:
                deadline = math.inf  # what whoever takes it does with it is no time of the server's
            yield piece
            if each:
                deadline = time.monotonic() + seconds
    except (requests.RequestException, OSError, ValueError) as error:
        if late.is_set():  # so reading ends that was ended by us
            raise LateError from error
        raise
    finally:
        done.set()
    if late.is_set():
        raise LateError
