"""kubernetes-mixin's alerts and what mixin.rules.yaml made of them, judged on the same recorded states.

Both exporters are scraped in each state of one API server, and a real Prometheus judges what was scraped.
The originals are not ours to keep. Who has them gives their file, rendered to JSON or YAML (`groups:`, with
recording rules), in KUBERNETES_MIXIN; both are then held against each other at every step. Which of our
alerts fires for what is held here always.
"""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
import urllib3
import yaml
from prometheus_client.parser import text_string_to_metric_families

from alertdrill import engine
from alertdrill.clock import WallClock, wait_for
from alertdrill.engine import Engine
from alertdrill.incident import STALE, Series
from alertdrill.machine import process
from bench import load, migrating, mixin_states, subjects
from bench.test_migration import KINDS, NAME_LABELS
from e2e.exporter.apiserver import ApiServer

RULES = Path(__file__).parents[2] / "exporter" / "kube_api_exporter" / "mixin.rules.yaml"
ORIGINALS = os.environ.get("KUBERNETES_MIXIN", "")
STEP = 60
HOUR = 3600
# Well for an hour, ill for two, flapping for a while, well again; a Job that began at CREATED is late then.
BEGIN = migrating.CREATED_SECONDS + 11 * HOUR
COURSE = (
    ("well", 60),
    ("ill", 120),
    *((frame, 4) for _ in range(4) for frame in ("other", "ill")),
    ("well", 60),
)
JOBS = ("monitoring/kube-api-exporter", "kube-state-metrics")
Frame = dict[tuple[tuple[str, str], ...], float]
Truth = dict[tuple[str, ...], tuple[int, ...]]


def rules(file: Path, of: Literal["alert", "record"]) -> list[dict[str, Any]]:
    """Return the alerts or the recording rules of a file."""
    groups = yaml.safe_load(file.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if of in rule]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return a Prometheus that holds what both exporters said over the whole course."""
    folder = tmp_path_factory.mktemp("mixin")
    with process.interruptible(), engine.started() as prometheus:
        frames = _frames(folder)
        prometheus.write(_laid(frames))
        _record(prometheus, RULES)
        if ORIGINALS:
            _record(prometheus, Path(ORIGINALS))
        yield prometheus


def _frames(folder: Path) -> dict[str, Frame]:
    """Scrape both exporters in each state."""
    api = ApiServer(folder)
    kinds = [*KINDS, "persistentvolumes"]
    flags = (f"--metric-labels-allowlist={','.join(f'{kind}=[*]' for kind in kinds)}",)
    pair = []
    try:
        api.start()
        load.fill(api.etcd, mixin_states.objects("well"))
        pair = [
            subjects.ours(api, folder, {}, kinds=kinds),
            subjects.kube_state_metrics(api, folder, {}, kinds=kinds, flags=flags),
        ]
        for subject in pair:
            subject.start()
        return {frame: _frame(api, pair, frame) for frame in mixin_states.FRAMES}
    finally:
        for subject in pair:
            subject.stop()
        api.kill()


def _frame(api: ApiServer, pair: list[subjects.Subject], frame: str) -> Frame:
    """Bring a state about; return what both say once they have nothing more to say."""
    load.fill(api.etcd, mixin_states.objects(frame))
    found: list[Frame] = [{}, {}]

    def settled() -> bool:
        WallClock().sleep(2)
        before = found[:]
        texts = [urllib3.request("GET", one.url, headers=subjects.PLAIN).data.decode() for one in pair]
        found[:] = [_samples(text, job) for text, job in zip(texts, JOBS, strict=True)]
        return found == before and "k8s_job_labels{" in texts[0] and "kube_job_info{" in texts[1]

    wait_for(f"both exporters to tell of the {frame} state", settled, deadline=60, clock=WallClock())
    nth = mixin_states.FRAMES.index(frame)
    said = {tuple(sorted(labels.items())): values[nth] for labels, values in mixin_states.kubelets()}
    return said | found[0] | found[1]


def _samples(text: str, job: str) -> Frame:
    """Return what a scrape says of objects, as Prometheus keeps it: our namespace is taken there."""
    found: Frame = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if not sample.name.startswith(("k8s_", "kube_")) or "_api_exporter_" in sample.name:
                continue
            labels = {"__name__": sample.name, "job": job, **sample.labels}
            if sample.name.startswith("k8s_") and "namespace" in labels:
                labels["exported_namespace"] = labels.pop("namespace")
            found[tuple(sorted((label, said) for label, said in labels.items() if said))] = sample.value
    return found


def _laid(frames: dict[str, Frame]) -> Iterator[Series]:
    """Yield every series over the whole course; one that ends has its marker."""
    course = [frame for frame, minutes in COURSE for _ in range(minutes)]
    for key in {key for frame in frames.values() for key in frame}:
        values: list[tuple[int, float | Literal["stale"]]] = []
        for nth, (before, now) in enumerate(pairwise(["", *course])):
            if (value := frames[now].get(key)) is not None:
                values.append((nth, value))
            elif before and key in frames[before]:
                values.append((nth, STALE))
        times = tuple(int((BEGIN + nth * STEP) * 1000) for nth, _ in values)
        yield Series(labels=dict(key), timestamps=times, values=tuple(value for _, value in values))


def _asked(prometheus: Engine, expression: str) -> list[Series]:
    """Return what an expression was at every step.

    Over a range Prometheus refuses `label_replace` where two series that were there one after the other
    become one; a rule is asked at one moment, and so is this.
    """
    steps = sum(minutes for _, minutes in COURSE)
    if "label_replace" not in expression:
        return prometheus.ask(expression, start=BEGIN, end=BEGIN + (steps - 1) * STEP, step=STEP)
    moments = (BEGIN + nth * STEP for nth in range(steps))
    return [one for at in moments for one in prometheus.ask(expression, start=at, end=at, step=STEP)]


def _record(prometheus: Engine, file: Path) -> None:
    """Work out the recording rules that alerts read, and write what they say."""
    read = " ".join(rule["expr"] for rule in rules(file, "alert"))
    for rule in rules(file, "record"):
        if rule["record"] in read:
            prometheus.write(
                Series(
                    labels={**one.labels, "__name__": rule["record"]},
                    timestamps=one.timestamps,
                    values=one.values,
                )
                for one in _asked(prometheus, rule["expr"])
            )


def truth(prometheus: Engine, expression: str) -> Truth:
    """Return when an expression is true, by what it is about."""
    found: dict[tuple[str, ...], set[int]] = {}
    for one in _asked(prometheus, expression):
        found.setdefault(_about(one.labels), set()).update(one.timestamps)
    return {about: tuple(sorted(times)) for about, times in found.items()}


def _about(labels: dict[str, str]) -> tuple[str, ...]:
    """Return namespace, name, container and resource, whichever exporter said it."""
    names = (*NAME_LABELS, "persistentvolume")
    name = next((labels[label] for label in names if label in labels), "")
    namespace = labels.get("exported_namespace", labels.get("namespace", ""))
    return namespace, name, labels.get("container", ""), labels.get("resource", "")


def seconds(waits: str | None) -> int:
    """Read a rule's `for`."""
    return 0 if waits is None else int(waits[:-1]) * {"m": 60, "h": HOUR}[waits[-1]]


def firing(found: Truth, waits: int) -> set[str]:
    """Return for what an alert fires: it was true at every step for as long as it waits."""
    fires = set()
    for about, times in found.items():
        since = times[0]
        for before, now in pairwise((times[0], *times)):
            since = since if now - before <= STEP * 1000 else now
            if now - since >= waits * 1000:
                fires.add(" ".join(word for word in about[1:] if word))
    return fires


OURS = rules(RULES, "alert")
THEIRS = {
    (rule["alert"], rule.get("for")): rule
    for rule in (rules(Path(ORIGINALS), "alert") if ORIGINALS else ())
    if "kube_" in rule["expr"]
}
IDS = [f"{rule['alert']}-{rule.get('for', 'at once')}" for rule in OURS]


@pytest.mark.parametrize("rule", OURS, ids=IDS)
def test_an_alert_fires_for_what_is_ill_and_nothing_else(recorded: Engine, rule: dict[str, Any]) -> None:
    """What is written in `mixin_states.FIRES`, which was found to be so of the originals as well."""
    expected = mixin_states.FIRES[rule["alert"], rule.get("for", "")]
    assert expected == firing(truth(recorded, rule["expr"]), seconds(rule.get("for")))


@pytest.mark.skipif(not ORIGINALS, reason="KUBERNETES_MIXIN names no file with the originals")
@pytest.mark.parametrize("rule", OURS, ids=IDS)
def test_an_alert_is_true_when_the_original_is(recorded: Engine, rule: dict[str, Any]) -> None:
    """At every step of the course, of the same objects; so both fire and fall silent at the same time."""
    original = THEIRS[rule["alert"], rule.get("for")]
    there = truth(recorded, original["expr"])
    assert there
    assert there == truth(recorded, rule["expr"])


@pytest.mark.skipif(not ORIGINALS, reason="KUBERNETES_MIXIN names no file with the originals")
def test_every_alert_that_reads_kube_state_metrics_is_rewritten() -> None:
    """With the same name and waiting time, and no others."""
    assert THEIRS.keys() == {(rule["alert"], rule.get("for")) for rule in OURS}
