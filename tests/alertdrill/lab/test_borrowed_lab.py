"""A lab is borrowed from whoever has it, and never from under somebody's hands."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from alertdrill.errors import LabError
from alertdrill.incident import Limits
from alertdrill.kube import Forward, Kube
from alertdrill.lab import Lab, LabRules, Options, State, Status, lab
from alertdrill.machine.images import TERRADIFF
from alertdrill.progress import Progress
from alertdrill.prometheus import api as prometheus
from alertdrill.rules import RuleSet

NAMED = Options(name="lab")
LIMITS = Limits(scrape_interval=1, scrape_gap_max=1, evaluation_interval=1, jobs=(), canary="")
RULES = LabRules(RuleSet(), RuleSet(), LIMITS)


def state(*images: str) -> State:
    """Return what is known of a lab that has these images."""
    made_of = dict.fromkeys(images, "")
    return State(
        options=NAMED, flavour="kind", reason="", kubeconfig="", context="", images=made_of, phases={}
    )


class Script:
    """A lab that others bring up and take down: what is there at each look, and what was done."""

    def __init__(self, before: list[State | None], held: list[State | None], *, was_up: bool = False) -> None:
        self.before = before  # each time before we wait for our turn
        self.held = held  # each time it is our turn
        self.was_up = was_up
        self.done: list[str] = []

    def status(self, _name: str) -> Status:
        """Look without waiting for our turn."""
        there = self.before.pop(0)
        return Status(answers=there is not None, sentence="", state=there)

    def find(self, _name: str) -> State | None:
        """Look when it is our turn."""
        return self.held.pop(0)

    def up(self, *_: object, keep: bool) -> tuple[State, bool]:
        """Bring it up."""
        self.done.append("up and stay" if keep else "up")
        return state(), self.was_up

    def down(self, *_: object) -> bool:
        """Take it down."""
        self.done.append("down")
        return True

    @contextmanager
    def connected(self, *_: object) -> Iterator[None]:
        """Be used."""
        self.done.append("use")
        yield


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from labs that are up on this machine."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))


def borrow(script: Script, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[str]:
    """Borrow the lab, and return what was done."""
    for name in ("status", "find", "up", "down"):
        monkeypatch.setattr(lab, name, getattr(script, name))
    monkeypatch.setattr(lab, "_connected", script.connected)
    with lab.borrowed(Options(name="lab", **options), RULES, Progress(), keep=False):
        script.done.append("played")
    return script.done


def test_a_lab_that_is_up_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used as it is."""
    assert ["use", "played"] == borrow(Script([state()], [state()]), monkeypatch)


def test_a_new_lab_is_taken_down_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who made it removes it."""
    assert ["up", "use", "played", "down"] == borrow(Script([None], [state()]), monkeypatch)


def test_a_lab_that_did_not_answer_for_a_moment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that turns out to have been up all the time is not ours to take down."""
    script = Script([None], [state()], was_up=True)
    assert ["up", "use", "played"] == borrow(script, monkeypatch)


def test_a_lab_that_was_taken_down_while_we_waited_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that made it may take it down between its play and ours."""
    script = Script([state(), None], [None, state()])
    assert ["up", "use", "played", "down"] == borrow(script, monkeypatch)


def test_what_we_made_and_others_took_down_is_not_taken_down_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab of that name may be another's by then."""
    script = Script([None, state()], [None, state()])
    assert ["up", "use", "played"] == borrow(script, monkeypatch)


def test_a_lab_without_the_image_of_terradiff_gets_it_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it lacks is added, and it is still not ours."""
    script = Script([state()], [state(TERRADIFF.name)], was_up=True)
    assert ["up and stay", "use", "played"] == borrow(script, monkeypatch, tofu=True)


def test_a_lab_that_is_always_gone_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even starting over has an end."""
    tries = lab.BORROW_TRIES_MAX
    script = Script([state()] * tries, [None] * tries)
    with pytest.raises(LabError, match="borrowing the lab lab: others took it down each time"):
        borrow(script, monkeypatch)


def test_a_new_lab_is_taken_down_though_the_play_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the play, nothing is left standing."""
    script = Script([None], [state()])
    for name in ("status", "find", "up", "down"):
        monkeypatch.setattr(lab, name, getattr(script, name))
    monkeypatch.setattr(lab, "_connected", script.connected)
    with pytest.raises(KeyboardInterrupt), lab.borrowed(NAMED, RULES, Progress(), keep=False):
        raise KeyboardInterrupt
    assert ["up", "use", "down"] == script.done


class Hung:
    """A forward that takes connections and carries nothing."""

    def __init__(self, url: str) -> None:
        self.here = url
        self.mistrusted: list[str] = []

    def url(self) -> str:
        """Return where it listens."""
        return self.here

    def mistrust(self, url: str) -> None:
        """Remember."""
        self.mistrusted.append(url)


def test_a_forward_that_carries_nothing_is_mistrusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next connection to the lab's Prometheus goes by another one."""
    monkeypatch.setattr(prometheus, "REPLY_SECONDS_MAX", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        hung = Hung(f"http://127.0.0.1:{listening.getsockname()[1]}")
        there = Lab("lab", cast("Kube", None), cast("Forward", hung), 20.0, RULES, {}, {})
        with pytest.raises(LabError, match="no reply"):
            there.prometheus().query("up")
    assert [hung.here] == hung.mistrusted
