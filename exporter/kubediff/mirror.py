"""The objects that are compared, held here and kept true by watches, to be looked at again and again."""

import random
import threading
from collections.abc import Callable, Container, Iterator
from typing import Any

import msgspec

from exporter_kit import log
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError, Gone, Throttled, Unreachable
from exporter_kit.watch.following import GOOD_SECONDS, Following, error_of
from kubediff.extra import Head
from kubediff.live import Cluster, Kind

Key = tuple[str, str]
Objects = dict[Key, msgspec.Raw]
SILENCE_SECONDS = 120.0
BACKOFF_FIRST, BACKOFF_MAX = 0.25, 30.0
# For so long the first list of a kind may take.
FIRST_SECONDS = 60.0


class _Status(msgspec.Struct):
    code: int | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Versioned(msgspec.Struct):
    metadata: dict[str, Any]


class Followed(Following[None], threading.Thread):
    """One list of a kind, read once and then followed; `claimed` are those whose whole is kept."""

    def __init__(
        self, mirror: "Mirror", kind: Kind, namespace: str, only: str, claimed: Container[Key] | None
    ) -> None:
        threading.Thread.__init__(self, name=f"follower-{kind.name}-{namespace or 'all'}", daemon=True)
        self._ended = threading.Event()
        path = kind.path(namespace)
        Following.__init__(self, mirror.client, path, silence=SILENCE_SECONDS, over=self._ended.is_set)
        self._mirror, self._kind, self._namespace = mirror, kind, namespace
        self._only, self._claimed = only, claimed
        self._failures = 0
        self.objects: Objects = {}
        self.trouble: ApiError | None = None
        self.known = threading.Event()

    def run(self) -> None:
        """Read it, follow it, and begin anew where that is needed, until told to stop."""
        while not self._ended.is_set():
            try:
                if self.version is None:
                    self._list()
                self.watch()
            except ApiError as error:
                self._ended.wait(self._note(error))
            except (msgspec.MsgspecError, RecursionError) as error:
                self.version = None
                self._ended.wait(self._note(ApiError(f"{self.path}: its answer can't be read: {error}")))
            except Exception as error:  # noqa: BLE001  # a mistake of ours is trouble, and not peace for ever
                log.get().exception("following failed", kind=self._kind.name)
                self.version = None
                self._ended.wait(self._note(ApiError(f"{self.path}: {type(error).__name__}")))

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        self.close()

    def selection(self) -> dict[str, str]:
        """Return the query parameters that choose objects."""
        return {"fieldSelector": f"metadata.name={self._only}"} if self._only else {}

    def contacted(self) -> None:
        """Take note that the server is heard."""
        if self.trouble:
            self.trouble, self._failures = None, 0
            self._mirror.notify()

    def take(self, line: bytes, _aside: None) -> None:
        """Apply one event."""
        event = _EVENTS.decode(line)
        if event.type == "ERROR":
            said = msgspec.json.decode(event.object, type=_Status)
            raise error_of(said.code, said.message, said.details)
        metadata = msgspec.json.decode(event.object, type=_Versioned).metadata
        self.version = str(metadata.get("resourceVersion") or self.version)
        if event.type != "BOOKMARK" and self._put(self.objects, event.object, gone=event.type == "DELETED"):
            self._mirror.notify()

    def _list(self) -> None:
        found: Objects = {}
        version = ""
        for page in self._mirror.pages(self._kind, self._namespace, only=self._only):
            version = page.metadata.resource_version
            for raw in page.items or ():
                self._put(found, raw, gone=False)
        self.objects, self.version = found, version
        self.trouble, self._failures = None, 0
        self.known.set()
        self._mirror.notify()

    def _put(self, objects: Objects, raw: msgspec.Raw, *, gone: bool) -> bool:
        """Hold an object, or let it go; what is not claimed may be needed by its head only."""
        head = msgspec.json.decode(raw, type=Head)
        key = head.metadata.namespace, head.metadata.name
        if gone:
            return objects.pop(key, None) is not None
        if self._claimed is None or key in self._claimed:
            objects[key] = raw.copy()
            return True
        if not self._mirror.extra:
            return False
        is_new = key not in objects
        objects[key] = msgspec.Raw(msgspec.json.encode(head))
        return is_new

    def _note(self, error: ApiError) -> float:
        """Return how long to wait; what broke after it had worked is tried again at once."""
        if isinstance(error, Gone):
            self.version = None
        if self.lived() > GOOD_SECONDS and isinstance(error, Gone | Unreachable):
            return 0.0
        self._failures += 1
        self.trouble = error
        self.known.set()
        self._mirror.notify()
        pause = min(BACKOFF_FIRST * 2 ** min(self._failures, 10), BACKOFF_MAX)
        least = error.retry_after if isinstance(error, Throttled) else 0.0
        return least + random.uniform(pause / 2, pause)  # noqa: S311  # spreading load, not secrets


class Mirror(Cluster):
    """A cluster whose objects are followed once they were asked for; `notify` is called when some changed."""

    def __init__(self, client: ApiClient, *, page: int, extra: bool, notify: Callable[[], None]) -> None:
        super().__init__(client, page=page)
        self.client = client
        self.extra = extra
        self.notify = notify
        self._lock = threading.Lock()
        self._followed: dict[tuple[Kind, str, str], Followed] = {}

    def objects(
        self, kind: Kind, namespace: str = "", *, only: str = "", claimed: Container[Key] | None = None
    ) -> Iterator[msgspec.Raw]:
        """Yield the objects as they are now; what keeps them from being known is raised."""
        key = (kind, namespace, only)
        with self._lock:
            followed = self._followed.get(key)
            if followed is None:
                followed = self._followed[key] = Followed(self, kind, namespace, only, claimed)
                followed.start()
        if not followed.known.wait(FIRST_SECONDS):
            raise Unreachable(f"listing {kind.name}: nothing came in {FIRST_SECONDS:g} s")
        if followed.trouble:
            raise followed.trouble
        yield from list(followed.objects.values())

    def __exit__(self, *_: object) -> None:
        """Follow nothing more."""
        for followed in self._followed.values():
            followed.stop()
        super().__exit__()


_EVENTS = msgspec.json.Decoder(_Event)
