"""kubectl and the client against one context, and forwards that come back."""

import os
import re
import signal
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme
import urllib3
import yaml

from alertdrill.clock import WallClock, wait_for
from alertdrill.errors import FutileError, LabError, TransientError
from alertdrill.kube import Forward, Kube, forward, trouble
from alertdrill.play.insist import insist
from alertdrill.testing import ManualClock


def test_every_kubectl_call_names_the_kubeconfig_and_the_context(kube: Kube, tmp_path: Path) -> None:
    """No call can reach a cluster that was not named."""
    kube.run("applying", "apply")
    assert f"--kubeconfig={tmp_path / 'config'} --context=drill apply\n" == (tmp_path / "calls").read_text()


def test_a_refused_change_is_one_sentence_with_the_servers_words(kube: Kube) -> None:
    """What kubectl says when it fails is in the error."""
    with pytest.raises(
        LabError, match=r"applying the workload: kubectl ended with 1: Error from server .Forbidden.: no"
    ):
        kube.run("applying the workload", "forbidden-thing")


def test_a_manifest_that_is_wrong_is_not_sent_again(kube: Kube) -> None:
    """Trying for a while is for servers that are busy; this one has answered."""
    clock = ManualClock(1000.0)
    with pytest.raises(
        FutileError, match=r'^applying: kubectl ended with 1: The Deployment "web" is invalid: '
    ):
        insist(lambda: kube.run("applying", "apply", "invalid-thing"), clock)
    assert 1000.0 == clock.now()


def test_objects_are_listed_by_namespace_and_selector(kube: Kube) -> None:
    """The objects come as the API server has them."""
    assert ["web-1"] == [pod["metadata"]["name"] for pod in kube.get("pods", namespace="a", selector="x=y")]


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        ("apps/v1", "Deployment", True),
        ("v1", "Pod", True),
        ("v1", "Node", False),
        ("v1", "Deployment", None),
        ("example.com/v1", "Database", None),
    ],
)
def test_a_kind_is_in_namespaces_or_not_or_not_there(
    version: str,
    kind: str,
    expected: bool | None,  # noqa: FBT001  # a parameter
    kube: Kube,
) -> None:
    """What the API server does not have is an answer."""
    assert expected == kube.is_namespaced(version, kind)


def test_a_kind_that_may_not_be_asked_for_is_a_lab_error(kube: Kube) -> None:
    """No answer is no kind that is missing."""
    with pytest.raises(LabError, match="asking for the kinds of batch/v1: the API server answered 403"):
        kube.is_namespaced("batch/v1", "Job")


def test_a_kubeconfig_that_is_gone_is_a_lab_error(tmp_path: Path) -> None:
    """A lab whose files were removed is in trouble, and no traceback."""
    with pytest.raises(LabError, match=f"reading the kubeconfig {tmp_path}/gone: "):
        Kube(tmp_path / "gone", "drill")


@pytest.mark.parametrize(
    ("command", "args", "why"),
    [
        ("nobody-has-this", [], r"\[Errno 2\] No such file or directory: 'nobody-has-this'"),
        ("sh", ["-c", "echo session expired >&2; exit 1"], r"exec: process returned 1. session expired"),
        ("sh", ["-c", "echo {}"], r"exec: malformed response. missing key 'apiVersion'"),
    ],
    ids=["missing", "fails", "says nothing"],
)
@pytest.mark.usefixtures("kube")
def test_a_plugin_without_credentials_is_not_gone_on_without(
    command: str, args: list[str], why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is asked as nobody: it is said which plugin it was, why, and what its user was told to do."""
    config = tmp_path / "config"
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command,
        "args": args,
        "installHint": "Ask your team for it.",
        "interactiveMode": "Never",
    }
    found = yaml.safe_load(config.read_text())
    found["users"][0]["user"] = {"exec": plugin}
    config.write_text(yaml.safe_dump(found))
    with pytest.raises(LabError, match=rf"{command} gave no credentials: {why}; Ask your team for it.$"):
        Kube(config, "drill")
    assert caplog.records  # and so is heard by whoever listens


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            401,
            b'{"kind": "Status", "message": "Unauthorized"}',
            "answered 401: Unauthorized; it does not know",
        ),
        (
            403,
            b'{"message": "nodes is forbidden"}',
            "answered 403: nodes is forbidden; who asks may not: see",
        ),
        (502, b"<html>\nBad Gateway", "answered 502: <html> Bad Gateway"),
        (500, b"[]", "answered 500: []"),
    ],
)
def test_an_answer_that_is_none_is_told_by_its_message(status: int, body: bytes, said: str) -> None:
    """Not the object around it, in one line, and with what to look at."""
    assert said == trouble.of_answer(status, body)[: len(said)]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1:1", "no connection (Connection refused); is it up?"),
        ("nobody.invalid", "the name of its host is not known"),
    ],
)
def test_why_there_was_no_connection_is_told_in_words(host: str, said: str) -> None:
    """Whatever the libraries wrapped it in."""
    with pytest.raises(urllib3.exceptions.HTTPError) as caught:
        urllib3.PoolManager().request("GET", f"https://{host}", retries=0)
    assert said == trouble.of_connection(caught.value)


def test_a_forbidden_list_is_a_lab_error(kube: Kube) -> None:
    """An API server that says no is trouble in the lab, never an empty list."""
    with pytest.raises(LabError, match="listing nodes: the API server answered 403"):
        kube.get("nodes")


def test_an_api_server_that_is_gone_is_a_lab_error(kube: Kube, tmp_path: Path) -> None:
    """No connection is trouble in the lab."""
    config = tmp_path / "config"
    config.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", config.read_text()))
    with pytest.raises(LabError, match="listing pods: the API server at"):
        Kube(config, "drill").get("pods")
    assert kube.version() == "1.34.2"


def test_a_forward_that_died_is_started_anew(kube: Kube, tmp_path: Path) -> None:
    """The url still answers after the process behind it has ended."""
    with kube.forward("monitoring", "service/prometheus", 9090) as forward:
        before, first = forward.url(), int((tmp_path / "pid").read_text())
        os.kill(first, signal.SIGKILL)
        wait_for(
            "a new forward",
            lambda: renewed(forward, tmp_path, first),
            deadline=10,
            clock=WallClock(),
            every=0.1,
        )
        assert before == forward.url()


def renewed(forward: Forward, folder: Path, first: int) -> bool:
    """Ask for the url, and say whether another process forwards it now."""
    forward.url()
    return int((folder / "pid").read_text()) != first


def test_a_forward_that_can_not_start_says_why(kube: Kube) -> None:
    """What kubectl said is in the error."""
    with pytest.raises(LabError, match="forwarding a port to service/forbidden-thing: Error from server"):
        kube.forward("a", "service/forbidden-thing", 1).url()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, LabError), (404, LabError), (429, TransientError), (500, TransientError), (503, TransientError)],
)
def test_a_refusal_says_by_its_type_whether_it_may_pass(
    status: int, kind: type[LabError], kube: Kube
) -> None:
    """An API server that is busy or lost its etcd may answer later; one that knows us not never will."""
    with pytest.raises(LabError, match=f"listing pods: the API server answered {status}: ") as said:
        kube.get("pods", namespace=f"status-{status}")
    assert kind is said.type


def test_an_answer_that_breaks_off_may_be_whole_next_time(kube: Kube) -> None:
    """A connection that ends in the middle of an answer is trouble that may pass."""
    with pytest.raises(TransientError, match="listing pods: the API server's answer broke off"):
        kube.get("pods", namespace="broken-off")


def test_no_connection_may_pass_and_a_certificate_of_strangers_does_not(kube: Kube, tmp_path: Path) -> None:
    """An API server that restarts refuses connections; one that we don't trust won't be trusted later."""
    assert kube.version()
    config = tmp_path / "config"
    config.write_text(re.sub(r"http://127\.0\.0\.1:\d+", "https://127.0.0.1:1", config.read_text()))
    with pytest.raises(LabError) as gone:
        Kube(config, "drill").get("pods")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        config.write_text(config.read_text().replace("127.0.0.1:1", f"127.0.0.1:{server.server_port}"))
        with pytest.raises(LabError) as strange:
            Kube(config, "drill").get("pods")
        server.shutdown()
    assert (TransientError, LabError) == (gone.type, strange.type)


def test_a_forward_that_gave_no_reply_is_started_anew_once(kube: Kube, tmp_path: Path) -> None:
    """A kubectl that hangs is replaced; what was said of an older one is not held against the new one."""
    with kube.forward("monitoring", "service/prometheus", 9090) as forward:
        url, first = forward.url(), (tmp_path / "pid").read_text()
        forward.mistrust("http://127.0.0.1:0")
        forward.url()
        assert first == (tmp_path / "pid").read_text()
        forward.mistrust(url)
        forward.url()
        assert first != (tmp_path / "pid").read_text()


def test_a_forward_that_does_not_begin_is_ended(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubectl that says nothing is not waited for without end."""
    monkeypatch.setattr(forward, "FORWARD_SECONDS_MAX", 0.1)
    with pytest.raises(TransientError, match="forwarding a port to service/silent-thing: it said nothing"):
        kube.forward("a", "service/silent-thing", 1).url()
