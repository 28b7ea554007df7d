"""What is told of a new commit: a program, a web address. Each is told until it has taken it."""

import base64
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import urllib3

from exporter_kit import log
from exporter_kit.errors import DaemonError

Send = Callable[[str, Path], None]


@dataclass(frozen=True)
class Exec:
    """A program without arguments, run in the worktree with the commit in $GITSYNC_HASH."""

    command: str
    timeout: float

    def __call__(self, commit: str, worktree: Path) -> None:
        """Run it; an exit code other than 0 is a DaemonError."""
        try:
            done = subprocess.run(
                [self.command],
                cwd=worktree,
                env={**os.environ, "GITSYNC_HASH": commit},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DaemonError(f"running the hook {self.command}: {error}") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise DaemonError(f"running the hook {self.command}: it ended with {done.returncode}: {said}")


@dataclass(frozen=True)
class Webhook:
    """An address that is told of the commit in the header Gitsync-Hash.

    A name and password in it are sent as basic auth; neither is in an error, which is logged.
    """

    url: str = field(repr=False)
    method: str
    success: int
    timeout: float

    def __call__(self, commit: str, _worktree: Path) -> None:
        """Send it; another status than the one of success (0: any will do) is a DaemonError."""
        url, headers = without_user(self.url)
        try:
            answer = urllib3.request(
                self.method,
                url,
                headers={"Gitsync-Hash": commit, **headers},
                timeout=self.timeout,
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise DaemonError(f"sending the webhook to {url}: {error}") from None
        if self.success and answer.status != self.success:
            raise DaemonError(f"sending the webhook to {url}: it answered {answer.status}")


def without_user(address: str) -> tuple[str, dict[str, str]]:
    """Return an address without the name and password in it, and the header that says them."""
    # What is said of a broken one leaves it out: there may be a password in it.
    broken = DaemonError(
        "reading --webhook-url: it is no http URL; write / and @ in a password as %2F and %40"
    )
    try:
        url = urllib3.util.parse_url(address)
    except urllib3.exceptions.LocationParseError:
        raise broken from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise broken
    if url.auth is None:
        return url.url, {}
    name, _, password = url.auth.partition(":")
    pair = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
    return url._replace(auth=None).url, {"Authorization": f"Basic {pair}"}


class Hook:
    """Tells one receiver of the newest commit, again after `backoff` seconds until it has been taken."""

    def __init__(self, name: str, send: Send, backoff: float) -> None:
        self.name = name
        self.done = 0
        self.failed = 0
        self._send = send
        self._backoff = backoff
        self._news: tuple[str, Path] | None = None
        self._changed = threading.Condition()

    def start(self) -> None:
        """Tell in the background from now on; syncing does not wait for a slow receiver."""
        threading.Thread(target=self._run, name=self.name, daemon=True).start()

    def tell(self, commit: str, worktree: Path) -> None:
        """Have the receiver told; a commit that has not been taken yet is forgotten for this one."""
        with self._changed:
            self._news = (commit, worktree)
            self._changed.notify()

    def tell_now(self, commit: str, worktree: Path) -> None:
        """Tell once and wait for it."""
        self._send(commit, worktree)
        self.done += 1

    def _wait_for_newer(self, news: tuple[str, Path]) -> None:
        """Wait for the back-off, or less when there is something newer to tell."""
        with self._changed:
            self._changed.wait_for(lambda: self._news is not news, timeout=self._backoff)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._news is not None)
                news = self._news
            assert news
            try:
                self.tell_now(*news)
            except Exception as error:  # noqa: BLE001  # whatever it is, the receiver is told again
                self.failed += 1
                log.get().warning(
                    "hook failed", hook=self.name, error=str(error), again_in_seconds=self._backoff
                )
                self._wait_for_newer(news)
            else:
                log.get().info("hook done", hook=self.name, hash=news[0])
                with self._changed:
                    if self._news is news:
                        self._news = None
