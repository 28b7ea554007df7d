"""The loop: look, publish what is new, tell of it, wait."""

import threading
import time
from collections import Counter
from pathlib import Path

from exporter_kit import log
from exporter_kit.errors import DaemonError
from git_sync_stand_in.checkout import Checkout
from git_sync_stand_in.hooks import Hook


class Sync:
    """Keeps a checkout at its ref; `counts` says how often that was a success, an error or a noop."""

    def __init__(self, checkout: Checkout, hooks: list[Hook], touch_file: Path | None = None) -> None:
        self.counts = Counter({"success": 0, "error": 0, "noop": 0})
        self.seconds = 0.0
        self.is_synced = False
        self.hooks = hooks
        self._checkout = checkout
        self._touch_file = touch_file
        self._untold: str | None = None

    def once(self) -> str | None:
        """Sync once; return the commit if it is to be told of.

        One that was published before a DaemonError is returned by the next call that has none.
        """
        begun = time.monotonic()
        try:
            commit = self._checkout.fetch()
            is_new = commit != self._checkout.current()
            if is_new:
                self._checkout.publish(commit)
            # After a restart the receivers are told of a commit they may know: twice is better than never.
            if is_new or not self.is_synced:
                self._untold = commit
            self._checkout.forget_others(commit)
            if self._touch_file and self._untold:
                self._touch_file.touch()
        except DaemonError:
            self.counts["error"] += 1
            raise
        except OSError as error:
            self.counts["error"] += 1
            raise DaemonError(f"syncing: {error}") from None
        finally:
            self.seconds += time.monotonic() - begun
        self.is_synced = True
        self.counts["success" if is_new else "noop"] += 1
        untold, self._untold = self._untold, None
        return untold

    def forever(self, period: float, failures_max: int, stop: threading.Event) -> None:
        """Sync every `period` seconds until told to stop, or after too many failures in a row (-1: never)."""
        failures = 0
        for hook in self.hooks:
            hook.start()
        while not stop.is_set():
            try:
                commit = self.once()
            except DaemonError as error:
                failures += 1
                if 0 <= failures_max < failures:
                    raise
                log.get().warning("sync failed", error=str(error), failures=failures)
            else:
                failures = 0
                if commit:
                    log.get().info("synced", hash=commit)
                    for hook in self.hooks:
                        hook.tell(commit, self._checkout.link)
            stop.wait(period)
