"""What the lab's receiver has got, asked over a forwarded port (manifests/components/receiver)."""

import re
from http import HTTPStatus
from typing import Any

import msgspec
import requests

from alertdrill.errors import LabError, TransientError
from alertdrill.incident import Notification
from alertdrill.kube import Forward

NAME = "receiver"  # its Deployment
PORT = 8080
REPLY_SECONDS_MAX = 10
# What slack.tmpl makes a title of: state and number of alerts, severity, alert, namespace.
TITLE = re.compile(
    r"\[(?P<state>FIRING|RESOLVED)(?::(?P<count>\d+))?\]"
    r"(?: \w+:)? (?P<alert>\w+)(?: in (?P<namespace>\S+))?"
)


class Received(msgspec.Struct, frozen=True):
    """One request to one of the addresses: when it came, and how long it was kept waiting, in live seconds.

    `answer` is the HTTP status it got, 0 for a connection that was dropped.
    """

    at: float
    took: float
    receiver: str
    answer: int
    body: str


class Page(msgspec.Struct, frozen=True):
    """What a receiver tells: its life, the number of the first of these, and these."""

    instance: str
    since: int
    received: tuple[Received, ...]


class Receiver:
    """The lab's receiver; may be shared between threads."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward

    def since(self, number: int) -> Page:
        """Return what came from `number` on; whatever goes wrong on the way is a LabError."""
        what = "asking the receiver what came"
        url = self._forward.url()
        try:
            reply = requests.get(f"{url}/received", params={"since": number}, timeout=REPLY_SECONDS_MAX)
        except requests.RequestException as error:
            self._forward.mistrust(url)
            raise TransientError(f"{what}: {error}") from error
        if reply.status_code != HTTPStatus.OK:
            raise TransientError(f"{what}: it answered {reply.status_code}: {reply.text[:200]}")
        try:
            return msgspec.json.decode(reply.content, type=Page)
        except msgspec.DecodeError as error:
            raise LabError(f"{what}: its answer is not understood: {error}") from error


def read(received: Received) -> Notification:
    """Return what a request said: as people see it in Slack, or as Alertmanager's own webhook has it."""
    try:
        message: Any = msgspec.json.decode(received.body)
        parts = _slack(message["attachments"][0]) if "attachments" in message else _webhook(message)
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError):
        parts = {"title": received.body}
    return Notification(receiver=received.receiver, answer=received.answer, **parts)


def _slack(attachment: dict[str, Any]) -> dict[str, Any]:
    title = str(attachment.get("title", ""))
    said = {
        "title": title,
        "link": str(attachment.get("title_link", "")),
        "text": str(attachment.get("text", "")).strip(),
    }
    found = TITLE.fullmatch(title)
    if not found:
        return said
    parts = found.groupdict()
    return {
        **said,
        "status": parts["state"].lower(),
        "alert": parts["alert"],
        "namespace": parts["namespace"] or "",
        "count": int(parts["count"] or 0),
    }


def _webhook(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": message["status"],
        "alert": message["groupLabels"]["alertname"],
        "namespace": message["groupLabels"].get("exported_namespace", ""),
        "count": sum(one["status"] == "firing" for one in message["alerts"]),
    }
