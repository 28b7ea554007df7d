"""How many workloads come up at a time, and what of the machine they are left."""

from pathlib import Path

import pytest

from alertdrill.play import room
from alertdrill.play.room import COMING_UP_MAX, Room
from alertdrill.scenario import Scenario
from alertdrill.testing import ManualClock

WEB, NOTHING = (
    Scenario(name="a/b", why="", workload=workload, hold="1m", expect=()) for workload in ("web", "")
)


class Machine(ManualClock):
    """A machine that idles for a share of each second, as `/proc/stat` tells it in hundredths."""

    def __init__(self, stat: Path, idle: float) -> None:
        super().__init__(1000.0)
        self.stat, self.idle = stat, idle
        self.sleep(0)

    def sleep(self, seconds: float) -> None:
        """Let the time pass, and tell what was spent: by users, nice ones, the system, none."""
        super().sleep(seconds)
        spent = self.now() * 100
        idle = round(spent * self.idle)
        nice = idle // 2
        self.stat.write_text(f"cpu  {round(spent) - idle} {nice} 0 {idle - nice} 0 0 0 0 0 0\ncpu0 1 2 3 4\n")


@pytest.fixture
def stat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which a machine tells what it does."""
    monkeypatch.setattr(room, "STAT", tmp_path / "stat")
    return tmp_path / "stat"


@pytest.mark.parametrize(("idle", "there_is"), [(0.5, True), (0.16, True), (0.14, False), (0.0, False)])
def test_a_busy_machine_has_no_room_beside_another(stat: Path, idle: float, there_is: bool) -> None:  # noqa: FBT001
    """One always may come up: what keeps the machine busy may be something else."""
    machine = Machine(stat, idle)
    left = Room(machine)
    machine.sleep(1.0)
    left.look()
    assert (True, there_is, False) == (left.has(0), left.has(1), left.has(COMING_UP_MAX))


def test_what_begins_is_seen_before_another_does(stat: Path) -> None:
    """Two at once would both find room for one."""
    machine = Machine(stat, 0.5)
    left = Room(machine)
    found = []
    for seconds in (0.0, 0.5, 0.5):
        machine.sleep(seconds)
        left.look()
        found.append(left.has(1))
        if not seconds:
            left.take(WEB)
    assert [True, False, True] == found


def test_who_has_no_workload_takes_no_room(stat: Path) -> None:
    """It brings up nothing."""
    left = Room(Machine(stat, 0.5))
    left.take(NOTHING)
    assert left.has(1)


@pytest.mark.parametrize("told", [None, "", "cpu  1 2 3\n", "cpu  1 2 3 x 5\n", "cpu  1 2 3 4 5\n"])
def test_a_machine_that_does_not_tell_is_taken_to_idle(stat: Path, told: str | None) -> None:
    """No such file, another form, or times that stand still."""
    if told is not None:
        stat.write_text(told)
    clock = ManualClock(1000.0)
    left = Room(clock)
    clock.sleep(1.0)
    left.look()
    assert left.has(COMING_UP_MAX - 1)
