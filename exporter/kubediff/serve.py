"""What --watch serves: the page, the metrics, the verdict as JSON, and whether we are alive and ready."""

import datetime as dt
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporter_kit import listen
from exporter_kit.web.live import LiveConfig
from exporter_kit.web.server import Server
from kubediff.report import data, page
from kubediff.watching import Watch

METRICS = "text/plain; version=0.0.4; charset=utf-8"
NOT_YET = "nothing was compared yet\n"


def app(watch: Watch) -> Starlette:
    """Return what answers; every answer is about what was told last."""

    def home(_request: Request) -> Response:
        told = watch.told
        if told is None:
            return PlainTextResponse(NOT_YET, 503)
        return HTMLResponse(page.render(told.verdict, dt.datetime.fromtimestamp(told.at, dt.UTC)))

    def metrics(_request: Request) -> Response:
        return PlainTextResponse(watch.metrics(), media_type=METRICS)

    def verdict(_request: Request) -> Response:
        told = watch.told
        if told is None:
            return PlainTextResponse(NOT_YET, 503)
        return Response(data.render(told.verdict), media_type="application/json")

    def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n") if watch.is_alive() else PlainTextResponse("not watching\n", 503)

    def ready(_request: Request) -> Response:
        return PlainTextResponse("ok\n") if watch.told else PlainTextResponse(NOT_YET, 503)

    routes = {"/": home, "/metrics": metrics, "/verdict.json": verdict, "/livez": alive, "/readyz": ready}
    return Starlette(routes=[Route(path, answer) for path, answer in routes.items()])


def serve(watch: Watch, address: str, web_config: Path | None) -> None:
    """Watch and serve until told to stop."""
    live = LiveConfig(web_config)
    server = Server(app(watch), listen.bind(address), live=live)
    watch.start()
    try:
        server.run()
    finally:
        watch.stop()
