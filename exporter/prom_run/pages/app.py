"""The HTTP side: pages for people, JSON and metrics for programs, probes, and the request to run."""

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from exporter_kit.durations import written
from exporter_kit.web.auth import USER
from prom_run.daemon import Daemon
from prom_run.metrics import Metrics
from prom_run.pages import access, ansi, api, view
from prom_run.runs.runner import Runner

HERE = Path(__file__).parent
STATIC = {file.name: file.read_bytes() for file in (HERE / "static").iterdir()} | {
    "ansi.css": ansi.stylesheet().encode()
}
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Without it browsers call the origin of a form "null", and "run now" is refused.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Site:
    """The pages of one daemon. `external_url` is where people reach them, "" where that is unknown."""

    def __init__(self, daemon: Daemon, *, external_url: str = "", token: str = "") -> None:
        self._daemon = daemon
        self._external = external_url.rstrip("/")
        self._prefix = urlsplit(self._external).path
        self._token = token
        self._registry = CollectorRegistry()
        self._registry.register(Metrics(daemon, self.link))
        ProcessCollector(registry=self._registry)
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.globals |= {
            "prefix": self._prefix,
            "ago": view.ago,
            "moment": view.moment,
            "clock": view.clock,
        }
        self._templates.globals |= {"word": view.word, "state": view.state, "written": written}

    def link(self, name: str) -> str:
        """Return the address of a command's page, to stand in an alert."""
        return f"{self._external}/c/{quote(name)}"

    def asgi(self) -> Starlette:
        """Return the app, at the root and, for proxies that keep it, below the external URL's path."""
        routes = self._routes()
        if self._prefix:
            routes = [*routes, Mount(self._prefix, routes=self._routes())]
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers={HTTPException: _say})

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self._daemon.start()
        yield
        await self._daemon.stop()

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._index),
            Route("/c/{name}", self._command),
            Route("/c/{name}/runs/{run}", self._run_page),
            Route("/c/{name}/runs/{run}/output", self._output),
            Route("/api/v1/commands", self._api_commands),
            Route("/api/v1/commands/{name}", self._api_command),
            Route("/api/v1/commands/{name}/runs/{run}", self._api_run),
            Route("/metrics", self._metrics),
            Route("/livez", self._livez),
            Route("/readyz", self._readyz),
            Route("/-/run", self._ask, methods=["POST"]),
            Route("/static/{file}", _static),
        ]

    # Pages

    async def _index(self, _request: Request) -> Response:
        cards = view.cards(self._daemon.runners.values())
        return self._page("index.html", cards=cards, headline=view.headline(cards))

    async def _command(self, request: Request) -> Response:
        runner = self._runner(request)
        run = runner.runs[-1] if runner.runs else None
        return self._command_page(request, runner, run.id if run else "", live=True)

    async def _run_page(self, request: Request) -> Response:
        runner = self._runner(request)
        return self._command_page(request, runner, self._known(runner, request), live=False)

    def _command_page(self, request: Request, runner: Runner, run_id: str, *, live: bool) -> Response:
        run = next((each for each in runner.runs if each.id == run_id), None)
        output = runner.output(run_id) if run else None
        current = runner.current if live else None
        return self._page(
            "command.html",
            card=view.card(runner),
            run=run,
            runs=reversed(runner.runs),
            output=ansi.to_html(output.text()) if output else None,
            current=ansi.to_html(current.output().text()) if current else None,
            live=live,
            link=self.link(runner.command.name) if self._external else "",
            may_run=bool(request.scope.get(USER)),
            headline=view.headline([view.card(runner)]),
        )

    def _page(self, name: str, **values: Any) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(values), headers=PAGE_HEADERS)

    # For programs

    async def _output(self, request: Request) -> Response:
        runner = self._runner(request)
        output = runner.output(self._known(runner, request))
        if output is None:
            raise HTTPException(404, "What this run printed is no longer kept.")
        return PlainTextResponse(ansi.plain(output.text()), headers=PAGE_HEADERS)

    async def _api_commands(self, _request: Request) -> Response:
        runners = self._daemon.runners.values()
        return _json([api.summary(runner, self.link(runner.command.name)) for runner in runners])

    async def _api_command(self, request: Request) -> Response:
        runner = self._runner(request)
        return _json(api.detail(runner, self.link(runner.command.name)))

    async def _api_run(self, request: Request) -> Response:
        runner = self._runner(request)
        return _json(api.run(runner, self._known(runner, request)))

    async def _metrics(self, request: Request) -> Response:
        try:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
        except (TypeError, ValueError):  # a version that is no number
            encode, content_type = choose_encoder("")
        return Response(encode(self._registry), media_type=None, headers={"Content-Type": content_type})

    async def _livez(self, _request: Request) -> Response:
        if self._daemon.healthy():
            return PlainTextResponse("ok\n")
        return PlainTextResponse("a command is no longer looked after, see the log\n", 500)

    async def _readyz(self, _request: Request) -> Response:
        if self._daemon.stopping:
            return PlainTextResponse("stopping\n", 503)
        return PlainTextResponse("ok\n")

    async def _ask(self, request: Request) -> Response:
        if refused := access.refusal(request, self._token):
            raise HTTPException(*refused)
        name = request.query_params.get("command")
        if name is not None and name not in self._daemon.runners:
            raise HTTPException(404, f"There is no command {name!r}.")
        runners = self._daemon.runners
        asked = [runners[name]] if name is not None else list(runners.values())
        for runner in asked:
            runner.ask()
        if name is not None and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(URL(f"{self._prefix}/c/{quote(name)}"), 303)
        # 202 would be true, too, but a git-sync webhook takes 200 for success and sends anything else again.
        return _json({"asked": [runner.command.name for runner in asked]})

    # Finding things

    def _runner(self, request: Request) -> Runner:
        try:
            return self._daemon.runners[request.path_params["name"]]
        except KeyError:
            raise HTTPException(404, f"There is no command {request.path_params['name']!r}.") from None

    def _known(self, runner: Runner, request: Request) -> str:
        """Return the run that is asked for: one we know, so that no path can be made of anything else."""
        wanted = str(request.path_params["run"])
        if not any(each.id == wanted for each in runner.runs):
            raise HTTPException(404, f"There is no run {wanted!r} of {runner.command.name}.")
        return wanted


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers=PAGE_HEADERS)


async def _static(request: Request) -> Response:
    try:
        content = STATIC[request.path_params["file"]]
    except KeyError:
        raise HTTPException(404, "There is no such file.") from None
    kind = mimetypes.guess_type(request.url.path)[0]
    return Response(content, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})


async def _say(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": error.detail}, error.status_code)
    return PlainTextResponse(error.detail + "\n", error.status_code, error.headers)
