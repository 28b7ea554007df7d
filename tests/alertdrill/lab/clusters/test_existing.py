"""A cluster that is somebody's is named in full, and only then used."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from alertdrill.errors import LabError, UsageError
from alertdrill.lab.clusters import Ability, Access, Wanted, choose
from alertdrill.lab.clusters.existing import require_context
from alertdrill.machine import tools
from alertdrill.progress import Progress


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from labs that are up on this machine."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))


def kubeconfig(folder: Path, *contexts: str) -> Path:
    """Write a kubeconfig that has these contexts."""
    file = folder / "config"
    file.write_text(yaml.safe_dump({"contexts": [{"name": name} for name in contexts]}))
    return file


@pytest.mark.parametrize("named", [{}, {"context": "prod"}])
def test_half_a_name_is_refused(named: dict[str, object]) -> None:
    """Whatever context happens to be current is never taken."""
    with pytest.raises(UsageError, match=r"must be named in full.* give its kubeconfig and its context"):
        choose(Wanted(flavour="existing", **named))  # type: ignore[arg-type]


def test_without_a_context_those_that_there_are_are_named(tmp_path: Path) -> None:
    """One of them is to be said; none is taken because it is the only one."""
    with pytest.raises(UsageError, match=r"give its kubeconfig and its context, which is one of a, b$"):
        choose(Wanted(flavour="existing", kubeconfig=kubeconfig(tmp_path, "b", "a")))


def test_a_binary_kubeconfig_is_refused(tmp_path: Path) -> None:
    """What is no text at all is no kubeconfig either."""
    (tmp_path / "config").write_bytes(bytes(range(256)))
    with pytest.raises(UsageError, match=r"reading the kubeconfig .*: it is no kubeconfig"):
        require_context(Access(kubeconfig=tmp_path / "config", context="a"))


def test_a_context_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The sentence names those that are."""
    access = Access(kubeconfig=kubeconfig(tmp_path, "b", "a"), context="c")
    with pytest.raises(UsageError, match=r"has no context c: it has a, b$"):
        require_context(access)


@pytest.mark.parametrize("text", ["", "a: [", "[]", "contexts: 1", "contexts: [{}]"])
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    """Any file that is not one is called so."""
    (tmp_path / "config").write_text(text)
    with pytest.raises(UsageError, match=r"reading the kubeconfig .*: it is no kubeconfig"):
        require_context(Access(kubeconfig=tmp_path / "config", context="a"))


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(UsageError, match="No such file or directory"):
        require_context(Access(kubeconfig=tmp_path / "config", context="a"))


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ({"as": "jane", "token": "t"}, "as"),
        ({"as-groups": ["a"]}, "as-groups"),
        ({"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({"token": "t", "tokenFile": "f"}, "tokenFile beside token"),
    ],
)
def test_a_user_whom_only_kubectl_understands_is_refused(
    tmp_path: Path, user: dict[str, object], word: str
) -> None:
    """Else half of it would be done by somebody with other rights; another context's user may be so."""
    contexts = [{"name": name, "context": {"user": name}} for name in ("a", "b")]
    users = [{"name": "a", "user": user}, {"name": "b", "user": {"as": None, "token": "t"}}]
    (tmp_path / "config").write_text(yaml.safe_dump({"contexts": contexts, "users": users}))
    with pytest.raises(UsageError, match=rf"has {word} for the user a, which kubectl heeds"):
        require_context(Access(kubeconfig=tmp_path / "config", context="a"))
    require_context(Access(kubeconfig=tmp_path / "config", context="b"))


def test_it_may_only_run_pods(tmp_path: Path) -> None:
    """Nothing that touches nodes or the control plane is possible in somebody else's cluster."""
    wanted = Wanted(flavour="existing", kubeconfig=kubeconfig(tmp_path, "a"), context="a")
    assert frozenset({Ability.RUNS_PODS}) == choose(wanted).abilities


def test_one_that_does_not_answer_says_so(tmp_path: Path) -> None:
    """A status is a sentence, never a traceback."""
    wanted = Wanted(flavour="existing", kubeconfig=kubeconfig(tmp_path, "a"), context="b")
    status = choose(wanted).status()
    assert not status.answers
    assert "has no context b" in status.sentence


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wanted]:
    """Yield what is wanted of an API server that has one node."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path / "cache"))
    server = HTTPServer(("127.0.0.1", 0), OneNode)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "theirs", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    monkeypatch.setattr(tools, "kubectl", lambda: tmp_path / "kubectl")
    yield Wanted(flavour="existing", kubeconfig=tmp_path / "config", context="theirs")
    server.shutdown()
    thread.join()
    server.server_close()


class OneNode(BaseHTTPRequestHandler):
    """Answers every request with a list of one node."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"items": [{"metadata": {"name": "theirs"}}]}')

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def test_it_is_used_as_it_is_and_forgotten(answering: Wanted, tmp_path: Path) -> None:
    """Up is a look, loading and down change nothing in it, and no record is left."""
    cluster = choose(answering)
    access = cluster.up(Progress())
    assert Access(kubeconfig=tmp_path / "config", context="theirs") == access
    assert cluster.status().answers
    cluster.load([tmp_path / "images.tar"], Progress())
    with pytest.raises(LabError, match="halting etcd: not in a cluster that is not ours"):
        cluster.halt("etcd")
    cluster.down(Progress())
    assert not (tmp_path / "cache" / "labs" / "lab").exists()
    assert (tmp_path / "config").exists()
