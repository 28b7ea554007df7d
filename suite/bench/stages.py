"""What each stage of a start costs in CPU time: `stages.py URL TOKEN-FILE CA-FILE`, by the image's Python."""

import gc
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

ASKING = (
    "kube_api_exporter.cli",
    "kube_api_exporter.start",
    "kube_api_exporter.daemon",
    "exporter_kit.api.account",
)
SERVING = ("exporter_kit.web.server", "kube_api_exporter.app")
KINDS = ("pods", "deployments", "replicasets", "nodes", "namespaces")
STREAM = {
    "watch": "1",
    "allowWatchBookmarks": "true",
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
}
STREAM_END = b"k8s.io/initial-events-end"
ROUNDS = 3  # the fastest counts: whatever else runs only adds


def main() -> None:
    """Print milliseconds of what is done once, and microseconds of what is done per object, as JSON."""
    gc.disable()  # as the exporter does until it is complete
    url, token, authority = sys.argv[1:]
    once = {"start the interpreter": time.process_time()}
    once["load what asks the API server"] = spent(lambda: [import_module(name) for name in ASKING])[0]
    once["load the web server"] = spent(lambda: [import_module(name) for name in SERVING])[0]
    api, places, options, catalogs = (
        import_module(name)
        for name in (
            "exporter_kit.api.client",
            "exporter_kit.api.place",
            "kube_api_exporter.options",
            "kube_api_exporter.watch.catalog",
        )
    )
    client = api.ApiClient(places.Place(None, None, url, Path(token), Path(authority)))
    catalog = catalogs.Catalog(client, options.Options(kinds=KINDS))
    once["learn kinds and schemas"], kinds = spent(lambda: [catalog.kind(word) for word in KINDS])
    cost, renderers = spent(lambda: [catalog.renderer(kind) for kind in kinds])
    once["learn kinds and schemas"] += cost
    rounds = [one_round(client, kinds[0], renderers[0]) for _ in range(ROUNDS)]
    said = {name: seconds * 1e3 for name, seconds in once.items()}
    each, event = (fastest([round_[which] for round_ in rounds]) for which in (0, 1))
    print(json.dumps({"once": said, "each": each, "event": event}))  # noqa: T201  # what is asked for


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds that something took, and what it gave."""
    before = time.process_time()
    result = work()
    return time.process_time() - before, result


def fastest(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Return each stage's cost in the round in which it took least."""
    return {name: min(costs[name] for costs in rounds) for name in rounds[0]}


def one_round(client: Any, kind: Any, renderer: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Read all pods once and change each; return the microseconds that each stage took per pod and change."""
    store = import_module("kube_api_exporter.store.store").Store(renderer)
    reading, lines = spent(lambda: initial_events(client, kind))
    each = {"read TLS and chunks": reading / len(lines) * 1e6, **applied(store, renderer, lines)}
    spent(store.snapshot)
    event = applied(store, renderer, [changed(line) for line in lines])
    merging, _ = spent(store.snapshot)
    return each, {**event, "join what changed": merging / len(lines) * 1e6}


def applied(store: Any, renderer: Any, lines: list[bytes]) -> dict[str, float]:
    """Apply events; return the microseconds that each stage took per event."""
    decoding, seen = spent(lambda: [renderer.of_event(line, store.parts)[1] for line in lines])
    rendering, rendered = spent(lambda: [renderer.render(pod) for pod in seen])
    both = list(zip(seen, rendered, strict=True))
    storing, _ = spent(lambda: [store.put(pod.key, pod.ident, shown) for pod, shown in both])
    stages = {"decode": decoding, "render": rendering, "store": storing}
    return {name: seconds / len(lines) * 1e6 for name, seconds in stages.items()}


def changed(line: bytes) -> bytes:
    """Return the event of a pod whose containers have restarted."""
    return line.replace(b'"restartCount":0', b'"restartCount":1')


def initial_events(client: Any, kind: Any) -> list[bytes]:
    """Return the lines of a stream of all pods, without the bookmark at its end."""
    stream, lines = client.stream(kind.path(), STREAM, silence=30.0), []
    for line in stream:
        if STREAM_END in line:
            break
        lines.append(line)
    stream.close()
    return lines


if __name__ == "__main__":
    main()
