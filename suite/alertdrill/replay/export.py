"""A recording as a stock promtool test: samples on a grid, and what promtool must find of each alert.

promtool knows one pace for all samples of a test and one for all rules, both from the start on. So a sample
moves to the next time there is; a grid that changes the verdict is refused, and a finer one is taken, or the
pace of one of the groups for all rules. What is asserted is what the engine says of the very samples that are
written; `count_over_time(ALERTS…)` says of the time in between that nothing fired.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import msgspec
import yaml

from alertdrill import durations, engine
from alertdrill.engine import Engine, moment, naming
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Incident, Series
from alertdrill.model import AlertState, Judgement, Life, Verdict
from alertdrill.replay.compare import spans
from alertdrill.replay.replay import judged, own_rules
from alertdrill.replay.stretch import Stretched, stretch
from alertdrill.replay.virtual import Virtual, is_anothers, span, virtual
from alertdrill.rules import RuleSet

FINER = (1, 2, 6, 30)  # into so many parts a scrape interval is cut until the verdict stays
HEAD = """\
# {name}: {why}
#
# A recording of alertdrill as a test of promtool: `promtool test rules {file}`.
# Times are rule time from {before} before the fault on; the samples are those that were scraped, each moved
# to the next {grid}.
{left_out}"""


@dataclass(frozen=True)
class Exported:
    """A test file and its rule file, the verdict that they reproduce, and what could not be taken along."""

    test: str
    rules: str
    judgement: Judgement
    left_out: tuple[str, ...]


def export(incident: Incident, rules: RuleSet | None, *, rules_file: str, test_file: str) -> Exported:
    """Return the files; a recording of which nothing can be said is a LabError."""
    stated = own_rules(incident) if rules is None else rules
    with engine.started() as running:
        whole = stretch(incident, stated)
        running.write(whole.series)
        verdict = judged(incident, stated, virtual(running, incident, whole))
    if verdict.verdict is Verdict.UNKNOWN:
        why = "; ".join(one.sentence for one in verdict.findings if one.verdict is Verdict.UNKNOWN)
        raise LabError(
            f"exporting {incident.scenario.name}: it has no verdict that could be reproduced: {why}"
        )
    for pace, parts in product(_paces(incident, stated), FINER):
        test = _Test(incident, stated, incident.limits.scrape_interval / parts, pace)
        with engine.started() as running:
            found = test.found(running)
        again = judged(incident, stated, found)
        if again.verdict is verdict.verdict:
            return Exported(
                test=test.text(found, rules_file, test_file),
                rules=_same_pace(test.stretched.rules).to_yaml(),
                judgement=again,
                left_out=tuple(f"{name}: {why}" for name, why in sorted(found.refused.items())),
            )
    raise LabError(
        f"exporting {incident.scenario.name}: at real durations it is {verdict.verdict.value}, and on any"
        " grid that promtool has it is not; its windows are too narrow for that"
    )


class _Plain(yaml.SafeDumper):
    """Writes what is there twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say that nothing is to be referred to."""
        del data
        return True


class _Test:
    """One recording on one grid; `start` is the first moment promtool knows, in rule time."""

    def __init__(self, incident: Incident, rules: RuleSet, grid: float, interval: float) -> None:
        limits = msgspec.structs.replace(incident.limits, evaluation_interval=interval)
        self.incident = msgspec.structs.replace(incident, limits=limits)
        self.grid = grid
        self.interval = interval
        self.start = span(incident)[0]
        self.stretched = self._on_grid(stretch(incident, rules, fault_at=-self.start))

    def _on_grid(self, stretched: Stretched) -> Stretched:
        read = [rule.expr for rule in stretched.rules.rules]
        series = (
            _moved(one, round(self.grid * 1000))
            for one in stretched.series
            if not is_anothers(one.labels, self.incident.namespace)  # whose alerts promtool can't pass over
            and any(naming.reads(expression, (one.labels.get("__name__", ""),)) for expression in read)
        )
        return Stretched(
            tuple(one for one in series if one.timestamps),
            _same_pace(stretched.rules),
            stretched.refused,
            stretched.shift,
        )

    def found(self, running: Engine) -> Virtual:
        """Return what becomes of the alerts on this grid."""
        running.write(self.stretched.series)
        return virtual(running, self.incident, self.stretched, phase=self.start)

    def text(self, found: Virtual, rules_file: str, test_file: str) -> str:
        """Return the test file."""
        canary = self.incident.limits.canary
        lives = [life for life in found.lives if life.alert != canary]
        end = self.interval * math.floor((found.end - self.start) / self.interval)
        test = {
            "name": self.incident.scenario.name,
            "interval": durations.text(self.grid),
            "input_series": [written(one, round(self.grid * 1000)) for one in self.stretched.series],
            "alert_rule_test": list(self._alerts(lives, end)),
            "promql_expr_test": list(self._counts(lives, end, canary)),
        }
        document = {
            "rule_files": [rules_file],
            "evaluation_interval": durations.text(self.interval),
            "tests": [test],
        }
        left_out = "".join(
            f"# Left out: {name}: {' '.join(why.split())}\n" for name, why in sorted(found.refused.items())
        )
        head = HEAD.format(
            name=self.incident.scenario.name,
            why=" ".join(self.incident.scenario.why.split()),
            file=test_file,
            before=durations.text(round(-self.start)),
            grid=durations.text(self.grid),
            left_out=left_out,
        )
        return head + yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)

    def _alerts(self, lives: Sequence[Life], end: float) -> Iterator[dict[str, Any]]:
        """Yield a test before, at the start of, at the end of and after each time an alert fires."""
        for alert in dict.fromkeys([*(one.alert for one in self.incident.scenario.expect), *_fired(lives)]):
            own = [life for life in lives if life.alert == alert]
            edges = {
                t + change
                for life in own
                for start, stop in spans(life)
                for t in (start, stop)
                for change in (-self.interval, 0.0)
            }
            for t in sorted(t for t in edges if self.start <= t <= self.start + end):
                firing = [life for life in own if life.state_at(t) is AlertState.FIRING]
                if all(self._is_told(life, t) for life in firing):
                    yield {
                        "eval_time": durations.text(t - self.start),
                        "alertname": alert,
                        "exp_alerts": [
                            {"exp_labels": life.labels, "exp_annotations": life.annotations}
                            for life in firing
                        ],
                    }

    def _is_told(self, life: Life, t: float) -> bool:
        """Say whether the annotations at a time are known: they are rendered anew at each evaluation."""
        texts = [
            text
            for rule in self.stretched.rules.rules
            if rule.name == life.alert
            for text in rule.annotations.values()
        ]
        return t == life.first(AlertState.FIRING) or all(map(moment.goes_by_labels_only, texts))

    def _counts(self, lives: Sequence[Life], end: float, canary: str) -> Iterator[dict[str, Any]]:
        """Yield that at every evaluation those alerts fired, and no other."""
        counts: dict[str, int] = {}
        for life in lives:
            for start, stop in spans(life):
                last = min(stop, self.start + end + self.interval)
                counts[life.alert] = counts.get(life.alert, 0) + round((last - start) / self.interval)
        window = durations.text(end + self.interval)
        yield {
            "expr": "sum by (alertname) (count_over_time("
            f'ALERTS{{alertstate="firing",alertname!="{canary}"}}[{window}]))',
            "eval_time": durations.text(end),
            "exp_samples": [
                {"labels": f'{{alertname="{name}"}}', "value": count}
                for name, count in sorted(counts.items())
            ],
        }


def _fired(lives: Iterable[Life]) -> list[str]:
    return [life.alert for life in lives if life.first(AlertState.FIRING) is not None]


def _paces(incident: Incident, rules: RuleSet) -> list[float]:
    """Return how often rules may be evaluated in a test: as most are, else as a group of them is."""
    stated = {durations.seconds(group.interval) for group in rules.groups if group.interval}
    return list(dict.fromkeys([incident.limits.evaluation_interval, *sorted(stated - {0})]))


def _same_pace(rules: RuleSet) -> RuleSet:
    """Return the rules with all groups at the interval of the test, as promtool evaluates them."""
    files = {
        file: tuple(msgspec.structs.replace(group, interval="") for group in groups)
        for file, groups in rules.files.items()
    }
    return msgspec.structs.replace(rules, files=files)


def _moved(series: Series, grid_ms: int) -> Series:
    """Return the series with each sample at the next time of the grid; what was before its start is gone."""
    places = {
        -(-ms // grid_ms) * grid_ms: value
        for ms, value in zip(series.timestamps, series.values, strict=True)
        if ms > -grid_ms
    }
    return msgspec.structs.replace(series, timestamps=tuple(places), values=tuple(places.values()))


def written(series: Series, grid_ms: int) -> dict[str, str]:
    """Return a series as promtool reads one: its labels, and what there is at each time of the grid."""
    labels = ",".join(
        f"{_name(name)}={_quoted(value)}"
        for name, value in sorted(series.labels.items())
        if name != "__name__"
    )
    return {
        "series": f"{series.labels['__name__']}{{{labels}}}",
        "values": " ".join(_runs(series, grid_ms)),
    }


def _name(label: str) -> str:
    return label if label.replace("_", "a").isalnum() and label.isascii() else _quoted(label)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _runs(series: Series, grid_ms: int) -> Iterator[str]:
    """Yield what stands at each time of the grid, in promtool's short form where it repeats."""
    at = dict(zip(series.timestamps, series.values, strict=True))
    words = [_word(at.get(ms)) for ms in range(0, series.timestamps[-1] + 1, grid_ms)]
    place = 0
    while place < len(words):
        word, count = words[place], 1
        while place + count < len(words) and words[place + count] == word:
            count += 1
        yield word if count == 1 else " ".join([word] * count) if word == STALE else _repeated(word, count)
        place += count


def _repeated(word: str, count: int) -> str:
    return f"{word}x{count}" if word == "_" else f"{word}x{count - 1}"


def _word(value: float | str | None) -> str:
    if value is None:
        return "_"
    if isinstance(value, str):
        return value
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
