"""What came to the receiver, whoever it was for, and from when to when that is known."""

from alertdrill.errors import TransientError
from alertdrill.incident import Event
from alertdrill.lab.receiver import Page, Received
from alertdrill.play.mailbox import Mailbox
from alertdrill.play.observe import Window
from alertdrill.testing import ManualClock

WINDOW = Window(namespace="drill-a", started=90.0, fault_at=100.0, ended=130.0, speed=20.0)


def came(at: float, namespace: str = "drill-a", status: str = "FIRING:1", answer: int = 200) -> Received:
    """Return a message of Slack's form about something in a namespace."""
    where = f" in {namespace}" if namespace else ""
    body = f'{{"attachments": [{{"title": "[{status}] critical: A{where}", "text": "so it is"}}]}}'
    return Received(at=at, took=0.1, receiver="page", answer=answer, body=body)


class Scripted:
    """A receiver that has got one message after the other, and may go away or forget."""

    def __init__(self, *messages: Received) -> None:
        self.instance = "first"
        self.kept = list(messages)
        self.forgotten = 0
        self.is_away = False

    def since(self, number: int) -> Page:
        """Tell what came from a number on."""
        if self.is_away:
            raise TransientError("no answer")
        first = max(number, self.forgotten)
        return Page(self.instance, first, tuple(self.kept[first:]))


def looked(source: Scripted, *at: float) -> Mailbox:
    """Return a mailbox that has asked at these times."""
    clock = ManualClock(at[0])
    mailbox = Mailbox(lambda: source, clock, 1)
    for moment in at:
        clock.sleep(moment - clock.now())
        mailbox.look()
    return mailbox


def told(mailbox: Mailbox, kind: str = "notification") -> list[Event]:
    """Return the events of a kind."""
    return [event for event in mailbox.events(WINDOW) if event.kind == kind]


def test_what_came_in_a_window_is_told_in_rule_time() -> None:
    """Its time counts from the fault, and how long it was kept waiting runs as fast."""
    (event,) = told(looked(Scripted(came(80.0), came(110.0), came(140.0)), 85.0, 150.0))
    assert (200.0, 2.0, "A", 1) == (event.t, event.data["took"], event.data["alert"], event.data["count"])


def test_what_is_for_another_scenario_is_left_out_and_what_is_for_none_is_not() -> None:
    """Messages about the cluster are everybody's."""
    found = told(looked(Scripted(came(110.0, "drill-b"), came(111.0, ""), came(112.0, "shop")), 85.0, 150.0))
    assert ["", "shop"] == [event.data["namespace"] for event in found]


def test_what_is_asked_twice_is_told_once() -> None:
    """Each look asks for what is new."""
    source = Scripted(came(110.0))
    mailbox = looked(source, 85.0, 111.0)
    source.kept.append(came(112.0))
    mailbox.look()
    mailbox.look()
    assert [200.0, 240.0] == [event.t for event in told(mailbox)]


def test_from_when_to_when_it_is_known_what_came_is_told() -> None:
    """As far as it lies in the run's window."""
    (event,) = told(looked(Scripted(), 95.0, 120.0), "receiver")
    assert {"since": -100.0, "until": 400.0, "lost": []} == event.data


def test_of_a_receiver_that_never_answered_nothing_is_told() -> None:
    """That is another thing than one that got nothing."""
    source = Scripted()
    source.is_away = True
    assert [] == list(looked(source, 85.0, 150.0).events(WINDOW))


def test_a_receiver_that_goes_away_ends_what_is_known() -> None:
    """What came until then is kept here."""
    source = Scripted(came(110.0))
    mailbox = looked(source, 85.0, 112.0)
    source.is_away = True
    assert not mailbox.look()
    assert ([200.0], 240.0) == ([e.t for e in told(mailbox)], told(mailbox, "receiver")[0].data["until"])


def test_a_receiver_that_was_started_anew_has_lost_something() -> None:
    """What the new one has is told, and that it has forgotten what it was not asked for."""
    source = Scripted(came(110.0))
    mailbox = looked(source, 85.0, 112.0)
    source.instance, source.kept = "second", [came(115.0)]
    mailbox.look()
    assert [200.0, 300.0] == [event.t for event in told(mailbox)]
    assert ["the receiver was started anew, and has forgotten what it had not told"] == (
        told(mailbox, "receiver")[0].data["lost"]
    )


def test_a_receiver_that_got_too_much_has_lost_something() -> None:
    """It keeps the newest, and says from which number on."""
    source = Scripted(came(110.0), came(111.0))
    mailbox = looked(source, 85.0)
    source.kept += [came(112.0)] * 3
    source.forgotten = 4
    mailbox.look()
    assert ["so much came that the receiver has forgotten some of it"] == [said for _, said in mailbox.lost]


def test_whether_the_end_of_an_alert_was_told_is_known_at_once() -> None:
    """Only a message that was taken counts, of the scenario's namespace or of none."""
    over = {"status": "resolved", "since": 100.0}
    refused = looked(Scripted(came(110.0, status="RESOLVED", answer=500)), 112.0)
    foreign = looked(Scripted(came(110.0, "drill-b", status="RESOLVED")), 112.0)
    taken = looked(Scripted(came(110.0, status="RESOLVED")), 112.0)
    found = [mailbox.has("drill-a", "A", **over) for mailbox in (refused, foreign, taken)]  # type: ignore[arg-type]
    assert [False, False, True] == found


def test_a_message_that_names_no_alert_is_told_as_it_is() -> None:
    """Somebody must look at it."""
    odd = Received(at=110.0, took=0.0, receiver="page", answer=400, body="hello")
    (event,) = told(looked(Scripted(odd), 85.0, 112.0))
    assert ("", "hello") == (event.data["alert"], event.data["title"])
