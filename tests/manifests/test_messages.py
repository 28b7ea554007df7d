"""What people read: every kind of message as Slack got it from a real Alertmanager, word for word."""

import html
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from alertdrill.incident import Notification

from .running import LABELS, MANIFESTS, Alerting, alerting, firing, over

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent / "golden" / "messages"
TESTS = MANIFESTS.parent / "rules" / "tests"
LONG_AGO = datetime.now(UTC) - timedelta(minutes=20)


def as_it_fires(group: str, alert: str) -> tuple[LABELS, LABELS]:
    """Return labels and annotations of an alert as promtool saw it fire in its rule test."""
    for test in yaml.safe_load((TESTS / f"{group}.test.yaml").read_text())["tests"]:
        for case in test["alert_rule_test"]:
            if case["alertname"] == alert:
                for one in case["exp_alerts"]:
                    return {"alertname": alert, **one["exp_labels"]}, one["exp_annotations"]
    raise AssertionError(alert)


def named(name: str, pair: tuple[LABELS, LABELS], **labels: str) -> tuple[LABELS, LABELS]:
    """Return another instance of an alert, about another object."""
    own = {**pair[0], **labels, "name": name}
    return own, {
        key: text.replace(f"shop/{pair[0]['name']}", f"{own['exported_namespace']}/{name}")
        for key, text in pair[1].items()
    }


REPLICAS = as_it_fires("deployments", "DeploymentReplicasMismatch")
HOSTILE = {"summary": "<!channel> R&D: <http://evil.example|click>", "description": "`rm -rf /` & *more*"}
PAGE = {"url": "https://kubediff.example.com/c/kubediff"}
KUBEDIFF = as_it_fires("kubediff", "Kubediff")

FIRING: dict[str, list[tuple[LABELS, LABELS]]] = {
    "one": [REPLICAS],
    "two": [named(name, REPLICAS, exported_namespace="pair") for name in ("api", "web")],
    "twelve": [named(f"web-{i:02}", REPLICAS, exported_namespace="big") for i in range(12)],
    "drift": [({**KUBEDIFF[0], **PAGE}, KUBEDIFF[1])],
    "node": [as_it_fires("nodes", "NodeNotReady")],
    "hostile": [({"alertname": "Injected", "exported_namespace": "<x>"}, HOSTILE)],
    "failing": [as_it_fires("alertmanager", "NotificationsFailing")],
    "unknown": [({"alertname": "Bare"}, {})],
}
BEFORE = [named(name, REPLICAS, exported_namespace="later") for name in ("api", "web")]


def shown(one: Notification) -> str:
    """Return a message as a reader of this file sees it, with where it went and where its title leads."""
    link = f"→ {one.link}\n" if one.link else ""
    return f"to {one.receiver}\n{one.title}\n{link}{one.text}\n"


def about(messages: list[Notification], labels: LABELS) -> str:
    """Return the messages about an alert's group, one below the other."""
    chosen = [
        shown(one)
        for one in sorted(messages, key=lambda one: one.receiver)
        if one.alert == labels["alertname"]
        and html.unescape(one.namespace) == labels.get("exported_namespace", "")
    ]
    return "\n".join(chosen)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerting]:
    """Run one Alertmanager for all tests here."""
    with alerting(tmp_path_factory.mktemp("alerting")) as one:
        yield one


@pytest.fixture(scope="module")
def messages(both: Alerting) -> list[Notification]:
    """Return what came of all of FIRING, each a message, and one of them twice."""
    for alerts in FIRING.values():
        both.tell(*(firing(*one) for one in alerts))
    return both.messages(len(FIRING) + 1)


@pytest.mark.parametrize("case", FIRING)
def test_a_message_says_what_is_wrong_and_where_to_look(
    case: str, messages: list[Notification], update_goldens: Callable[[Path, str], None]
) -> None:
    """What came is the golden file; `pytest --update-goldens` writes it anew, for somebody to read."""
    file = GOLDEN / f"{case}.txt"
    came = about(messages, FIRING[case][0][0])
    update_goldens(file, came)
    assert file.read_text() == came.rstrip("\n") + "\n"


def test_one_that_is_over_is_told_beside_one_that_is_not(
    both: Alerting, messages: list[Notification], update_goldens: Callable[[Path, str], None]
) -> None:
    """Of two, the one that is over is told with how long it was up; the last message says that both are."""
    already = len(messages)
    both.tell(*(firing(*one) for one in BEFORE))
    both.messages(already + 1)
    both.tell(over(*BEFORE[0], since=LONG_AGO, minutes=18))
    both.messages(already + 2)
    both.tell(over(*BEFORE[1], since=LONG_AGO, minutes=19))
    told = "\n".join(map(shown, both.messages(already + 3)[already:]))
    file = GOLDEN / "over.txt"
    update_goldens(file, told)
    assert file.read_text() == told.rstrip("\n") + "\n"


def test_what_watchdog_calls_is_called_and_called_again(tmp_path: Path) -> None:
    """The dead man's switch gets Alertmanager's own webhook, over and over, and never that all is well."""
    with alerting(tmp_path) as both:
        both.tell(firing({"alertname": "Watchdog", "severity": "none"}))
        came = both.messages(2)
    assert {("watchdog", "Watchdog", "firing", 1)} == {
        (one.receiver, one.alert, one.status, one.count) for one in came
    }
