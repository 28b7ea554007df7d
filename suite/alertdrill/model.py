"""Frozen values that all lanes share."""

import enum
from collections.abc import Iterable
from typing import Literal

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plain data: frozen, compared by content, to and from JSON."""


class Verdict(enum.Enum):
    """Pass, fail, or unknown because the lab was not fit to judge."""

    PASS = "pass"  # noqa: S105  # a verdict
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        """Return the process exit code: 0 pass, 1 fail, 3 unknown."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNKNOWN: 3}[self]

    @staticmethod
    def worst(verdicts: Iterable["Verdict"]) -> "Verdict":
        """Return fail if any failed, else unknown if any is unknown; no verdict at all is unknown."""
        seen = set(verdicts)
        for verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS):
            if verdict in seen:
                return verdict
        return Verdict.UNKNOWN


class Trait(enum.StrEnum):
    """What a fault does to the world it strikes, which decides how a recording of it is looked at."""

    CHANGES_SPEC = "changes spec"  # of its target: Prometheus must see a new generation
    DELAYS_MESSAGES = "delays messages"  # has who takes them be slow, or refuse them for a while
    STOPS_MESSAGES = "stops messages"  # takes away, on purpose, who sends them
    CRASH_LOOPS = "crash loops"  # the pace of restarts decides, so the run measures how often
    KILLED_BY_PROBE = "killed by probe"  # crash loops so: a kubelet restarts it at once every other time
    REMOVES_OBJECTS = "removes objects"  # takes a Deployment away, on purpose, until the repair
    REMOVES_TARGETS = "removes targets"  # takes away, on purpose, what was scraped
    SLOW = "slow"  # keeps replicas away for as long as its argument `takes` says, and no longer


class AlertState(enum.Enum):
    """What Prometheus says of an alert instance at one evaluation."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


class Change(Value, frozen=True, kw_only=True):
    """An alert instance enters `state` at `t`, seconds of rule time since the fault."""

    t: float
    state: AlertState


class Life(Value, frozen=True, kw_only=True):
    """One alert instance through a run: healthy → pending → firing → resolved.

    `labels` are all labels but `alertname`; `annotations` are those it had when it first fired; `changes`
    are in order of time, and before the first the instance was inactive.
    """

    alert: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    changes: tuple[Change, ...] = ()

    def first(self, state: AlertState, since: float = float("-inf")) -> float | None:
        """Return when the instance first entered `state` at or after `since`, or None."""
        return next(
            (change.t for change in self.changes if change.state is state and change.t >= since), None
        )

    def state_at(self, t: float) -> AlertState:
        """Return the state the instance was in at `t`."""
        before = [change.state for change in self.changes if change.t <= t]
        return before[-1] if before else AlertState.INACTIVE


ClaimKind = Literal["paced-by-lab", "own-pace", "seconds", "level", "unknown"]


class Claim(Value, frozen=True, kw_only=True):
    """What a metric was taken for when rules were compressed, and why.

    `declared`: a file beside the rules says so. `rules` are the alerts and recording rules that rest on it.
    """

    metric: str
    kind: ClaimKind
    why: str
    declared: bool = False
    rules: tuple[str, ...] = ()

    @property
    def is_guess(self) -> bool:
        """Say whether a verdict that rests on it rests on what nobody said."""
        return self.kind == "own-pace" and not self.declared

    def __str__(self) -> str:
        """Say it to a person."""
        stated = "" if self.declared or not self.is_guess else ", undeclared"
        return f"{self.metric}: {self.kind}{stated}: {self.why} ({', '.join(self.rules)})"


class Finding(Value, frozen=True, kw_only=True):
    """One thing a judge has to say: which check, about which alert, and a whole sentence."""

    check: str
    verdict: Verdict
    sentence: str
    alert: str = ""


class Latency(Value, frozen=True, kw_only=True):
    """How long one stage of an alert's way to people took, and may take, in seconds of rule time."""

    alert: str
    stage: str
    seconds: float
    budget: float

    def __str__(self) -> str:
        """Say it to a person."""
        return f"{self.alert}: {self.told}"

    @property
    def told(self) -> str:
        """Say it of an alert that was named already."""
        return f"{self.stage} {self.seconds:.0f}s (at most {self.budget:.0f}s)"


class Judgement(Value, frozen=True, kw_only=True):
    """The verdict on one scenario, with every finding and the lives of its alerts.

    `notes` say on what it rests that nobody declared, and `left_out` which rules did not run; they change no
    verdict. `latencies` are of what people were told. `speed` is None where it is not known.
    """

    scenario: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    lives: tuple[Life, ...]
    speed: float | None
    notes: tuple[str, ...] = ()
    latencies: tuple[Latency, ...] = ()
    left_out: tuple[str, ...] = ()
