"""A scenario reads like its sentence: this workload, this fault, these alerts in these windows.

All durations are rule time, as in the rule files; a scenario never knows how fast it is played.
"""

from pathlib import Path
from typing import Any, Literal, Self

import msgspec

from alertdrill import durations
from alertdrill.errors import ScenarioError
from alertdrill.model import Value
from alertdrill.names import ALERTMANAGER, KUBELET, NODE_EXPORTER, SPARED, TOUCHABLE


class Like(Value, frozen=True, kw_only=True):
    """A value that matches a regular expression as a whole."""

    like: str


Match = str | Like


class Fault(Value, frozen=True, kw_only=True, dict=True):
    """What is broken on purpose: the name of a fault in alertdrill.faults, and its arguments.

    A fault of a scenario module's own also knows its class, which is never recorded: a recording is judged
    by what the fault did, wherever that module is.
    """

    name: str
    args: dict[str, Any] = {}

    def made_by(self, kind: object) -> Self:
        """Return the fault with the class that breaks and repairs."""
        known = msgspec.structs.replace(self)
        known.__dict__["kind"] = kind
        return known

    @property
    def own_kind(self) -> object | None:
        """Return the class that a scenario module brought, None for a fault that is known by its name."""
        return self.__dict__.get("kind")

    def __str__(self) -> str:
        """Read like the call that made it."""
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.args.items())})"


class Expectation(Value, frozen=True, kw_only=True):
    """What must become of one alert.

    `fires`: becomes firing between `after` and `within`, counted from the fault.
    `pends`: becomes pending in that window; with `never`, it proves that a silence was not an empty one.
    `resolves`: what fired goes on until the repair, and no instance is active `within` that long after it.
    `never`: no instance fires in the whole run; one that is still pending at its end might have, and of a
    rule that had nothing to read, or asks for a word that is nearly one that there is, nothing is known.

    `notified`: its first message is taken by `receiver` `within` that long of its firing, `times` messages
    say that it fires, the last with so many `alerts` (0: however many), one with such a title and text, one
    below the other (`says`), and a link like `link`; no other receiver gets any. Its end is told once,
    `resolved` that long after the repair, if that is said.
    `unnotified`: it fires, and no message says so, as something silences it.

    `pends` and `resolves` are about the scenario's own instances, `never` about all of the cluster.

    `labels` are exact: every label of the alert but those that only say where it was scraped must be named
    here. `exported_namespace` is the scenario's namespace and need not be. `annotations` are those named, as
    they were when it fired.
    """

    kind: Literal["fires", "pends", "resolves", "never", "notified", "unnotified"]
    alert: str
    after: str = "0s"
    within: str = ""
    labels: dict[str, Match] = {}
    annotations: dict[str, Match] = {}
    receiver: str = ""
    times: int = 0
    alerts: int = 0
    says: Match | None = None
    link: Match | None = None
    resolved: str = ""

    @property
    def is_about_messages(self) -> bool:
        """Say whether it is about what people are told."""
        return self.kind in {"notified", "unnotified"}


class Scenario(Value, frozen=True, kw_only=True, dict=True):
    """One sentence of the drill; see the field comments.

    It also knows its module, which is never recorded: paths it names are looked for beside it.
    """

    name: str  # "<rule group>/<what happens>"
    why: str  # what would go wrong in production without this alert, or with it at the wrong time
    workload: str  # a manifest's path from this module's folder, or a shipped one's name; "" for none
    hold: str  # how long the fault stays, from its injection
    expect: tuple[Expectation, ...]  # what must become of which alerts; no other one may fire
    fault: Fault | None = None  # None: nothing is broken, and nothing may fire
    settle: str = "0s"  # how long to go on watching after the repair, when nothing is expected to resolve
    touches: tuple[str, ...] = ()  # what of the lab it disturbs; who needs that does not run beside it
    touches_for: str = ""  # how long after the fault that is whole again, where it is before the repair
    without: tuple[str, ...] = ()  # what others may disturb while its fault holds: all it expects goes on
    regardless_of: tuple[str, ...] = ()  # what others may disturb all the time: nothing of it rests on that
    exclusive: bool = False  # touches the whole cluster: no other scenario runs beside it

    def __repr__(self) -> str:
        """Be short: it stands in the text of a test that failed."""
        return f"<Scenario {self.name}>"

    def written_in(self, module: Path) -> Self:
        """Return the scenario with the file it is written in, unless it knows that already."""
        placed = msgspec.structs.replace(self)
        placed.__dict__["module"] = self.module or module
        return placed

    @property
    def module(self) -> Path | None:
        """Return the file it is written in, None where that is not known."""
        found: Path | None = self.__dict__.get("module")
        return found

    @property
    def folder(self) -> Path:
        """Return where its paths start: the folder of its module, else the one we are in."""
        return self.module.parent if self.module else Path()

    @property
    def slug(self) -> str:
        """Return the name as a folder and namespace may be called."""
        return self.name.replace("/", "-").replace(" ", "-").lower()

    @property
    def disturbs(self) -> frozenset[str]:
        """Return what others find disturbed while it runs."""
        return frozenset(TOUCHABLE) if self.exclusive else frozenset(self.touches)

    @property
    def needs(self) -> frozenset[str]:
        """Return what must not be disturbed by others while it runs."""
        messages = {ALERTMANAGER} if any(one.is_about_messages for one in self.expect) else set[str]()
        every_node = {KUBELET} if NODE_EXPORTER in self.disturbs else set[str]()  # its pods are on each
        return frozenset(TOUCHABLE) - SPARED - {*self.regardless_of} | self.disturbs | messages | every_node

    def bears(self, other: Self) -> bool:
        """Say whether the two may run side by side."""
        return not (self.disturbs & other.needs or other.disturbs & self.needs)

    def endures(self, other: Self) -> bool:
        """Say whether the other may be played while this one's fault holds, and be over before its repair."""
        return not self.disturbs & other.needs and other.disturbs & self.needs <= frozenset(self.without)

    @property
    def rule_seconds_max(self) -> float:
        """Return the longest the run can take after the fault, in seconds of rule time."""
        resolving = [durations.seconds(e.within) for e in self.expect if e.kind == "resolves"]
        resolving += [durations.seconds(e.resolved) for e in self.expect if e.resolved]
        return durations.seconds(self.hold) + max([*resolving, durations.seconds(self.settle)])


def like(pattern: str) -> Like:
    """Match a whole label or annotation by regular expression."""
    return Like(like=pattern)


def fires(
    alert: str,
    *,
    within: str,
    after: str = "0s",
    labels: dict[str, Match] | None = None,
    annotations: dict[str, Match] | None = None,
) -> Expectation:
    """Expect the alert to become firing between `after` and `within` of the fault."""
    return Expectation(
        kind="fires",
        alert=alert,
        after=after,
        within=within,
        labels=labels or {},
        annotations=annotations or {},
    )


def pends(alert: str, *, within: str, after: str = "0s") -> Expectation:
    """Expect the alert to become at least pending between `after` and `within` of the fault."""
    return Expectation(kind="pends", alert=alert, after=after, within=within)


def resolves(alert: str, *, within: str) -> Expectation:
    """Expect every instance of the alert to be inactive `within` that long of the repair."""
    return Expectation(kind="resolves", alert=alert, within=within)


def never(alert: str) -> Expectation:
    """Expect no instance of the alert to fire."""
    return Expectation(kind="never", alert=alert)


def notified(
    alert: str,
    *,
    receiver: str,
    within: str,
    times: int = 1,
    alerts: int = 0,
    says: Match | None = None,
    link: Match | None = None,
    resolved: str = "",
) -> Expectation:
    """Expect people to be told by `receiver`, `within` that long of the alert's firing, and of its end."""
    return Expectation(
        kind="notified",
        alert=alert,
        receiver=receiver,
        within=within,
        times=times,
        alerts=alerts,
        says=says,
        link=link,
        resolved=resolved,
    )


def unnotified(alert: str) -> Expectation:
    """Expect the alert to fire, and nobody to be told of it."""
    return Expectation(kind="unnotified", alert=alert)


def to_json(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario as plain data for JSON."""
    data: dict[str, Any] = msgspec.to_builtins(scenario)
    return data


def from_json(data: object) -> Scenario:
    """Return the scenario that `to_json` made data of; anything else is a ScenarioError."""
    try:
        return msgspec.convert(data, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"this is no scenario: {error}") from error
