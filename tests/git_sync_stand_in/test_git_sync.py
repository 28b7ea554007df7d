"""The stand-in keeps git-sync's contract, against a real repository on this machine."""

import http.server
import os
import re
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

from exporter_kit.errors import DaemonError
from git_sync_stand_in import health
from git_sync_stand_in.checkout import WORKTREES, Checkout
from git_sync_stand_in.cli import NOTICE, main
from git_sync_stand_in.hooks import Exec, Hook, Webhook, without_user
from git_sync_stand_in.sync import Sync

ENV = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Repo:
    """A repository to commit to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"file://{folder}"
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        """Run git in it."""
        return subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**os.environ, **ENV},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def commit(self, text: str) -> str:
        """Commit a file with this text and return the commit."""
        (self.folder / "file").write_text(text)
        self.git("add", "file")
        self.git("commit", "--quiet", "--message", text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit."""
    made = Repo(tmp_path / "upstream.git")
    made.commit("one")
    return made


def checkout(repo: Repo, root: Path, ref: str = "main", stale_timeout: float = 0) -> Checkout:
    """Return a checkout of it below `root`."""
    return Checkout(repo.url, root, Path("link"), ref=ref, depth=1, timeout=20, stale_timeout=stale_timeout)


def once(repo: Repo, root: Path, *words: str) -> Result:
    """Run the command once."""
    return CliRunner().invoke(main, [f"--repo={repo.url}", f"--root={root}", "--one-time", *words])


def test_the_link_leads_to_a_worktree_named_by_its_commit(repo: Repo, tmp_path: Path) -> None:
    """After one sync the link leads, by a relative path, to a folder whose name is the commit's hash."""
    commit = repo.commit("two")
    result = once(repo, tmp_path / "root", "--link=current")
    link = tmp_path / "root" / "current"
    assert (0, commit) == (result.exit_code, link.resolve().name)
    assert "two" == (link / "file").read_text()
    assert not link.readlink().is_absolute()


def test_it_says_what_it_is(repo: Repo, tmp_path: Path) -> None:
    """The first thing it writes is that it is a stand-in."""
    assert NOTICE in once(repo, tmp_path / "root").stderr.splitlines()[0]


def test_the_link_is_named_after_the_repository_by_default(repo: Repo, tmp_path: Path) -> None:
    """Without --link the link has the repository's name, less .git."""
    once(repo, tmp_path / "root")
    assert (tmp_path / "root" / "upstream").is_symlink()


def test_a_new_commit_gets_a_new_worktree_and_the_old_one_goes(repo: Repo, tmp_path: Path) -> None:
    """Published commits follow one another, and only the newest stays."""
    synced = checkout(repo, tmp_path / "root")
    for text in ("two", "three"):
        commit = repo.commit(text)
        assert commit == synced.fetch()
        synced.publish(commit)
        synced.forget_others(commit)
        assert text == (synced.link / "file").read_text()
        assert commit == synced.current()
        assert [commit] == [path.name for path in (tmp_path / "root" / WORKTREES).iterdir()]


def test_a_stale_worktree_stays_for_its_time(repo: Repo, tmp_path: Path) -> None:
    """What the link led to before is there until it has been stale for so long, counted from the swap."""
    first = repo.git("rev-parse", "HEAD")
    worktrees = tmp_path / "root" / WORKTREES
    sync = Sync(checkout(repo, tmp_path / "root", stale_timeout=600), [])
    sync.once()
    os.utime(worktrees / first, (0, 0))  # made long ago
    second = repo.commit("two")
    sync.once()
    sync.once()
    assert {first, second} == {path.name for path in worktrees.iterdir()}
    os.utime(worktrees / first, (time.time() - 601,) * 2)
    sync.once()
    assert [second] == [path.name for path in worktrees.iterdir()]


def test_a_ref_that_goes_back_finds_its_stale_worktree(repo: Repo, tmp_path: Path) -> None:
    """A commit that is published again gets the folder it had, in which somebody may be at work."""
    first = repo.git("rev-parse", "HEAD")
    sync = Sync(checkout(repo, tmp_path / "root", stale_timeout=600), [])
    sync.once()
    folder = tmp_path / "root" / WORKTREES / first
    (folder / "plan").touch()
    (folder / "file").write_text("changed")
    repo.commit("two")
    sync.once()
    repo.git("reset", "--quiet", "--hard", first)
    assert first == sync.once()
    assert {"one"} == {(folder / "file").read_text(), (tmp_path / "root" / "link" / "file").read_text()}
    assert (folder / "plan").exists()


@pytest.mark.parametrize(("words", "left"), [((), 1), (("--stale-worktree-timeout=1h",), 2)])
def test_the_flag_says_how_long(repo: Repo, tmp_path: Path, words: tuple[str, ...], left: int) -> None:
    """Without --stale-worktree-timeout the old worktree goes at once, as git-sync does it."""
    once(repo, tmp_path / "root", *words)
    repo.commit("two")
    assert 0 == once(repo, tmp_path / "root", *words).exit_code
    assert left == len(list((tmp_path / "root" / WORKTREES).iterdir()))


def test_the_link_never_leads_nowhere(repo: Repo, tmp_path: Path) -> None:
    """A reader that looks all the time finds the file behind the link at every look."""
    synced = checkout(repo, tmp_path / "root")
    synced.publish(synced.fetch())
    missing: list[OSError] = []
    looks, stop = [0], threading.Event()

    def look() -> None:
        while not stop.is_set():
            try:
                (synced.link / "file").read_bytes()
            except OSError as error:
                missing.append(error)
            looks[0] += 1

    reader = threading.Thread(target=look)
    reader.start()
    for text in "abcd":
        repo.commit(text)
        synced.publish(synced.fetch())
    stop.set()
    reader.join()
    assert [] == missing
    assert 10 < looks[0]


@pytest.mark.parametrize("kind", ["tag", "commit", "branch"])
def test_a_ref_may_be_a_tag_a_commit_or_a_branch(repo: Repo, tmp_path: Path, kind: str) -> None:
    """What --ref names is what is published, though the default branch has moved on."""
    wanted = repo.git("rev-parse", "HEAD")
    repo.git("tag", "--annotate", "v1", "--message=v1")
    repo.git("branch", "kept")
    repo.commit("two")
    ref = {"tag": "v1", "commit": wanted, "branch": "kept"}[kind]
    assert wanted == checkout(repo, tmp_path / "root", ref).fetch()


def test_a_half_made_worktree_is_made_anew(repo: Repo, tmp_path: Path) -> None:
    """What a killed run left is not taken for a worktree."""
    synced = checkout(repo, tmp_path / "root")
    commit = synced.fetch()
    half = tmp_path / "root" / WORKTREES / commit
    half.mkdir(parents=True)
    (half / "junk").touch()
    assert synced.current() is None
    synced.publish(commit)
    assert {"file", ".git"} == {path.name for path in synced.link.iterdir()}


def test_a_failed_fetch_leaves_what_is_published(repo: Repo, tmp_path: Path) -> None:
    """When upstream is gone the last commit stays readable."""
    synced = checkout(repo, tmp_path / "root")
    synced.publish(synced.fetch())
    repo.folder.rename(tmp_path / "gone")
    with pytest.raises(DaemonError, match=r"running git fetch: .*upstream\.git"):
        synced.fetch()
    assert "one" == (synced.link / "file").read_text()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--ref=nosuch"], 1, "running git fetch: .*nosuch"),
        (["--repo=file:///nosuch/repo"], 1, "running git fetch: .*"),
        (["--period=soon"], 2, "'soon' is not a duration"),
        (["--nosuch"], 2, "No such option"),
        (["--exechook-command=/nosuch/hook"], 1, "running the hook /nosuch/hook: .*No such file"),
        (["--exechook-command=/bin/false"], 1, "running the hook /bin/false: it ended with 1"),
        (["--webhook-url=http://127.0.0.1:1/"], 1, "sending the webhook to http://127.0.0.1:1/: .*refused"),
        (["--webhook-url=http://x:a/b@h/"], 1, "reading --webhook-url: it is no http URL; [^:]*$"),
    ],
)
def test_trouble_is_a_sentence(repo: Repo, tmp_path: Path, words: list[str], code: int, says: str) -> None:
    """What goes wrong is said in a sentence, with an exit code, and without a traceback."""
    result = once(repo, tmp_path / "root", *words)
    assert code == result.exit_code
    assert re.search(says, result.stderr)
    assert "Traceback" not in result.stderr


def test_the_hook_runs_in_the_worktree_with_the_commit(repo: Repo, tmp_path: Path) -> None:
    """The exechook sees the new worktree and its hash; a later run tells it again."""
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$GITSYNC_HASH $(cat file)" >> {tmp_path}/told\n')
    hook.chmod(0o755)
    for _ in range(2):
        assert 0 == once(repo, tmp_path / "root", f"--exechook-command={hook}").exit_code
    assert [f"{repo.git('rev-parse', 'HEAD')} one"] * 2 == (tmp_path / "told").read_text().splitlines()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str]]]:
    """A web server that refuses only the first request; yields its address and what it heard."""
    heard: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.headers["Gitsync-Hash"])
            self.send_response(500 if len(heard) == 1 else 200)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/-/run", heard
        server.shutdown()


@pytest.mark.parametrize(
    ("user", "sent"),
    [("", None), ("x:pass%2Fword@", "x:pass/word"), ("x:@", "x:"), ("x@", "x:")],
)
def test_a_password_in_the_address_is_sent_as_basic_auth(user: str, sent: str | None) -> None:
    """What a URL says of its user goes into a header, decoded, as Go's client does it."""
    url, headers = without_user(f"http://{user}localhost:8080/-/run")
    assert "http://localhost:8080/-/run" == url
    header = {"Authorization": f"Basic {b64encode(sent.encode()).decode()}"} if sent else {}
    assert header == headers


@pytest.mark.parametrize("end", ["127.0.0.1:1/", "[", "a/b@h/"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_an_error_of_the_webhook_holds_no_password(scheme: str, end: str) -> None:
    """Whatever is wrong with the address, what is said of it leaves the password out."""
    webhook = Webhook(f"{scheme}x:hunter2@{end}", "POST", 200, 1.0)
    with pytest.raises(DaemonError) as error:
        webhook("c0ffee", Path())
    assert "hunter2" not in f"{error.value}{webhook}"


def wait_until(true: object, seconds: float = 15.0) -> None:
    """Wait for a condition, a call without arguments."""
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)  # between two looks


def test_the_loop_follows_the_repository_and_ends_when_told(
    repo: Repo, tmp_path: Path, receiver: tuple[str, list[str]]
) -> None:
    """It publishes commits as they come, tells the webhook until it takes them, ends with 0 on SIGTERM."""
    url, heard = receiver
    link = tmp_path / "root" / "link"
    words = [
        f"--repo={repo.url}",
        f"--root={tmp_path / 'root'}",
        "--link=link",
        "--ref=main",
        "--period=50ms",
    ]
    hooks = [f"--webhook-url={url}", "--webhook-backoff=50ms", "--max-failures=-1"]
    command = [sys.executable, "-c", "from git_sync_stand_in.cli import main; main()", *words, *hooks]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            wait_until(link.exists)
            first = repo.git("rev-parse", "HEAD")
            wait_until(lambda: [first, first] == heard)
            second = repo.commit("two")
            wait_until(lambda: second in heard)
            assert "two" == (link / "file").read_text()
        finally:
            process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(15)
    assert [first, first, second] == heard


def test_it_says_when_it_has_synced(repo: Repo, tmp_path: Path) -> None:
    """`/` is 503 before the first sync and 200 after, and /metrics counts syncs."""
    sync = Sync(checkout(repo, tmp_path / "root"), [])
    server = health.serve("127.0.0.1:0", sync, metrics=True)
    url = f"http://127.0.0.1:{server.server_port}"
    with pytest.raises(OSError, match="503"):
        urlopen(url)
    sync.once()
    sync.once()
    with urlopen(url) as answer, urlopen(f"{url}/metrics") as metrics:  # noqa: S310
        assert 200 == answer.status
        text = metrics.read().decode()
    assert 'git_sync_count_total{status="success"} 1\ngit_sync_count_total{status="error"} 0\n' in text
    assert 'git_sync_count_total{status="noop"} 1\n' in text
    server.shutdown()
    server.server_close()


def test_a_commit_is_told_of_although_the_sync_failed_after_it(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published and was not told is told by the next sync that works."""
    synced = checkout(repo, tmp_path / "root")
    sync = Sync(synced, [])
    sync.once()
    commit = repo.commit("two")
    with monkeypatch.context() as broken:
        broken.setattr(synced, "forget_others", lambda _commit: (_ for _ in ()).throw(DaemonError("gc")))
        with pytest.raises(DaemonError):
            sync.once()
    assert [commit, None] == [sync.once(), sync.once()]


def test_a_hook_that_writes_no_text_is_heard(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are in the sentence as well as they can be."""
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\nprintf '\\377bad' >&2; exit 3\n")
    hook.chmod(0o755)
    with pytest.raises(DaemonError, match="it ended with 3: \N{REPLACEMENT CHARACTER}bad"):
        Exec(str(hook), 10)("abc", tmp_path)


def test_a_hook_is_told_again_whatever_went_wrong() -> None:
    """An error that nobody foresaw does not end the thread."""
    tries: list[str] = []
    over = threading.Event()

    def send(commit: str, _worktree: Path) -> None:
        tries.append(commit)
        if len(tries) == 1:
            raise ValueError("unforeseen")
        over.set()

    hook = Hook("h", send, backoff=0.01)
    hook.start()
    hook.tell("abc", Path())
    assert (True, ["abc", "abc"], 1) == (over.wait(10), tries, hook.failed)
