"""Backtests before a real VictoriaMetrics, a real Cortex and a real Mimir: `nox -s servers`.

They are held against those before a real Prometheus.
"""

import time
from pathlib import Path

import pytest

from alertdrill import engine, rules
from alertdrill.backtest import access
from alertdrill.backtest.backtest import Asked, Backtest
from alertdrill.backtest.values import Result
from alertdrill.clock import WallClock
from alertdrill.errors import LabError
from alertdrill.incident import STALE, Series
from alertdrill.model import Verdict
from e2e import gateway, tenants, victoria

EVERY, SECONDS = 15, 7_200
RULES = """
groups:
- name: g
  interval: 15s
  rules:
  - {record: "job:down:count", expr: "count by (job) (up == 0)"}
  - {alert: Down, expr: "up == 0", for: 30s}
  - {alert: ManyDown, expr: "job:down:count > 1"}
  - {alert: Errors, expr: "rate(errors_total[2m]) > 0.4", for: 1m}
  - {alert: Gone, expr: "absent(used{instance='3'})", for: 15s}
  - {alert: Lost, expr: "used offset 1m unless used", keep_firing_for: 1m}
  - {alert: Few, expr: "count(used) < 4"}
"""


def history(end: int) -> list[Series]:
    """Return what is scraped of four instances: each is down at times, one goes, one has a gap."""
    found = []
    for instance in range(4):
        samples: dict[str, dict[int, float | str]] = {"up": {}, "used": {}, "errors_total": {}}
        for number, second in enumerate(range(end - SECONDS, end + 1, EVERY)):
            ms = second * 1000 + 731 * instance
            down = number % (61 + 7 * instance) < 2 + instance
            away = instance == 3 and 200 <= number < 260  # one of four
            if instance == 2 and 300 <= number < 330:  # nobody scraped it
                continue
            samples["up"][ms] = STALE if away else float(not down)
            samples["used"][ms] = STALE if down or away else float(number % 17)
            samples["errors_total"][ms] = (
                STALE if down or away else float(number * instance * (3 if number > 99 else 1))
            )
        found += [_series(name, instance, values) for name, values in samples.items()]
    return found


def _series(name: str, instance: int, values: dict[int, float | str]) -> Series:
    labels = {"__name__": name, "job": "web", "instance": str(instance)}
    return Series(labels=labels, timestamps=tuple(values), values=tuple(values.values()))  # type: ignore[arg-type]


def backtested(folder: Path, url: str, start: int, end: int, tenant: str = "") -> tuple[str, Result]:
    """Return by which way a server's past came, and what the rules come to on it."""
    (folder / "a.rules.yaml").write_text(RULES)
    asked = Asked(start=float(start), end=float(end))
    one = Backtest(
        rules.load([folder / "a.rules.yaml"]), asked, access.stated(url, tenant=tenant), WallClock()
    )
    with one.reached() as server:
        plan = one.prepare(server)
        return plan.way, one.run(server, plan)


def test_victoria_metrics_comes_to_what_prometheus_comes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one history both tell the same of each alert, to the evaluation; so does one with limits."""
    end = int(time.time()) // 60 * 60 - 3_600
    start, scraped = end - SECONDS + 600, history(end)
    limited = victoria.started("-search.maxSamplesPerSeries=300", "-search.maxConcurrentRequests=1")
    with engine.started() as prometheus, victoria.started() as url, limited as narrow:
        # The programs have been found by now, so that only what is fetched is in this cache.
        monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
        prometheus.write(scraped)
        _, expected = backtested(tmp_path, prometheus.url, start, end)
        assert {one.name for one in expected.alerts} == {
            one.name for one in expected.alerts if one.noise.fired
        }
        for one in (url, narrow):
            victoria.write(one, scraped)
            victoria.write(one, scraped[:4])  # what comes twice counts once
            way, found = backtested(tmp_path, one, start, end)
            assert ("marked", Verdict.PASS) == (way, found.verdict)
            assert told(expected) == told(found)


@pytest.mark.parametrize("kind", [tenants.CORTEX, tenants.MIMIR], ids=lambda kind: kind.program.name)
def test_with_tenants_it_comes_to_what_prometheus_comes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: tenants.Kind
) -> None:
    """Of a tenant's history both tell the same, by remote read and by queries where that is hidden."""
    end = int(time.time()) // 60 * 60 - 3_600
    start, scraped = end - SECONDS + 600, history(end)
    with engine.started() as prometheus, tenants.started(kind) as url, gateway.without("/read", url) as front:
        monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
        prometheus.write(scraped)
        tenants.write(url, "ours", scraped)
        tenants.write(url, "theirs", scraped[:4])
        _, expected = backtested(tmp_path, prometheus.url, start, end)
        for address, how in ((url, kind.way), (front, "query")):
            way, found = backtested(tmp_path, f"{address}{tenants.PREFIX}", start, end, tenant="ours")
            assert (how, Verdict.PASS) == (way, found.verdict)
            assert told(expected) == told(found)
            _, other = backtested(tmp_path, f"{address}{tenants.PREFIX}", start, end, tenant="theirs")
            assert told(expected) != told(other)


@pytest.mark.parametrize("kind", [tenants.CORTEX, tenants.MIMIR], ids=lambda kind: kind.program.name)
def test_nothing_is_told_without_a_tenant(tmp_path: Path, kind: tenants.Kind) -> None:
    """Whose history is wanted must be said, and the sentence says how."""
    end = int(time.time()) // 60 * 60
    with (
        tenants.started(kind) as url,
        pytest.raises(LabError, match=r"401: no org id; name whose history it is by --tenant"),
    ):
        backtested(tmp_path, f"{url}{tenants.PREFIX}", end - SECONDS, end)


def told(result: Result) -> dict[str, object]:
    """Return what is said of each alert."""
    return {one.name: (one.instances, one.noise, one.near, one.unknown) for one in result.alerts}
