"""Every object of a kind, page by page, rendered as it comes."""

from collections.abc import Iterator
from typing import Any

import msgspec

from exporter_kit.api import ApiClient
from kube_api_exporter.kinds import Kind
from kube_api_exporter.render import Rendered, Renderer

PAGE = 500


def every(client: ApiClient, kind: Kind, renderer: Renderer) -> Iterator[Rendered]:
    """Yield all objects of a kind; what the server sends is let go page by page."""
    query = {"limit": str(PAGE)}
    while True:
        page: dict[str, Any] = msgspec.json.decode(client.get(kind.path(), query))
        for item in page.get("items") or ():
            yield renderer.untyped(item)
        query["continue"] = (page.get("metadata") or {}).get("continue") or ""
        if not query["continue"]:
            return
