"""What people were told, against what they must be; and how long it took."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alertdrill import incident
from alertdrill.incident import Delivery, Event, Incident, Series
from alertdrill.judge import judge
from alertdrill.model import Judgement, Latency, Trait, Verdict
from alertdrill.scenario import Expectation, Match, fires, like, notified, resolves, unnotified

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
# Mismatch is pending at 31 s, firing at 5m31s, repaired at 9m, resolved at 10m31s; watching ends at 12m10s.
GOOD = incident.read(Path(__file__).parent / "good")
LABELS = next(event for event in GOOD.events if event.data.get("alert") == "Mismatch").data["labels"]
NAMED: dict[str, Match] = {"job": LABELS["job"], "name": "web", "severity": "critical"}
SCRAPES = Series(  # every 15 s, 11 s before each evaluation
    labels={"__name__": "up", "job": LABELS["job"], "instance": "a:1", "pod": LABELS["pod"]},
    timestamps=tuple(round((GOOD.fault_at + t / GOOD.speed) * 1000) for t in range(-55, 740, 15)),
    values=(1.0,) * 53,
)
DELIVERY = Delivery(scrape=45, rule=30, group_wait=60, send=30, heartbeat=420)
TITLE = "[FIRING:1] critical: Mismatch in drill-x"
PLAYED = (fires("Mismatch", within="8m", labels=NAMED), resolves("Mismatch", within="5m"))
TOLD = notified(
    "Mismatch",
    receiver="page",
    within="2m",
    alerts=1,
    says=like(r"\[FIRING:1\].*\n\*web is stuck\*"),
    link=like(".*#mismatch"),
    resolved="5m",
)


def message(t: float, **changes: Any) -> Event:
    """Return that the receiver of pages was told at some time that Mismatch fires, or something else."""
    said = {
        "receiver": "page",
        "answer": 200,
        "status": "firing",
        "alert": "Mismatch",
        "namespace": "drill-x",
        "count": 1,
        "title": TITLE,
        "link": "https://git/#mismatch",
        "text": "*web is stuck*",
    }
    return Event(t=t, kind="notification", data={**said, **changes})


def over(t: float, **changes: Any) -> Event:
    """Return that it was told that Mismatch is over."""
    return message(t, status="resolved", title="[RESOLVED] critical: Mismatch in drill-x", count=0, **changes)


def call(t: float) -> Event:
    """Return a call of the dead man's switch."""
    return message(t, receiver="watchdog", alert=GOOD.limits.canary, namespace="", title="", text="", link="")


def mail(since: float = -60.0, until: float = 735.0, *lost: str) -> Event:
    """Return from when to when it is known what came."""
    return Event(t=735.0, kind="receiver", data={"since": since, "until": until, "lost": list(lost)})


CALLS = tuple(map(call, (10.0, 310.0, 610.0)))
SENT = (message(362.0), over(700.0))


def recorded(
    messages: Sequence[Event],
    expect: Sequence[Expectation] = (TOLD,),
    *,
    calls: Sequence[Event] = CALLS,
    known: Sequence[Event] = (mail(),),
    **changes: Any,
) -> Incident:
    """Return the good recording with messages in it."""
    scenario = msgspec.structs.replace(GOOD.scenario, expect=(*PLAYED, *expect))
    events = sorted([*GOOD.events, *messages, *calls, *known], key=lambda event: event.t)
    return msgspec.structs.replace(
        GOOD,
        **{
            "events": tuple(events),
            "scenario": scenario,
            "delivery": DELIVERY,
            "series": (*GOOD.series, SCRAPES),
            **changes,
        },
    )


def said(judgement: Judgement, verdict: Verdict) -> list[str]:
    """Return the sentences with this verdict."""
    return [finding.sentence for finding in judgement.findings if finding.verdict is verdict]


@pytest.mark.parametrize(
    ("t", "took", "verdict"), [(20.0, 0.0, UNKNOWN), (-20.0, 40.0, UNKNOWN), (-20.0, 0.0, PASS)]
)
def test_a_message_of_before_the_fault_that_comes_late_leaves_nothing_known(
    t: float, took: float, verdict: Verdict
) -> None:
    """What came up too slowly had its alert fire, and what is said of that is no word of the fault."""
    found = judge(recorded((over(t, took=took), *SENT)))
    assert verdict is found.verdict
    doubts = [one for one in said(found, UNKNOWN) if "which it was before the fault" in one]
    assert len(doubts) == (verdict is UNKNOWN)


def test_people_who_are_told_once_in_time_and_of_its_end_are_told() -> None:
    """One message soon after the firing, as it was to be, and one after the repair."""
    found = judge(recorded(SENT))
    assert PASS is found.verdict
    assert [
        "page was told 31s after Mismatch fired, allowed 2m",
        f"the message: {TITLE}",
        "page was told that Mismatch is over 2m40s after the repair, allowed 5m",
        "nothing else fired",
        "nobody was told anything else",
    ] == said(found, PASS)[-5:]


def test_a_message_that_was_refused_at_first_is_one() -> None:
    """Tries that fail are no messages: it was told when it was taken, and how often it was tried is said."""
    tries = (message(362.0, answer=500), message(380.0, answer=0), message(385.0))
    found = judge(recorded((*tries, over(700.0))))
    assert PASS is found.verdict
    assert "page was told 54s after Mismatch fired, at try 3, allowed 2m" in said(found, PASS)


FAILURES: dict[str, tuple[Sequence[Event], Sequence[Expectation], str]] = {
    "nobody told": ((SENT[1],), [TOLD], "page was never told that Mismatch fired at 5m31s"),
    "always refused": (
        (message(362.0, answer=500), message(380.0, answer=500), SENT[1]),
        [TOLD],
        "page was never told that Mismatch fired at 5m31s; 2 tries were refused",
    ),
    "too late": ((message(512.0), SENT[1]), [TOLD], "page was told 3m1s after Mismatch fired, allowed 2m"),
    "told twice": (
        (SENT[0], message(400.0), SENT[1]),
        [TOLD],
        "page was told of Mismatch, but it was told 2 times (6m2s, 6m40s), expected 1",
    ),
    "not as many alerts": (
        (message(362.0, count=2), SENT[1]),
        [TOLD],
        "page was told of Mismatch, but its last message is about 2 alerts, expected 1",
    ),
    "other words": ((message(362.0, text="?"), SENT[1]), [TOLD], f"its last message says '{TITLE}\\n?'"),
    "no link": ((message(362.0, link=""), SENT[1]), [TOLD], 'its last message leads to ""'),
    "the wrong people": (
        (message(362.0, receiver="tickets"), SENT[1]),
        [TOLD],
        f"tickets was told '{TITLE}' at 6m2s, and no expectation says so",
    ),
    "others, too": (
        (*SENT, message(362.0, receiver="tickets")),
        [TOLD],
        f"tickets was told '{TITLE}' at 6m2s, and no expectation says so",
    ),
    "of something else": (
        (*SENT, message(400.0, alert="Other", title="[FIRING:1] Other")),
        [TOLD],
        "page was told '[FIRING:1] Other' at 6m40s, and no expectation says so",
    ),
    "in words that name no alert": (
        (*SENT, message(400.0, alert="", status="", title="?")),
        [TOLD],
        "page was told '?' at 6m40s, and no expectation says so",
    ),
    "never that it is over": ((SENT[0],), [TOLD], ""),
    "over before the repair": (
        (SENT[0], over(450.0)),
        [TOLD],
        "page was told that Mismatch is over 1m30s before the repair, allowed 5m",
    ),
    "over too late": (
        SENT,
        [msgspec.structs.replace(TOLD, resolved="1m")],
        "page was told that Mismatch is over 2m40s after the repair, allowed 1m",
    ),
    "over, twice": (
        (*SENT, over(720.0)),
        [TOLD],
        "page was told 2 times that it is over: 11m40s, 12m",
    ),
    "silenced, and told": (SENT, [unnotified("Mismatch")], "it must be silenced"),
    "silenced, and never fired": ((), [unnotified("Brief")], "Brief never fired, so nothing silenced it"),
    "told of what never fired": (
        SENT,
        [TOLD, notified("Brief", receiver="page", within="1m")],
        "Brief never fired, so nobody could be told",
    ),
}


@pytest.mark.parametrize(("messages", "expect", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_a_message_that_is_not_as_expected_is_a_failure(
    messages: Sequence[Event], expect: Sequence[Expectation], sentence: str
) -> None:
    """Each is said in a sentence of its own."""
    found = judge(recorded(messages, expect))
    if sentence:
        assert FAIL is found.verdict
        assert any(sentence in one for one in said(found, FAIL))
    else:  # watching ended before its time was over
        assert UNKNOWN is found.verdict


def test_what_is_silenced_and_told_to_nobody_is_as_expected() -> None:
    """It fired for longer than a message takes, and none came."""
    found = judge(recorded((), [unnotified("Mismatch")]))
    assert "Mismatch fired at 5m31s, and nobody was told" in said(found, PASS)
    assert PASS is found.verdict


def test_a_silence_that_is_shorter_than_a_message_takes_is_unknown() -> None:
    """Nobody can say that it would not have come."""
    slow = msgspec.structs.replace(DELIVERY, group_wait=600)
    found = judge(recorded((), [unnotified("Mismatch")], delivery=slow))
    assert UNKNOWN is found.verdict


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "nobody asked": ({"known": ()}, "nobody could ask the receiver what came"),
    "an older recording": ({"delivery": None}, "nobody could ask the receiver what came"),
    "from too late on": ({"known": (mail(100.0),)}, "what came is known only from 1m40s on"),
    "not to the end": ({"known": (mail(-60.0, 600.0),)}, "what came is known only until 10m of 12m10s"),
    "forgotten": ({"known": (mail(-60.0, 735.0, "it was started anew"),)}, "it was started anew"),
    "no call of the switch": (
        {"calls": (CALLS[0],)},
        "the dead man's switch was not called from 10s to 12m10s",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), UNFIT.values(), ids=UNFIT.keys())
def test_a_run_of_which_it_is_not_known_what_came_is_unknown(changes: dict[str, Any], sentence: str) -> None:
    """Neither a message nor its absence says anything then."""
    found = judge(recorded(SENT, **changes))
    assert UNKNOWN is found.verdict
    assert [sentence] == said(found, UNKNOWN)


def test_a_scenario_that_says_nothing_of_messages_needs_none() -> None:
    """Whatever became of them, its alerts are judged; a silent switch is said beside the verdict."""
    unasked, silent = judge(recorded((), (), known=(), calls=())), judge(recorded((), (), calls=CALLS[:1]))
    assert (PASS, ()) == (unasked.verdict, unasked.notes)
    said_beside = "the dead man's switch was not called from 10s to 12m10s: people might not have been told"
    assert (PASS, (said_beside,)) == (silent.verdict, silent.notes)


def test_the_switch_may_fall_silent_where_that_is_the_fault() -> None:
    """Who takes Alertmanager away on purpose must not be told that it is away."""
    traits = (*(GOOD.traits or ()), Trait.STOPS_MESSAGES)
    assert PASS is judge(recorded(SENT, calls=CALLS[:1], traits=traits)).verdict


@pytest.mark.parametrize(
    ("called", "disturbed", "silences"),
    [
        ((600.0,), ("alertmanager",), []),
        ((), ("alertmanager",), ["the dead man's switch was not called from 5m31s to 12m10s"]),
        ((600.0,), (), ["the dead man's switch was not called from 0s to 10m"]),
    ],
    ids=["before anything fires", "while something does", "and nobody did it"],
)
def test_the_switch_may_fall_silent_where_another_takes_alertmanager_away(
    called: tuple[float, ...], disturbed: tuple[str, ...], silences: list[str]
) -> None:
    """Until there is something to be told."""
    often = msgspec.structs.replace(DELIVERY, heartbeat=300)
    calls = tuple(map(call, called))
    found = judge(recorded(SENT, calls=calls, delivery=often, disturbed=disturbed))
    assert silences == said(found, UNKNOWN)


def test_each_stage_of_the_way_is_measured() -> None:
    """From the scrape that the rule saw to the answer of who took the message, each with what it may take."""
    tries = (message(362.0, answer=500), message(370.0, took=4.0))
    found = {one.stage: one for one in judge(recorded((*tries, over(700.0)))).latencies}
    assert ["scrape", "evaluation", "group wait", "send"] == [*found]
    assert Latency(alert="Mismatch", stage="group wait", seconds=31, budget=60) == found["group wait"]
    assert Latency(alert="Mismatch", stage="send", seconds=12, budget=30) == found["send"]
    assert 0 <= found["evaluation"].seconds <= 15
    assert 11 == found["scrape"].seconds


def test_a_rule_may_be_late_by_as_long_as_prometheus_was_restarted() -> None:
    """The clock of its `for` stood still meanwhile."""
    (late,) = (
        one.budget
        for one in judge(recorded(SENT, disturbed=("prometheus",))).latencies
        if one.stage == "evaluation"
    )
    assert 30.0 + 3 * GOOD.limits.scrape_gap_max == late


@pytest.mark.parametrize(("interval", "budget"), [("", 30.0), ("15s", 30.0), ("5s", 30.0), ("1m", 120.0)])
def test_a_rule_may_be_as_late_as_its_group_is_evaluated_rarely(interval: str, budget: float) -> None:
    """Two evaluations after its `for` is the latest, of its own group where that has a longer interval."""
    rules = GOOD.rules.replace("- name: g", f"- name: g\n  interval: {interval}" if interval else "- name: g")
    assert budget == next(
        one.budget for one in judge(recorded(SENT, rules=rules)).latencies if one.stage == "evaluation"
    )


@pytest.mark.parametrize(
    ("sent_at", "took", "verdict"),
    [(391.0, 0, PASS), (420.0, 0, UNKNOWN), (480.0, 0, FAIL), (362.0, 90, FAIL)],
)
def test_a_stage_that_takes_longer_than_it_may_is_a_failure(
    sent_at: float, took: float, verdict: Verdict
) -> None:
    """Also where the message comes in the time that is allowed; what can't be told apart is unknown."""
    allowed = msgspec.structs.replace(TOLD, within="5m")
    assert verdict is judge(recorded((message(sent_at, took=took), SENT[1]), [allowed])).verdict


def test_a_receiver_that_is_slow_on_purpose_may_take_its_time() -> None:
    """What the fault does to the last stage is not held against the lab."""
    traits = (*(GOOD.traits or ()), Trait.DELAYS_MESSAGES)
    assert PASS is judge(recorded((message(362.0, took=80), SENT[1]), traits=traits)).verdict


def test_trouble_that_no_message_met_proves_nothing() -> None:
    """Where the receiver was to refuse and did not, its messages say nothing of one that does."""
    traits = (*(GOOD.traits or ()), Trait.DELAYS_MESSAGES)
    found = judge(recorded(SENT, traits=traits))
    assert ["the receiver was to be in trouble, and no message met with any"] == said(found, UNKNOWN)


def test_what_is_told_of_others_of_that_name_is_not_this_scenario_s() -> None:
    """A message about another namespace, or from before the fault, is no second one."""
    others = (message(390.0, namespace="kube-system"), over(-9.0, namespace=""), over(20.0, alert="Other"))
    found = judge(recorded((*SENT, *others)))
    assert "page was told that Mismatch is over 2m40s after the repair, allowed 5m" in said(found, PASS)
    assert not any("2 times" in one for one in said(found, FAIL))


def test_what_another_scenario_has_fire_may_be_told_if_it_names_no_namespace() -> None:
    """A disk is no namespace's; what another scenario does to it is not this one's to expect."""
    other = message(400.0, alert="Other", namespace="", title="[FIRING:1] Other")
    alone, beside = (judge(recorded((*SENT, other), elsewhere=names)) for names in ((), ("Other",)))
    assert (FAIL, PASS) == (alone.verdict, beside.verdict)


def test_a_recording_with_messages_is_read_back_as_it_was(tmp_path: Path) -> None:
    """What was told is judged again from the disk, with the same words."""
    one = recorded(SENT)
    incident.write(one, tmp_path / "x")
    assert judge(one) == judge(incident.read(tmp_path / "x"))
