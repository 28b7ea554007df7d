"""What rules say of the samples that an engine holds: every evaluation of every rule, as Prometheus makes it.

    with engine.started() as running:
        running.write(series)
        said = evaluate(running, rules.load(paths), Window(start=…, end=…, interval=30))
        for alert in said.alerts: alert.rule, alert.trouble, alert.instances[0].changes

Each rule is asked for over the whole window at once, by `query_range` at its group's own interval.
Recording rules come before what reads them: their series are written into the engine, with a staleness
marker where one ends, under their name after `tag` (give one where the data may hold series of that name).
So do ALERTS and ALERTS_FOR_STATE for rules that read them. Whoever stands before a rule in its own group
reads what it made a round ago. What can't be told of a rule, or of what it reads, is its `trouble`, and then
nothing else is said of it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import msgspec

from alertdrill import durations
from alertdrill.engine import moment, naming, order, refused, samples
from alertdrill.engine.ahead import Ahead
from alertdrill.engine.engine import LOOKBACK_SECONDS, Engine
from alertdrill.engine.order import OF_ALERTS, Step, key
from alertdrill.engine.question import Question
from alertdrill.engine.refused import Refused
from alertdrill.engine.render import Rendered, Wanted, render
from alertdrill.errors import LabError
from alertdrill.incident import Series, timeline
from alertdrill.model import AlertState, Change, Value
from alertdrill.rules import Rule, RuleSet

LATE = "late:"  # what is read before it is made again stands under a name of its own
RENDERED_MAX = 50_000  # labels and annotations of one set of rules

Labels = tuple[tuple[str, str], ...]


class Window(Value, frozen=True, kw_only=True):
    """When rules are evaluated; seconds since the epoch.

    `interval` is that of groups which state none. `since` is from when on recording rules are evaluated,
    where that is earlier than `start`. `phases` has for a group, by its name in `RuleSet.named`, the time of
    any of its evaluations; the others are evaluated at whole multiples of their interval.
    """

    start: float
    end: float
    interval: float
    lookback: float = LOOKBACK_SECONDS
    since: float | None = None
    phases: dict[str, float] = {}


class Instance(Value, frozen=True, kw_only=True):
    """One alert instance over the window; `changes` and `runs` are times since the epoch.

    `labels` are all but `alertname`. `annotations` are those it had when it first fired, or got pending where
    it never did. `runs` are the first and the last evaluation, in milliseconds, of each time it was true
    without a break; `was_true` says that it was so at the first evaluation of all: since when, nobody knows.
    """

    labels: dict[str, str]
    annotations: dict[str, str]
    changes: tuple[Change, ...]
    runs: tuple[tuple[int, int], ...]
    was_true: bool


class Alert(Value, frozen=True, kw_only=True):
    """What became of an alerting rule: evaluated each `step_ms` from `first_ms` to `last_ms`."""

    rule: Rule
    group: str
    first_ms: int
    last_ms: int
    step_ms: int
    instances: tuple[Instance, ...] = ()
    trouble: str = ""


class Evaluated(Value, frozen=True, kw_only=True):
    """Every alerting rule, in the order of the files, and what is wrong with recording rules: (rule, why)."""

    alerts: tuple[Alert, ...]
    troubles: tuple[tuple[Rule, str], ...] = ()


def evaluate(
    engine: Engine,
    rules: RuleSet,
    window: Window,
    *,
    tag: str = "",
    only: frozenset[str] | None = None,
    annotate: bool = True,
) -> Evaluated:
    """Return what the rules say in a window.

    `only` names the alerts that are asked for; what they read is evaluated, and nothing else. Without
    `annotate` annotations are empty, which saves time.
    """
    return _Evaluation(engine, rules, window, tag, only, annotate=annotate).whole()


class _Evaluation:
    """One run over a set of rules; `lost` are the rules of which nothing is known, and why."""

    def __init__(
        self,
        engine: Engine,
        rules: RuleSet,
        window: Window,
        tag: str,
        only: frozenset[str] | None,
        *,
        annotate: bool,
    ) -> None:
        self.engine, self.window, self.tag, self.annotate = engine, window, tag, annotate
        self.order = order.ordered(rules)
        self.records = frozenset(rule.name for rule in rules.rules if rule.kind == "record")
        self.wanted = order.needed(self.order, only)
        self.read: dict[tuple[str, int], list[Step]] = {key(other): [] for other in self.order.steps}
        for step in self.order.steps:
            for other in self.order.reads[key(step)] if key(step) in self.wanted else ():
                self.read[key(other)].append(step)
        self.lost = {
            key(step): "it reads itself, so it can't be evaluated apart from what it has said before"
            for step in self.order.circular
        }
        self.alerts: dict[tuple[str, int], Alert] = {}
        coming = list(self._coming())
        independent = [question for step, question in coming if not self.order.reads[key(step)]]
        self.ahead = Ahead(engine, independent, [question for _, question in coming])

    def whole(self) -> Evaluated:
        with self.ahead:
            self._all()
        return Evaluated(
            alerts=tuple(alert for step in self.order.as_stated if (alert := self.alerts.get(key(step)))),
            troubles=tuple(
                (step.rule, self.lost[key(step)])
                for step in self.order.as_stated
                if step.rule.kind == "record" and key(step) in self.lost
            ),
        )

    def _all(self) -> None:
        for step in self.order.steps:
            if key(step) not in self.wanted:
                continue
            try:
                self._check(step)
                if step.rule.kind == "record":
                    self._record(step)
                else:
                    self._alert(step)
            except (Refused, LabError) as why:
                self.lost[key(step)] = str(why)
                if step.rule.kind == "alert":
                    self.alerts[key(step)] = self._empty(step, trouble=str(why))

    def _check(self, step: Step) -> None:
        if why := self.lost.get(key(step)):
            raise Refused(why)
        for other in self.order.reads[key(step)]:
            if why := self.lost.get(key(other)):
                raise Refused(f"it reads {other.rule.name}, of which nothing is known: {why}")
        if self.tag and (names := naming.by_pattern(step.rule.expr, self.records)):
            raise Refused(
                f"it selects {min(names)} by a pattern, so what the rules record can't be told from what was"
                " there before"
            )

    def _asked(self, step: Step) -> tuple[list[Series], int, int, int]:
        """Return what the rule's expression was, and its evaluations: first, last, step (milliseconds)."""
        found = self.ahead.answer(self._question(step))
        refused.check_limit(step.group.limit, found)
        return found, *self._times(step)

    def _question(self, step: Step) -> Question:
        first, last, every = self._times(step)
        if last < first:
            raise Refused("it is not evaluated once in this time")
        offset = _offset(step)
        return Question(
            naming.renamed(step.rule.expr, self._names(step)),
            start=(first - offset) / 1000,
            end=(last - offset) / 1000,
            step=every / 1000,
            lookback=self.window.lookback,
        )

    def _coming(self) -> Iterator[tuple[Step, Question]]:
        """Yield what will be asked of each rule, as far as that is known before any of them is evaluated."""
        for step in self.order.steps:
            if key(step) in self.wanted:
                with suppress(Refused):  # it will be said when it is its turn
                    self._check(step)
                    yield step, self._question(step)

    def _names(self, step: Step) -> dict[str, str]:
        """Return under which name the engine has what the rule reads of other rules."""
        names: dict[str, str] = {}
        for other in self.order.reads[key(step)]:
            made = OF_ALERTS if other.rule.kind == "alert" else (other.rule.name,)
            late = "" if step.comes_after(other) else LATE
            for name in made:
                there = f"{self.tag}{late}{name}"
                if names.setdefault(name, there) != there:
                    raise Refused(f"{name} is made both before and after it in its group")
        return names

    def _times(self, step: Step) -> tuple[int, int, int]:
        every = max(1, round((_seconds(step.group.interval) or self.window.interval) * 1000))
        phase = round(self.window.phases.get(step.name, 0.0) * 1000)
        since = self.window.start
        if step.rule.kind == "record" and self.window.since is not None:
            since = min(since, self.window.since)
        start, end = math.ceil(since * 1000), math.floor(self.window.end * 1000)
        return start + (phase - start) % every, end - (end - phase) % every, every

    def _record(self, step: Step) -> None:
        found, first, last, every = self._asked(step)
        labels = {**step.group.labels, **step.rule.labels}
        made: dict[Labels, Series] = {}
        for one in found:
            mine = {
                name: value
                for name, value in {**one.labels, **labels}.items()
                if value and name != "__name__"
            }
            same = tuple(sorted(mine.items()))
            if same in made:
                refused.check_apart(step.rule, [made[same].timestamps, one.timestamps])
                one = samples.joined(made[same], one)  # noqa: PLW2901
            made[same] = msgspec.structs.replace(one, labels=mine)
        offset = _offset(step)
        self._write(step, step.rule.name, made.values(), range(first - offset, last - offset + 1, every))

    def _write(self, step: Step, name: str, series: Iterable[Series], times: Sequence[int]) -> None:
        """Write what a rule made for those that read it: after it, and before it in its group."""
        marked = [timeline.mark_stale(one, times) for one in series]
        readers = self.read[key(step)]
        if any(reader.comes_after(step) for reader in readers):
            self.engine.write(samples.called(one, f"{self.tag}{name}") for one in marked)
        if any(not reader.comes_after(step) for reader in readers):
            self.engine.write(
                samples.a_moment_later(samples.called(one, f"{self.tag}{LATE}{name}")) for one in marked
            )

    def _alert(self, step: Step) -> None:
        found, first, last, every = self._asked(step)
        true = self._instances(step, found)
        hold, keep = _seconds(step.rule.hold), _seconds(step.rule.keep_firing_for)
        lives, offset = [], _offset(step)
        for labels, those in true.items():
            times = (
                those[0].timestamps
                if len(those) == 1
                else sorted(ms for one in those for ms in one.timestamps)
            )
            whole = [(begun + offset, over + offset) for begun, over in timeline.runs(times, every)]
            changes = timeline.states_of_runs(
                whole, step_ms=every, end_ms=last, hold=hold, keep_firing_for=keep
            )
            lives.append((labels, those, whole, changes))
        texts = self._annotations(step, [(those, changes) for _, those, _, changes in lives])
        instances = tuple(
            Instance(
                labels=dict(labels),
                annotations=text,
                changes=changes,
                runs=tuple(whole),
                was_true=whole[0][0] == first,
            )
            for (labels, _, whole, changes), text in zip(lives, texts, strict=True)
        )
        self.alerts[key(step)] = msgspec.structs.replace(self._empty(step), instances=instances)
        if self.read[key(step)]:
            self._write_alerts(step, instances, (first, last, every))

    def _empty(self, step: Step, trouble: str = "") -> Alert:
        first, last, every = self._times(step)
        return Alert(
            rule=step.rule, group=step.name, first_ms=first, last_ms=last, step_ms=every, trouble=trouble
        )

    def _instances(self, step: Step, found: Sequence[Series]) -> dict[Labels, list[Series]]:
        """Return the series of each instance; one whose labels come out otherwise in time makes several."""
        templates = {**step.group.labels, **step.rule.labels}
        parts = list(found)
        if not all(map(moment.goes_by_labels_only, templates.values())):
            parts = [part for one in found for part in samples.by_value(one, moved=_asks(templates))]
        wanted = [self._template(step, one, templates, {}, 0) for one in parts]
        true: dict[Labels, list[Series]] = {}
        for part, rendered in zip(parts, self._rendered(wanted), strict=True):
            true.setdefault(tuple(sorted(rendered.labels.items())), []).append(part)
        for those in true.values():
            if len(those) > 1:
                refused.check_apart(step.rule, [one.timestamps for one in those])
        return true

    def _annotations(
        self, step: Step, lives: Sequence[tuple[list[Series], tuple[Change, ...]]]
    ) -> list[dict[str, str]]:
        templates = step.rule.annotations
        if not (self.annotate and templates):
            return [{} for _ in lives]
        wanted = []
        for those, changes in lives:
            told = next((one.t for one in changes if one.state is AlertState.FIRING), changes[0].t)
            ms = round(told * 1000) - _offset(step)
            series, place = samples.at(those, ms)
            wanted.append(self._template(step, series, {}, templates, place))
        return [one.annotations for one in self._rendered(wanted)]

    def _template(
        self,
        step: Step,
        series: Series,
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
        place: int,
    ) -> Wanted:
        value = series.values[place]
        assert value != "stale", "Prometheus answers no markers"
        return Wanted(
            alert=step.rule.name,
            labels=dict(labels),
            annotations=dict(annotations),
            metric=series.labels,
            value=value,
            at=series.timestamps[place] / 1000,
        )

    def _rendered(self, wanted: Sequence[Wanted]) -> list[Rendered]:
        if len(wanted) > RENDERED_MAX:
            raise Refused(f"it has {len(wanted)} instances, and at most {RENDERED_MAX} can be told")
        return render(self.engine, wanted)

    def _write_alerts(self, step: Step, instances: Iterable[Instance], times: tuple[int, int, int]) -> None:
        """Write what Prometheus itself records of an alert."""
        first, last, every = times
        offset = _offset(step)
        at = range(first, last + 1, every)
        states: list[Series] = []
        since: list[Series] = []
        for one in instances:
            labels = {**one.labels, "alertname": step.rule.name}
            active: dict[AlertState, list[int]] = {AlertState.PENDING: [], AlertState.FIRING: []}
            began: list[tuple[int, float]] = []
            for ms, state, active_at in samples.each(one.changes, at):
                active[state].append(ms - offset)
                began.append((ms - offset, active_at))
            states += [
                Series(
                    labels={**labels, "alertstate": state.value},
                    timestamps=tuple(those),
                    values=(1.0,) * len(those),
                )
                for state, those in active.items()
            ]
            since.append(
                Series(
                    labels=labels, timestamps=tuple(t for t, _ in began), values=tuple(v for _, v in began)
                )
            )
        asked = range(first - offset, last - offset + 1, every)
        self._write(step, OF_ALERTS[0], states, asked)
        self._write(step, OF_ALERTS[1], since, asked)


def _seconds(text: str) -> float:
    return durations.seconds(text) if text else 0.0


def _offset(step: Step) -> int:
    return round(_seconds(step.group.query_offset) * 1000)


def _asks(templates: Mapping[str, str]) -> bool:
    return any(moment.OF_THE_PRESENT.search(text) for text in templates.values())
