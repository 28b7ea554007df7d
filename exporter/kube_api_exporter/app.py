"""What is served: /metrics, /livez (this process only), /readyz (every kind), / (a page for people)."""

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kube_api_exporter.exporter import OWN, Exporter
from kube_api_exporter.scrape.negotiate import choose_coding, choose_format

if TYPE_CHECKING:
    from jinja2 import Template

PAGE = "landing.html.j2"
# Small pieces are joined to this size: each write costs more than copying them, and the whole body at once
# would be the biggest thing in memory.
JOIN_BYTES = 1 << 18


class Metrics:
    """Answers a scrape; the body is put together in a thread and sent piece by piece."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scrape, of everything or of `?kind=`."""
        request = Request(scope, receive)
        if request.method not in {"GET", "HEAD"}:
            await PlainTextResponse("only GET\n", 405)(scope, receive, send)
            return
        kinds = frozenset(word for said in request.query_params.getlist("kind") for word in said.split(","))
        unknown = kinds - self._words()
        if unknown:
            sentence = f"no such kind is exported: {', '.join(sorted(unknown))}\n"
            await PlainTextResponse(sentence, 404)(scope, receive, send)
            return
        form = choose_format(request.headers.get("accept", ""))
        coding = choose_coding(request.headers.get("accept-encoding", ""))
        body = await run_in_threadpool(self._exporter.body, form, coding, kinds or None)
        headers = [(b"content-type", form.content_type.encode()), (b"vary", b"accept, accept-encoding")]
        if coding and body:  # no bytes at all are neither gzip nor zstd
            headers.append((b"content-encoding", coding.encode()))
        headers.append((b"content-length", str(sum(map(len, body))).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in joined(body):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _words(self) -> set[str]:
        """Return all words a kind goes by here."""
        feeds = self._exporter.feeds
        return {OWN} | {
            word for feed in feeds for word in (feed.word, feed.label, feed.label.partition(".")[0])
        }


def joined(pieces: Iterable[bytes], size: int = JOIN_BYTES) -> Iterator[bytes]:
    """Yield the same bytes in fewer pieces."""
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)


@cache
def _page() -> "Template":
    """Return the page for people; what makes it is loaded when the first of them comes."""
    from jinja2 import Environment  # noqa: PLC0415  # 2 MiB that a scrape never needs

    return Environment(autoescape=True).from_string(files(__package__).joinpath(PAGE).read_text())


def create(exporter: Exporter) -> Starlette:
    """Return the application; when it ends, the readers do."""

    def landing(_request: Request) -> Response:
        now = time.time()
        return HTMLResponse(_page().render(feeds=exporter.feeds, now=now, options=exporter.options))

    def readyz(_request: Request) -> Response:
        waiting = exporter.not_ready()
        if waiting:
            return PlainTextResponse("".join(f"{sentence}\n" for sentence in waiting), status_code=503)
        return PlainTextResponse("ok\n")

    async def livez(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        exporter.stop()

    return Starlette(
        routes=[
            Route("/", landing),
            Route("/metrics", Metrics(exporter)),
            Route("/livez", livez),
            Route("/readyz", readyz),
        ],
        lifespan=lifespan,
    )
