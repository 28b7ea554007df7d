"""Rules and a server's past → how often each alert would have fired, and how sure that is; step by step."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from alertdrill import durations, engine
from alertdrill.backtest import agree, ends, history, lacking, near, needs, noise, plan, served, unchanged
from alertdrill.backtest.access import Access
from alertdrill.backtest.history import History
from alertdrill.backtest.needs import Needs
from alertdrill.backtest.plan import Plan
from alertdrill.backtest.selector import Selector
from alertdrill.backtest.server import Server
from alertdrill.backtest.values import Agreement, Alert, Instance, Near, Noise, Result
from alertdrill.clock import Clock
from alertdrill.engine import Engine, Window
from alertdrill.errors import LabError, UsageError
from alertdrill.incident import Series
from alertdrill.model import Value
from alertdrill.prometheus import remote_read
from alertdrill.prometheus.remote_read import Matcher
from alertdrill.rules import Rule, RuleSet

NEW, OLD, DEPLOYED = (
    "new:",
    "old:",
    "deployed:",
)  # under which each revision's recorded series stand in the engine


class Asked(Value, frozen=True, kw_only=True):
    """What a user asks for: the time in seconds since the epoch, `holds` as `--for` has them.

    `absent` are metrics of which there may be none, `at_most` how often an alert may fire.
    """

    start: float
    end: float
    interval: float = 0.0
    holds: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    at_most: int | None = None
    concurrency: int = 2
    samples_max: int = 500_000_000
    bytes_max: int = 4 * 2**30


class Known(Value, frozen=True):
    """What one revision came to: all its alerts, and why nothing can be said of some."""

    alerts: tuple[engine.Alert, ...]
    doubts: dict[str, str]


class Backtest:
    """One backtest of one set of rules; `prepare` asks little, `run` asks for the history.

    `old` is a revision of them that `compare` holds against the same past.
    """

    def __init__(
        self,
        rules: RuleSet,
        asked: Asked,
        access: Access,
        clock: Clock,
        *,
        deployed: RuleSet | None = None,
        old: RuleSet | None = None,
        tell: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self.old = RuleSet() if old is None else old
        self.rules, self.asked, self.access, self.clock, self.tell = rules, asked, access, clock, tell
        self.deployed = deployed
        self.not_proved = ""
        self.needs, self.old_needs = needs.find(rules), needs.find(self.old)
        self.notes: list[str] = []

    @contextmanager
    def reached(self) -> Iterator[Server]:
        """Yield the server, for as long as a way leads to it."""
        with self.access.reached() as url:
            yield Server(self.access, url, self.clock, bytes_max=self.asked.bytes_max, tell=self.tell)

    def prepare(self, server: Server) -> Plan:
        """Find out what the server is, and what the history will cost."""
        self.way = plan.way(server, _probe(self.asked.end), remote_read.HEADERS, remote_read.STREAMED)
        self._find_deployed(server)
        interval, who = self.asked.interval, "--interval"
        if not interval:
            interval, who = served.interval(server, self.deployed)
        self.notes.append(
            f"groups without an interval are evaluated every {durations.text(interval)} ({who})"
        )
        self.interval = interval
        every = [*self.rules.rules, *self.old.rules, *self.proved.rules]
        holds = [hold for rule in every for hold in (rule.hold, rule.keep_firing_for)]
        longest = max(durations.seconds(hold) for hold in (*filter(None, (*holds, *self.asked.holds)), "0"))
        # Whatever is firing at the start must have been pending before.
        self.first = self.asked.start - longest - 2 * interval

        firsts = {one: round((self.first - back) * 1000) for one, back in self._wanted().items()}
        last = round(self.asked.end * 1000)
        return Plan(self.way, plan.shares(server, self.way, firsts, last, self.asked.concurrency))

    def _find_deployed(self, server: Server) -> None:
        if self.deployed is None:
            try:
                self.deployed = served.rules(server)
            except LabError as error:
                self.not_proved = f"{error}; name the rules that were deployed by --deployed"
        names = (self.rules.alerts | self.old.alerts) & (
            self.deployed.alerts if self.deployed else frozenset()
        )
        if not names and not self.not_proved:
            self.not_proved = (
                "none of these alerts was deployed, so nothing in the history is theirs"
                if self.deployed and self.deployed.rules
                else "the server tells of no rules; name those that were deployed by --deployed"
            )
        self.proved = served.named(self.deployed, names) if self.deployed else RuleSet()
        self.proved_needs = needs.find(self.proved)

    def _wanted(self) -> dict[Selector, float]:
        """Return every selector that must be fetched, with how far back of the first evaluation."""
        all_needs = [
            one
            for found in (self.needs, self.old_needs, self.proved_needs)
            for those in found.of_rules.values()
            for one in those
        ]
        wanted = dict(needs.merged(all_needs))
        if self.way == "query":
            # What was scraped when: by that it is known when a series ended.
            up = Selector((Matcher("__name__", "=", "up"),))
            wanted[up] = max([*wanted.values(), wanted.get(up, 0.0)])
        if self.proved.alerts:
            names = "|".join(sorted(self.proved.alerts))
            alerts = Selector(
                tuple(sorted((Matcher("__name__", "=", "ALERTS"), Matcher("alertname", "=~", names))))
            )
            wanted[alerts] = 0.0
        return wanted

    def check(self, cost: Plan) -> None:
        """Refuse what is more than was allowed."""
        if cost.samples > self.asked.samples_max:
            raise UsageError(
                f"about {cost.samples} samples would be asked for, and at most {self.asked.samples_max} may"
                " be; ask for fewer days or rules, or allow more by --samples-max"
            )

    def run(self, server: Server, cost: Plan) -> Result:
        """Fetch the history, evaluate the rules and those deployed on it, and tell what came of it."""
        with self._filled(server, cost) as running:
            return self._judged(running, cost)

    def compare(self, server: Server, cost: Plan) -> tuple[Known, Known]:
        """Fetch the history, and return what the old and the new rules come to on it.

        What is known is less where the deployed rules, backtested, don't agree with the history.
        """
        with self._filled(server, cost) as running:
            past = self._alerts_of(running)
            window = self._window(past)
            old, new = (
                _said(running, rules, window, tag) for rules, tag in ((self.old, OLD), (self.rules, NEW))
            )
            agreements = self._agreements(running, window, past, new)
            # What does not prove itself is said once: of the new ones, which are the question.
            self.notes.append(self._proof(list(agreements.values())))
            return (
                self._known(running, old, self.old_needs, {}),
                self._known(running, new, self.needs, agreements),
            )

    def _known(
        self, running: Engine, said: engine.Evaluated, found: Needs, agreements: dict[str, Agreement]
    ) -> Known:
        absent = lacking.found(running, found, self.first, self.asked)
        doubts = {}
        for one in said.alerts:
            missing, _ = lacking.of(found, one.rule, absent, self.asked.absent)
            agreement = agreements.get(one.rule.name)
            if why := _why_unknown(found, one.rule, one.trouble, missing, agreement):
                doubts[one.rule.name] = why
        return Known(said.alerts, doubts)

    @contextmanager
    def _filled(self, server: Server, cost: Plan) -> Iterator[Engine]:
        """Fetch the history, and yield an engine that holds it."""
        with tempfile.TemporaryDirectory(prefix="alertdrill-backtest-") as folder:
            past = History(
                server,
                self.way,
                now=self.clock.now(),
                folder=Path(folder),
                concurrency=self.asked.concurrency,
                tell=self.tell,
            )
            with (
                closing(past.fetch(cost)) as pieces,
                # What comes in chunks is there when the engine starts, all else is written into it.
                engine.started(history.fill(pieces) if self.way == "chunks" else None) as running,
            ):
                if self.way != "chunks":
                    every = history.series(pieces, self.way)
                    if self.way == "query":
                        every = ends.marked(every, partial(ends.there, server), self.notes)
                    running.write(every)
                self.tell("evaluating the rules")
                yield running

    def _judged(self, running: Engine, cost: Plan) -> Result:
        past = self._alerts_of(running)
        window = self._window(past)
        said = engine.evaluate(running, self.rules, window, tag=NEW)
        agreements = self._agreements(running, window, past, said)
        absent = lacking.found(running, self.needs, window.start, self.asked)
        alerts = self._alerts(running, said, agreements, absent)
        # The noisiest first, then those that came near; what is unknown is not lost at the end.
        alerts.sort(key=lambda one: (-one.noise.fired, -one.noise.seconds, not one.unknown, one.name))
        known = list(agreements.values())
        total = sum(one.evaluations for one in known)
        noisy = [
            one.name
            for one in alerts
            if self.asked.at_most is not None and one.noise.fired > self.asked.at_most
        ]
        return Result(
            server=self.access.url,
            start=self.asked.start,
            end=self.asked.end,
            engine=f"Prometheus {running.version}",
            samples=cost.samples,
            alerts=tuple(alerts),
            proof=self._proof(known),
            agreement=sum(one.agreed for one in known) / total if total else None,
            too_noisy=tuple(noisy),
            notes=tuple(self.notes),
        )

    def _window(self, past: dict[str, list[Series]]) -> Window:
        recorded = max(one.recorded for one in (self.needs, self.old_needs, self.proved_needs))
        return Window(
            start=self.first,
            end=self.asked.end,
            interval=self.interval,
            since=self.first - recorded,
            phases=self._phases(past),
        )

    def _alerts_of(self, running: Engine) -> dict[str, list[Series]]:
        """Return the samples of ALERTS that the history holds, by alert."""
        found: dict[str, list[Series]] = {name: [] for name in self.proved.alerts}
        if found:
            for one in running.prometheus.samples("ALERTS", start=self.asked.start, end=self.asked.end):
                found.get(one.labels.get("alertname", ""), []).append(one)
        return found

    def _phases(self, past: dict[str, list[Series]]) -> dict[str, float]:
        """Return of each group, by name, when one of its evaluations was."""
        known: dict[str, float] = {}
        for group in self.proved.groups:
            seen = [one for rule in group.rules for one in past.get(rule.name, [])]
            if (phase := agree.phase(seen)) is not None:
                known.setdefault(group.name, phase)
        groups = [pair for one in (self.rules, self.old, self.proved) for pair in one.named().items()]
        offset = {
            name: group.query_offset
            for name, group in (*self.old.named().items(), *self.rules.named().items())
        }
        found = {}
        for name, group in groups:
            if group.name in known:
                late = durations.seconds(offset[name]) if offset.get(name) else 0.0
                found[name] = known[group.name] + late
        return found

    def _agreements(
        self, running: Engine, window: Window, past: dict[str, list[Series]], new: engine.Evaluated
    ) -> dict[str, Agreement]:
        """Return how well each deployed alert agrees; what is unchanged was evaluated with the new rules."""
        if not self.proved.alerts:
            return {}
        if not any(past.values()):
            self.not_proved = "the history holds no ALERTS of these rules: they were silent, or not deployed"
        same = unchanged.alerts(self.proved, self.rules, window)
        changed = self.proved.alerts - same
        said = engine.evaluate(running, self.proved, window, tag=DEPLOYED, only=changed, annotate=False)
        by_name: dict[str, list[engine.Alert]] = {}
        for one in (*said.alerts, *(one for one in new.alerts if one.rule.name in same)):
            by_name.setdefault(one.rule.name, []).append(one)
        found = {}
        for name, alerts in by_name.items():
            trouble = next((one.trouble for one in alerts if one.trouble), "")
            span = (round(self.asked.start * 1000), round(self.asked.end * 1000))
            found[name] = agree.agreement(alerts, past[name], first_ms=span[0], last_ms=span[1])
            if trouble:
                found[name] = Agreement(evaluations=1, agreed=0, why=trouble)
        return found

    def _alerts(
        self,
        running: Engine,
        said: engine.Evaluated,
        agreements: dict[str, Agreement],
        absent: dict[Selector, str],
    ) -> list[Alert]:
        recorded = frozenset(one.name for one in self.rules.rules if one.kind == "record")
        instances = [noise.of(one, self.asked.start, self.asked.end) for one in said.alerts]
        nearest = near.each(running, list(zip(said.alerts, instances, strict=True)), recorded)
        return [
            self._alert(*one, agreements, absent) for one in zip(said.alerts, instances, nearest, strict=True)
        ]

    def _alert(
        self,
        alert: engine.Alert,
        instances: tuple[Instance, ...],
        nearest: Near | None,
        agreements: dict[str, Agreement],
        absent: dict[Selector, str],
    ) -> Alert:
        rule = alert.rule
        agreement = agreements.get(rule.name)
        missing, notes = lacking.of(self.needs, rule, absent, self.asked.absent)
        return Alert(
            name=rule.name,
            group=alert.group,
            file=rule.file,
            line=rule.line,
            severity=rule.labels.get("severity", ""),
            noise=noise.noise(rule.hold or "0s", (one.fired for one in instances), self.asked.start),
            variants=tuple(self._variant(alert, hold) for hold in self.asked.holds),
            instances=instances,
            near=nearest,
            agreement=agreement,
            unknown=_why_unknown(self.needs, rule, alert.trouble, missing, agreement),
            notes=tuple(notes),
        )

    def _variant(self, alert: engine.Alert, hold: str) -> Noise:
        changes = [noise.with_hold(alert, one, durations.seconds(hold)) for one in alert.instances]
        spans = (noise.firing(one, self.asked.start, self.asked.end) for one in changes)
        return noise.noise(hold, spans, self.asked.start)

    def _proof(self, known: Sequence[Agreement]) -> str:
        if self.not_proved:
            return f"not proved: {self.not_proved}"
        total = sum(one.evaluations for one in known)
        agreed = sum(one.agreed for one in known)
        return (
            f"{_alerts(len(known))} of the deployed rules, backtested, agree with the history's own ALERTS in"
            f" {agreed} of {total} evaluations"
        )


def _said(running: Engine, rules: RuleSet, window: Window, tag: str) -> engine.Evaluated:
    return engine.evaluate(running, rules, window, tag=tag, only=rules.alerts)


def _alerts(number: int) -> str:
    return "1 alert" if number == 1 else f"{number} alerts"


def _why_unknown(
    found: Needs, rule: Rule, trouble: str, missing: Sequence[str], agreement: Agreement | None
) -> str:
    """Return why nothing can be said of an alert, or nothing to rely on; the first reason is enough."""
    if why := found.unknown.get(needs.key(rule)):
        return f"what it reads is not known: {why}"
    if trouble:
        return trouble
    if missing:
        return (
            f"the server holds no data for {', '.join(missing)}: that it did not fire means nothing; where"
            " there may be none, say so by --absent"
        )
    if agreement and agreement.share < agree.ENOUGH:
        return (
            f"the deployed revision, backtested, agrees with the history in {agreement.share:.1%} only:"
            f" {agreement.why}"
        )
    return ""


def _probe(at: float) -> bytes:
    """Return the smallest question there is."""
    ms = round(at * 1000)
    return remote_read.request([Matcher("__name__", "=", "alertdrill_probe")], ms, ms)
