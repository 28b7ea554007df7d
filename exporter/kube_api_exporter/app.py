"""What is served: `/metrics`, `/livez` (this process only), `/readyz` (the API server too)."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter_kit.api import ApiClient
from exporter_kit.api_errors import ApiError
from kube_api_exporter import listing
from kube_api_exporter.discovery import Discovery
from kube_api_exporter.render import Renderer, help_text

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def create(client: ApiClient, words: tuple[str, ...]) -> Starlette:
    """Return the application for these kinds."""

    def metrics(_request: Request) -> Response:
        try:
            return Response(b"".join(_body(client, words)), media_type=CONTENT_TYPE)
        except ApiError as error:
            return PlainTextResponse(f"{error}\n", status_code=503)

    def readyz(_request: Request) -> Response:
        try:
            client.get("/readyz", accept="text/plain", timeout=5)
        except ApiError as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        return PlainTextResponse("ok\n")

    def livez(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(routes=[Route("/metrics", metrics), Route("/livez", livez), Route("/readyz", readyz)])


def _body(client: ApiClient, words: tuple[str, ...]) -> list[bytes]:
    """Return the exposition, family by family."""
    discovery = Discovery(client)
    chunks: list[bytes] = []
    for word in words:
        kind = discovery.find(word)
        renderer = Renderer(kind)
        families: dict[str, list[bytes]] = {}
        for rendered in sorted(listing.every(client, kind, renderer), key=lambda each: each.key):
            for family, piece in rendered.pieces.items():
                families.setdefault(family, []).append(piece)
        for family, pieces in sorted(families.items()):
            said = help_text(renderer.families, kind, family)
            chunks += [f"# HELP {family} {said}\n# TYPE {family} gauge\n".encode(), *pieces]
    return chunks
