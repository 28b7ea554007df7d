"""Every alert of a whole run is expected by a scenario, known noise, or told."""

from datetime import date

from alertdrill.model import Life, Verdict
from alertdrill.play import strays
from alertdrill.scenario import Scenario, fires, like, never
from alertdrill.scenario.noise import Noise
from alertdrill.testing import FakePrometheus

GONE = Scenario(
    name="node-exporter/gone",
    why="",
    workload="",
    hold="9m",
    expect=(fires("NodeExporterDown", within="9m", labels={"name": like(".+")}), never("TargetDown")),
)
DOWN = Life(alert="NodeExporterDown", labels={"name": "node-1", "node": "node-1"})
OTHER = Life(alert="TargetDown", labels={"job": "shop/web"})


def said(*lives: Life, known: tuple[Noise, ...] = ()) -> list[str]:
    """Return what is told of a run in which these fired."""
    judgement = strays.judged(lives, [GONE], known, "Watchdog", 20.0)
    assert judgement is None or Verdict.FAIL is judgement.verdict
    return [finding.sentence for finding in judgement.findings] if judgement else []


def test_what_a_scenario_expects_is_no_stray() -> None:
    """Nor is the alert that always fires."""
    assert [] == said(DOWN, Life(alert="Watchdog", labels={}))


def test_what_nobody_expects_is_told() -> None:
    """With its labels; and that a scenario says that it never fires."""
    sentence = 'TargetDown{job="shop/web"} fired in the course of the run, and no scenario says so'
    assert [f"{sentence}; some say that it never does"] == said(DOWN, OTHER)
    unlike = Life(alert="NodeExporterDown", labels={"job": "x"})
    (other,) = said(unlike)
    assert 'NodeExporterDown{job="x"} fired in the course of the run, and no scenario says so' == other


def test_what_fires_where_nobody_could_judge_is_unknown() -> None:
    """A machine that loses scrapes has alerts fire, and rules are no worse for it; it is no pass, either."""
    judgement = strays.judged([OTHER], [GONE], (), "Watchdog", 20.0, unfit=1)
    assert judgement is not None
    assert Verdict.UNKNOWN is judgement.verdict
    assert judgement.findings[0].sentence.endswith("; the lab was not fit to judge in for 1 of them")
    assert strays.judged([], [GONE], (), "Watchdog", 20.0, unfit=1) is None


def test_known_noise_is_no_stray() -> None:
    """Where its labels are those of the line."""
    line = Noise(alert="TargetDown", labels={"job": "shop/.*"}, reason="x", until=date(2027, 1, 1))
    assert [] == said(OTHER, known=(line,))
    assert 1 == len(said(Life(alert="TargetDown", labels={"job": "a"}), known=(line,)))


def test_what_fired_is_asked_of_prometheus() -> None:
    """By the series of alerts, without those about a scenario, each with the labels of its alert."""
    labels = {"__name__": "ALERTS", "alertname": "TargetDown", "alertstate": "firing", "job": "shop/web"}
    asked: list[str] = []

    def answer(promql: str) -> list[dict[str, object]]:
        asked.append(promql)
        return [{"metric": labels, "values": [[1000, "1"]]}]

    assert [OTHER] == strays.found(FakePrometheus(answer), 0, 60)
    (query,) = asked
    assert 'alertstate="firing"' in query
    assert 'exported_namespace!~"drill-.*",namespace!~"drill-.*"' in query
