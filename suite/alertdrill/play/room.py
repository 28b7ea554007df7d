"""How many workloads come up at a time: so many as the machine bears, or scrapes get lost."""

from pathlib import Path

from alertdrill.clock import Clock
from alertdrill.scenario import Scenario

# More would bring up pods faster than two cores can.
COMING_UP_MAX = 3
IDLE_MIN = 0.15  # of a machine that bears one more
LOOK_SECONDS = 0.9  # over a shorter time a machine that idles looks busy, and the other way round
STAT = Path("/proc/stat")
# Fields of its first line. Nice ones give way, so their time is there to be had; a guest's is in the user's.
NICE, IDLE, WAITS_FOR_DISK, GUEST = 1, 3, 4, 8


class Room:
    """What this machine has left for one more workload; a machine that does not tell is taken to idle."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked, self._before = clock.now(), _spent()
        self._idles = True

    def look(self) -> None:
        """See what it did since the last look, if that is long enough ago."""
        now = self._clock.now()
        if now < self._looked + LOOK_SECONDS:
            return
        before, after = self._before, _spent()
        self._looked, self._before, self._idles = now, after, True
        if before and after and after[1] > before[1]:
            self._idles = (after[0] - before[0]) / (after[1] - before[1]) >= IDLE_MIN

    def has(self, coming_up: int) -> bool:
        """Say whether another may come up, beside so many; one always may, whatever else keeps it busy."""
        return coming_up == 0 or (coming_up < COMING_UP_MAX and self._idles)

    def take(self, scenario: Scenario) -> None:
        """Have its workload come up, if it has one: by the next look it is seen in what the machine does."""
        if not scenario.workload:
            return
        self._looked, self._before, self._idles = self._clock.now(), _spent(), False


def _spent() -> tuple[int, int] | None:
    """Return the time that this machine's processors idled, or nearly, and all that they had."""
    try:
        words = STAT.read_text().split("\n", 1)[0].split()[1:]
        spent = [int(one) for one in words[:GUEST]]
        return spent[NICE] + spent[IDLE] + spent[WAITS_FOR_DISK], sum(spent)
    except (OSError, ValueError, IndexError):
        return None
