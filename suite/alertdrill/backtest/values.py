"""What a backtest found, as values."""

from alertdrill.model import Value, Verdict


class Noise(Value, frozen=True, kw_only=True):
    """How often and how long an alert fires, with a `for` of its own (a duration as text).

    `fired` counts how often an instance began to fire, `seconds` and `longest` are firing time, of all
    instances together and of the longest time without a break; `awake` is the time with any of them firing.
    """

    hold: str
    fired: int
    seconds: float
    longest: float
    awake: float


class Instance(Value, frozen=True, kw_only=True):
    """One alert instance that was pending or firing: `fired` are [from, to) in seconds since the epoch."""

    labels: dict[str, str]
    fired: tuple[tuple[float, float], ...]
    pending: float  # the longest time it was pending and then did not fire
    annotations: dict[str, str] = {}


class Near(Value, frozen=True, kw_only=True):
    """How near an alert came that did not fire.

    `pending` are the seconds of the longest time it was true, of `needed`; `value` is the one that came
    nearest to the `threshold`, where the expression compares with a number.
    """

    pending: float
    needed: float
    value: float | None = None
    threshold: str = ""


class Agreement(Value, frozen=True, kw_only=True):
    """How well the deployed revision of an alert, backtested, agrees with what the history holds of it.

    `evaluations` are those at which either says that an instance was active, `agreed` those at which both
    say the same; `why` says what is known of the others.
    """

    evaluations: int
    agreed: int
    why: str = ""

    @property
    def share(self) -> float:
        """Return the share of agreement; where both are silent it is whole."""
        return self.agreed / self.evaluations if self.evaluations else 1.0


class Alert(Value, frozen=True, kw_only=True):
    """One alerting rule; `unknown` says why nothing can be said of it, or nothing to rely on."""

    name: str
    group: str
    file: str
    line: int
    severity: str
    noise: Noise
    variants: tuple[Noise, ...] = ()
    instances: tuple[Instance, ...] = ()
    near: Near | None = None
    agreement: Agreement | None = None
    unknown: str = ""
    notes: tuple[str, ...] = ()


class Result(Value, frozen=True, kw_only=True):
    """The whole: from `start` to `end`, seconds since the epoch; alerts with the noisiest first.

    `proof` says by what the backtest was proved, or why it could not be; `too_noisy` are the alerts that
    fired more often than was allowed.
    """

    server: str
    start: float
    end: float
    engine: str
    samples: int
    alerts: tuple[Alert, ...]
    proof: str
    agreement: float | None = None
    too_noisy: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return fail where an alert is too noisy, unknown where nothing can be said of one, else pass."""
        if self.too_noisy:
            return Verdict.FAIL
        return Verdict.UNKNOWN if any(one.unknown for one in self.alerts) or not self.alerts else Verdict.PASS
