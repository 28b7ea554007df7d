"""Random histories with chaos in between; afterwards the scrape is exactly what the API server holds."""

import os
import random
from pathlib import Path

import pytest
import requests

from alertdrill.clock import NotYet, WallClock, wait_for
from e2e.exporter import histories, reference
from e2e.exporter.apiserver import ApiServer
from e2e.exporter.chaos import Chaos, Moods
from e2e.exporter.histories import KINDS, LISTS, History
from e2e.exporter.running import Running

SECONDS_OF_CHAOS = float(os.environ.get("EXPORTER_CHAOS_SECONDS", "45"))
ANCHORS = 40
# Audits come quickly here, so that a lost event is found while the test waits; silence is noticed early.
FLAGS = (f"--kinds={KINDS}", "--audit-interval=8", "--silence=3", "--page=20")


def anchors(api: ApiServer) -> set[reference.Sample]:
    """Create objects that stay and never change; return their samples, which every scrape must have."""
    dice = random.Random(7)  # noqa: S311  # the same objects every time
    for index in range(ANCHORS):
        for kind, path in histories.PATHS.items():
            name = f"anchor-{kind.partition('.')[0]}-{index}"
            api.call("POST", path.format("one"), histories.body(kind, name, dice))
    return {sample for sample in truth(api) if any(said.startswith("anchor-") for _, said in sample[1])}


def truth(api: ApiServer) -> set[reference.Sample]:
    """Return what a scrape must say now, from fresh lists."""
    found: set[reference.Sample] = set()
    for kind, path in LISTS.values():
        found |= reference.expected(kind, api.call("GET", path)["items"])
    return found


def moods(dice: random.Random) -> Moods:
    """Draw a way to misbehave."""
    return dice.choice(
        [
            Moods(),
            Moods(black_hole=True),
            Moods(refuse=True),
            Moods(drip_seconds=0.01),
            Moods(drop=0.2),
            Moods(duplicate=0.3),
            Moods(swap=0.3),
            Moods(status=429),
            Moods(status=410),
            Moods(status=500),
            Moods(gone_events=4),
            Moods(drop=0.1, duplicate=0.1, swap=0.1),
        ]
    )


def live_through(
    api: ApiServer, chaos: Chaos, running: Running, always: set[reference.Sample], seed: int
) -> None:
    """Misbehave for a while, and scrape all the time: whatever is served is whole."""
    dice, clock = random.Random(seed), WallClock()  # noqa: S311  # chaos that can be repeated
    end, restored = clock.now() + SECONDS_OF_CHAOS, False
    while clock.now() < end:
        chaos.moods = moods(dice)
        if dice.random() < 0.3:
            chaos.cut()
        until = clock.now() + dice.uniform(0.5, 4)
        while clock.now() < until:
            missing = always - reference.scraped(running.scrape())
            assert not missing, f"a scrape was partial: {sorted(map(str, missing))[:3]} under {chaos.moods}"
            clock.sleep(0.05)
        if not restored and clock.now() > end - SECONDS_OF_CHAOS / 2:
            api.restore_copy()
            restored = True


# The API server is killed amid everything: a TLS handshake that it leaves half done leaves its socket behind.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("watch_list", [True, False], ids=["watch-list", "list"])
def test_after_any_history_and_any_chaos_the_scrape_is_the_truth(
    api: ApiServer, chaos: Chaos, log: Path, *, watch_list: bool
) -> None:
    """No scrape is ever partial; once the chaos ends, nothing is missing, stale or left over."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  # to repeat a failure
    always = anchors(api)
    api.keep_copy()
    flag = "--watch-list" if watch_list else "--no-watch-list"
    with Running(api.kubeconfig(chaos.address), log, *FLAGS, flag) as running:
        running.wait_ready()
        history = History(api, seed)
        history.start()
        try:
            live_through(api, chaos, running, always, seed)
        finally:
            history.stop()
        chaos.moods = Moods()

        def equal() -> bool:
            want, got = truth(api), reference.scraped(running.scrape())
            if want != got:
                raise NotYet(
                    f"missing {sorted(map(str, want - got))[:2]}, too much {sorted(map(str, got - want))[:2]}"
                )
            return True

        wait_for("the scrape to be the truth", equal, deadline=90, clock=WallClock())
        assert history.changes > 10 * SECONDS_OF_CHAOS
        assert requests.get(f"{running.url}/livez", timeout=5).ok
