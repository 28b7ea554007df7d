"""Backtests of rules that a real Prometheus has run: what they say is what it said then."""

import pytest

from alertdrill.backtest import text
from alertdrill.errors import LabError, UsageError
from alertdrill.model import Verdict

from .conftest import DEPLOYED, Front, Runner

pytestmark = pytest.mark.slow

OTHER = """
groups:
- name: g
  interval: 500ms
  rules:
  - {record: "job:up:count", expr: count by (job) (up == 1)}
  - {alert: NoneUp, expr: "absent(job:up:count)", labels: {severity: critical}}
  - {alert: Full, expr: used > 45, for: 3s}
  - {alert: Lacks, expr: "nobody_has_this > 1"}
  - {alert: LacksToo, expr: "absent(nobody_has_this)"}
"""


def test_what_was_deployed_says_again_what_it_said(run: Runner) -> None:
    """Every alert, with its recording rule and restless instances, agrees with ALERTS to the evaluation."""
    result = run(DEPLOYED).result
    assert Verdict.PASS is result.verdict
    assert 1.0 == result.agreement
    by_name = {one.name: one for one in result.alerts}
    agreed = {name: one.agreement.evaluations for name, one in by_name.items() if one.agreement}
    assert agreed["Down"] > 20
    assert agreed["ManyDown"] > 3
    assert 0 == agreed["Full"]
    assert (
        "3 alerts of the deployed rules, backtested, agree with the history's own ALERTS in" in result.proof
    )


def test_the_noisiest_comes_first_with_whom_it_is_about(run: Runner) -> None:
    """How often, how long and for which labels stands in a table, and what annotations would have said."""
    result = run(DEPLOYED).result
    noisy = result.alerts[0]
    assert "Down" == noisy.name
    assert noisy.noise.fired >= 3
    assert noisy.noise.longest <= noisy.noise.awake <= noisy.noise.seconds
    assert {"1", "2"} == {one.labels["instance"] for one in noisy.instances if one.fired}
    assert {"1 is down", "2 is down"} == {one.annotations["summary"] for one in noisy.instances}
    shown = text.render(result)
    assert "Down critical, for: 1s" in shown
    assert "times: instance=1" in shown


def test_a_silent_alert_is_told_how_near_it_came(run: Runner) -> None:
    """The value nearest to a threshold, and the longest pending, say whether silence was luck."""
    found = run(OTHER).result.alerts
    (full,) = [one for one in found if one.name == "Full"]
    assert full.noise.fired
    (quiet,) = [one for one in run(DEPLOYED).result.alerts if one.name == "Full"]
    assert quiet.near is not None
    assert "> 90" == quiet.near.threshold
    assert 50 < (quiet.near.value or 0) < 56
    (held,) = [one for one in run(OTHER.replace("for: 3s", "for: 30s")).result.alerts if one.name == "Full"]
    assert held.near is not None
    assert 4 < held.near.pending < held.near.needed == 30


def test_other_holds_stand_side_by_side(run: Runner) -> None:
    """A longer `for` fires less, of the same truth, and the rule's own is one of them."""
    (down,) = [one for one in run(DEPLOYED, holds=("1s", "2s", "1h")).result.alerts if one.name == "Down"]
    assert (down.noise.fired, down.noise.seconds) == (down.variants[0].fired, down.variants[0].seconds)
    assert down.variants[0].seconds > down.variants[1].seconds > 0 == down.variants[2].seconds


def test_recording_rules_of_the_change_are_evaluated_from_raw_samples(run: Runner) -> None:
    """What the change records is not in the history, and its alerts read it nevertheless."""
    result = run(OTHER).result
    (none_up,) = [one for one in result.alerts if one.name == "NoneUp"]
    assert none_up.noise.seconds > 0
    assert "" == none_up.unknown


def test_no_data_is_no_silence(run: Runner) -> None:
    """An alert on a metric that nobody has is unknown and named, unless it is about that, or it was said."""
    result = run(OTHER).result
    by_name = {one.name: one for one in result.alerts}
    assert "the server holds no data for nobody_has_this" in by_name["Lacks"].unknown
    assert "" == by_name["LacksToo"].unknown
    assert by_name["LacksToo"].noise.seconds > 0
    assert Verdict.UNKNOWN is result.verdict
    allowed = run(OTHER, absent=frozenset({"nobody_has_this"})).result
    assert Verdict.PASS is allowed.verdict


def test_another_revision_than_the_deployed_one_does_not_agree(run: Runner) -> None:
    """A backtest that does not reproduce the history is unknown, and says where they part."""
    claimed = DEPLOYED.replace("for: 1s", "for: 3s")
    result = run(DEPLOYED, deployed=claimed).result
    (down,) = [one for one in result.alerts if one.name == "Down"]
    assert Verdict.UNKNOWN is result.verdict
    assert "the deployed revision, backtested, agrees with the history in" in down.unknown
    assert "the history says firing and the backtest pending for {" in down.unknown


def test_another_interval_is_known_as_such(run: Runner) -> None:
    """Rules that were evaluated at other distances are told apart from wrong ones."""
    claimed = DEPLOYED.replace("500ms", "1s")
    result = run(DEPLOYED, deployed=claimed).result
    (down,) = [one for one in result.alerts if one.name == "Down"]
    assert "it was evaluated every 500ms and not every 1s" in down.unknown


def test_nothing_deployed_proves_nothing(run: Runner) -> None:
    """Without a revision to compare with the result stands, and says that it is not proved."""
    result = run(OTHER.replace("Full", "Fuller")).result
    assert (
        result.proof == "not proved: none of these alerts was deployed, so nothing in the history is theirs"
    )
    assert result.agreement is None


def test_more_noise_than_is_allowed_fails(run: Runner) -> None:
    """`--at-most` is what CI asks."""
    result = run(DEPLOYED, at_most=2).result
    assert (Verdict.FAIL, ("Down",)) == (result.verdict, result.too_noisy)
    assert "more often than allowed: Down" in text.render(result)


def test_what_can_not_be_read_is_unknown_by_itself(run: Runner) -> None:
    """One rule that looks into the future, or at a moment of its own, spoils no other."""
    strange = """
    groups:
    - name: g
      rules:
      - {alert: Future, expr: "up offset -5m == 0"}
      - {alert: Fixed, expr: "up @ 100 == 0"}
      - {alert: Down, expr: "up == 0"}
    """
    by_name = {one.name: one.unknown for one in run(strange, interval=0.5).result.alerts}
    assert "it looks 5m into the future" in by_name["Future"]
    assert "`@` looks at a moment of its own" in by_name["Fixed"]
    assert "agrees" not in by_name["Down"]


def test_a_plan_that_is_too_large_asks_for_nothing(run: Runner, front: Front) -> None:
    """The bound on samples is held before the first piece is asked for."""
    with pytest.raises(UsageError, match="samples would be asked for, and at most 10 may be"):
        run(DEPLOYED, url=front.url, samples_max=10)
    assert 1 == front.asked.count("read")


def test_more_than_was_allowed_does_not_come(run: Runner) -> None:
    """The bound on bytes is held although the plan was wrong."""
    with pytest.raises(LabError, match="more than 0 MiB came; ask for fewer days"):
        run(DEPLOYED, bytes_max=100)


def test_where_the_server_does_not_stream_queries_say_the_same(run: Runner, front: Front) -> None:
    """Raw samples by queries, with the ends of series found by their scrapes, come to the same states."""
    front.answer = lambda path, _body: (404, {}, b"no such page") if path == "read" else None
    streamed, queried = run(DEPLOYED).result, run(DEPLOYED, url=front.url)
    assert "query" == queried.plan.way
    assert Verdict.PASS is queried.result.verdict
    assert [one.noise for one in streamed.alerts] == [one.noise for one in queried.result.alerts]
    assert queried.result.agreement == 1.0
