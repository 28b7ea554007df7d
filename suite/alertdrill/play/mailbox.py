"""What people would have been told, recorded as events: every message of Alertmanager's, and each try."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, Self

import msgspec

from alertdrill import crash
from alertdrill.clock import Clock
from alertdrill.errors import LabError
from alertdrill.incident import Event
from alertdrill.lab import receiver
from alertdrill.lab.receiver import Page, Received
from alertdrill.names import NAMESPACE_PREFIX
from alertdrill.play.observe import Window


class Source(Protocol):
    """A receiver, asked what came."""

    def since(self, number: int) -> Page:
        """Return what came from `number` on."""
        ...


@dataclass
class Mailbox:
    """Asks the receiver over and over, in a thread of its own: what came is known here even if it goes away.

    `since` and `until` are the live times between which all that came is known, but for what is `lost`.
    """

    source: Callable[[], Source]
    clock: Clock
    every: float
    received: list[Received] = field(default_factory=list)
    since: float | None = None
    until: float | None = None
    lost: list[tuple[float, str]] = field(default_factory=list)
    _instance: str = ""
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Go on asking in the background; what can't be asked yet is asked again."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def look(self) -> bool:
        """Ask once; say whether there was an answer."""
        with self._lock:
            try:
                self._take(self.source())
            except LabError:
                return False
            return True

    def has(self, namespace: str, alert: str, *, status: str, since: float) -> bool:
        """Say whether a message of this sort has been taken since then."""
        found = (receiver.read(one) for one in list(self.received) if one.at >= since)
        return any(
            one.is_taken and one.status == status and one.alert == alert and one.namespace in {namespace, ""}
            for one in found
        )

    def events(self, window: Window) -> Iterator[Event]:
        """Yield what came in a run's window, other scenarios' left out, and how much of it is known."""
        for one in list(self.received):
            told = receiver.read(one)
            foreign = told.namespace.startswith(NAMESPACE_PREFIX) and told.namespace != window.namespace
            if window.started <= one.at <= window.ended and not foreign:
                told = msgspec.structs.replace(told, took=round(one.took * window.speed, 3))
                yield Event(t=window.rule_time(one.at), kind="notification", data=msgspec.to_builtins(told))
        if self.since is None or self.until is None:
            return
        lost = [said for at, said in self.lost if window.started <= at <= window.ended]
        data = {
            "since": window.rule_time(max(self.since, window.started)),
            "until": window.rule_time(min(self.until, window.ended)),
            "lost": lost,
        }
        yield Event(t=window.rule_time(window.ended), kind="receiver", data=data)

    def _take(self, source: Source) -> None:
        asked = self.clock.now()  # what comes later may be in the answer, or not
        page = source.since(self._next)
        if self._instance and page.instance != self._instance:
            self.lost.append((asked, "the receiver was started anew, and has forgotten what it had not told"))
            self._next = 0
            page = source.since(0)
        elif page.since > self._next and self._instance:
            self.lost.append((asked, "so much came that the receiver has forgotten some of it"))
        if self.since is None:
            self.since = asked
        self._instance = page.instance
        self._next = page.since + len(page.received)
        self.received += page.received
        self.until = asked

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  # a thread that ends unseen leaves a silence
                self.lost.append((self.clock.now(), crash.told("asking the receiver", error)))
                return
            self._stop.wait(self.every)
