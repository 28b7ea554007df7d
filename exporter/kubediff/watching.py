"""Drift as it comes and goes: manifests are read now and then, the cluster is followed."""

import threading
import time
from dataclasses import dataclass

from exporter_kit import log
from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ApiError
from exporter_kit.api.place import Place
from kubediff.cache import Cache
from kubediff.inputs import Inputs
from kubediff.manifests import Manifests
from kubediff.mirror import Mirror
from kubediff.report import prometheus
from kubediff.results import Trouble, Verdict
from kubediff.run import Run, Wishes

READ_SECONDS = 5.0
# Changes come in swarms; each of them is compared with those that come with it.
GATHER_SECONDS = 0.2
# After so long everything is asked anew, schemas and kinds too; sooner where something could not be told.
ANEW_SECONDS, TROUBLED_SECONDS = 600.0, 60.0


@dataclass(frozen=True)
class Told:
    """What was found out, when, and how long that took."""

    verdict: Verdict
    at: float
    seconds: float


class Watch(threading.Thread):
    """Keeps `told` true."""

    def __init__(self, place: Place, inputs: Inputs, wishes: Wishes, *, page: int) -> None:
        super().__init__(name="watch", daemon=True)
        self._place, self._inputs, self._wishes, self._page = place, inputs, wishes, page
        self._texts, self._verdicts = Cache(None, repr(inputs)), Cache(None, repr(inputs))
        self._wake, self._ended = threading.Event(), threading.Event()
        self._mirror: Mirror | None = None
        self._manifests = Manifests()
        self._read_at = self._made_at = float("-inf")
        self._before = ""
        self.told: Told | None = None

    def run(self) -> None:
        """Look whenever something changed, until told to stop."""
        while not self._ended.is_set():
            begun = time.monotonic()
            try:
                self._look()
            except ApiError as error:
                self._tell(Verdict(troubles=[Trouble("the API server", str(error))]), begun)
            except Exception as error:  # noqa: BLE001  # a mistake of ours is trouble, and no end of watching
                log.get().exception("looking failed")
                self._tell(Verdict(troubles=[Trouble("kubediff", type(error).__name__)]), begun)
            self._wake.wait(READ_SECONDS)
            self._ended.wait(GATHER_SECONDS)

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        self._wake.set()

    def metrics(self) -> str:
        """Return what was told as metrics; where everything is known, it is known now."""
        told = self.told
        if told is None:
            return ""
        return prometheus.render(told.verdict, self._before, now=time.time(), seconds=told.seconds)

    def _look(self) -> None:
        """Compare, if anything is another than it was."""
        now, changed = time.monotonic(), self._wake.is_set()
        self._wake.clear()
        if now - self._read_at >= READ_SECONDS:
            read = self._inputs.read(self._texts)
            self._texts.turn()
            self._read_at = now
            if read != self._manifests or self._is_old(now):
                self._begin(read)
                return
        if changed:
            assert self._mirror
            self._compare(self._mirror, self._manifests)

    def _is_old(self, now: float) -> bool:
        is_troubled = bool(self.told and self.told.verdict.troubles)
        return now - self._made_at >= (TROUBLED_SECONDS if is_troubled else ANEW_SECONDS)

    def _begin(self, manifests: Manifests) -> None:
        """Follow what these manifests are about, from the beginning."""
        client = ApiClient(self._place, user_agent="kubediff")
        extra = self._wishes.extra
        mirror = Mirror(client, page=self._page, extra=extra, notify=self._wake.set)
        before, self._mirror, self._manifests = self._mirror, mirror, manifests
        self._made_at = time.monotonic()
        if before:
            before.__exit__()
        self._compare(mirror, manifests)

    def _compare(self, mirror: Mirror, manifests: Manifests) -> None:
        begun = time.monotonic()
        verdict = Run(mirror, manifests, self._wishes, self._verdicts).whole()
        self._verdicts.turn()
        self._tell(verdict, begun)

    def _tell(self, verdict: Verdict, begun: float) -> None:
        if self.told is None or self.told.verdict.code != verdict.code:
            count = len(verdict.drift)
            log.get().info("compared", code=verdict.code, drifted=count, checked=verdict.checked)
        self._before = self.metrics()  # since when there has been drift, and until when all was known
        self.told = Told(verdict, time.time(), round(time.monotonic() - begun, 3))
