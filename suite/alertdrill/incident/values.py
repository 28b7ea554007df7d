"""What is recorded of a run: the scenario, events, series, and what the lab was.

`t` is seconds of rule time since the fault (live seconds x k), negative before it. What is out of all bounds
was never measured: a recording that has it is damaged.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta

from alertdrill.model import Claim, Trait, Value
from alertdrill.scenario import Expectation, Scenario
from alertdrill.scenario.noise import Noise

# Of what a recording of an older format holds of every scenario, whether or not it had a series.
OF_EACH_OBJECT = "k8s_"

STALE: Literal["stale"] = "stale"

Moment = Annotated[float, Meta(ge=-1e10, le=1e10)]  # seconds; 1e10 are three centuries
Span = Annotated[float, Meta(gt=0, le=1e10)]
Speed = Annotated[float, Meta(ge=1, le=1000)]
Milliseconds = Annotated[int, Meta(ge=0, le=2**53)]

Kind = Literal[
    "step", "fault", "heal", "alert", "notification", "receiver", "scrape", "rule_health", "trouble", "end"
]


class Event(Value, frozen=True, kw_only=True):
    """Something that happened at `t`; `data` by kind, see below.

    step         {"name"}: the play reached this step
    fault, heal  {"fault"}: it was injected, repaired (everything the repair needs has been accepted)
    alert        {"alert", "labels", "annotations", "state"}: an instance changed to this state; annotations
                 are as they were first rendered in it, of what is inactive as they were last
    notification a Notification: Alertmanager called a receiver, at `t`
    receiver     {"since", "until", "lost"}: from when to when it is known what came; `lost` are sentences,
                 why some of it is not
    scrape       {"job", "instance", "labels", "samples", "first", "last", "down", "gaps"}: how one target
                 was scraped; times are rule seconds, `down` the scrapes that failed, `gaps` [from, to]
    rule_health  {"group", "rule", "health", "error"}: what Prometheus says of a rule; once at the start,
                 once at the end and whenever it changed
    trouble      {"sentence"}: the lab broke, so nothing after it can be judged
    end          {}: watching ended
    """

    t: Moment
    kind: Kind
    data: dict[str, Any] = {}


class Notification(Value, frozen=True, kw_only=True):
    """One message as a receiver got it, or a try to send it.

    `answer` is the HTTP status it was answered with, 0 for a connection that was dropped; it was kept waiting
    for `took` seconds of rule time. Of one that says no alert, `alert` is empty and all of it the title.
    """

    receiver: str
    answer: int
    took: float = 0.0
    status: str = ""  # firing or resolved
    alert: str = ""
    namespace: str = ""  # "" for what is about none
    count: int = 0  # of the instances that fire
    title: str = ""
    link: str = ""
    text: str = ""

    @property
    def is_taken(self) -> bool:
        """Say whether the receiver took it."""
        return 200 <= self.answer < 300  # noqa: PLR2004  # what HTTP calls success


class Delivery(Value, frozen=True, kw_only=True):
    """How long each stage of an alert's way to people may take, in seconds of rule time.

    By the stack's own configuration. `heartbeat` is the longest that the dead man's switch may be silent.
    """

    scrape: Span
    rule: Span
    group_wait: Span
    send: Span
    heartbeat: Span


class Series(Value, frozen=True, kw_only=True):
    """One series: `timestamps` in live milliseconds since the epoch, one value each or a staleness marker."""

    labels: dict[str, str]
    timestamps: tuple[Milliseconds, ...]
    values: tuple[float | Literal["stale"], ...]


class Limits(Value, frozen=True, kw_only=True):
    """Within what the lab counts as fit to judge in; times are seconds of rule time.

    `jobs` are the scrape jobs the rules read, `canary` the alert that must be firing all the time.
    """

    scrape_interval: Span
    scrape_gap_max: Span
    evaluation_interval: Span
    jobs: tuple[str, ...]
    canary: str


class Cadence(Value, frozen=True, kw_only=True):
    """How often the crash loop restarted: promised by the speed, and measured (rule seconds)."""

    promised: Span
    low: Span
    high: Span
    measured: tuple[Moment, ...]


class Incident(Value, frozen=True, kw_only=True):
    """Everything that is known of one run of one scenario."""

    scenario: Scenario
    namespace: str
    speed: Speed
    started: str  # ISO 8601, UTC
    fault_at: Moment  # live seconds since the epoch at t = 0
    versions: dict[str, str]
    limits: Limits
    workload: tuple[str, ...] | None = None  # what ran, KIND/NAME each; None: not known
    left_out: tuple[str, ...] = ()  # rules that the lab did not run, each with the reason
    traits: tuple[Trait, ...] | None = None  # of the fault; None: recorded before faults said theirs
    cadence: Cadence | None = None  # measured where the scenario's fault is a crash loop
    beside: tuple[
        Expectation, ...
    ] = ()  # what had to fire of scenarios played beside it, which disturbed something
    disturbed: tuple[str, ...] = ()  # what those disturbed, as their `touches` says
    elsewhere: tuple[str, ...] = ()  # alerts that any other scenario of the play has fire
    noise: tuple[Noise, ...] = ()  # what was known to fire in that lab, and is nobody's doing
    phases: dict[str, float] = {}  # live seconds of each phase of the run and of the lab
    delivery: Delivery | None = None  # None: recorded before messages were
    claims: tuple[Claim, ...] = ()  # what the rules' metrics were taken for when they were compressed
    metrics: tuple[str, ...] | None = None  # recorded whole, whether or not there was one; None: not known
    events: tuple[Event, ...] = ()
    series: tuple[Series, ...] = ()
    rules: str = ""
    pace: str = ""  # what was declared of the rules' metrics, as a `pace.yaml` says it

    def has_all_of(self, metric: str) -> bool:
        """Say whether a metric would be in the recording if there had been a series of it."""
        if self.metrics is None:
            return metric.startswith(OF_EACH_OBJECT)
        return metric in self.metrics
