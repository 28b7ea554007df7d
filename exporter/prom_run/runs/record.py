"""What became of a run. Plain data, to and from JSON."""

from typing import Literal

import msgspec

from prom_run.runs.output import Output

FORMAT = 1
Outcome = Literal["success", "failure", "timeout", "not started", "stopped"]
Trigger = Literal["start", "schedule", "commit", "request"]

# Exit codes that are not the command's own.
NOT_STARTED = 255
TIMED_OUT = 124
SIGNALLED = 128
# What is shown before a command has ever ended: neither good nor any code a command can have.
UNKNOWN = -1


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is over. Times are seconds since the epoch, `note` is a sentence for people.

    `leftovers` counts the processes that the command left behind and that were ended after it.
    """

    id: str
    command: str
    started: float
    duration: float
    outcome: Outcome
    exit_code: int
    trigger: Trigger = "schedule"
    note: str = ""
    commit: str = ""
    output_bytes: int = 0
    missing_bytes: int = 0
    leftovers: int = 0

    @property
    def ended(self) -> float:
        """When it ended."""
        return self.started + self.duration


class Record(msgspec.Struct, frozen=True):
    """A run with its output, as it lies on disk; `format` says how to read it."""

    run: Run
    output: Output
    format: int = FORMAT
