"""Which commit a checkout is at, and words that keep pointing to it."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prom_run.runs.checkout import Checkout, head, resolve

ONE, TWO = "1" * 40, "2" * 40


def git(folder: Path, *words: str) -> str:
    """Run git, apart from any configuration of this machine."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Return a link as git-sync makes it: to a folder named by the commit."""
    for commit in (ONE, TWO):
        (tmp_path / ".worktrees" / commit).mkdir(parents=True)
    (tmp_path / "repo").symlink_to(tmp_path / ".worktrees" / ONE)
    return tmp_path / "repo"


def test_the_commit_is_the_name_of_the_folder(link: Path) -> None:
    """git-sync names the folder by the commit; the path given on is the folder's own."""
    found = resolve(str(link))
    assert (ONE, str(link.parent / ".worktrees" / ONE)) == (found.commit, found.path)


def test_a_link_that_moves_on_is_seen_at_the_next_look(link: Path) -> None:
    """What was resolved stays; the next look sees the new commit."""
    before = resolve(str(link))
    aside = link.with_name("aside")
    aside.symlink_to(link.parent / ".worktrees" / TWO)
    aside.rename(link)
    assert (ONE, TWO) == (before.commit, resolve(str(link)).commit)


def test_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    """Before git-sync's first sync there is nothing to look at."""
    with pytest.raises(FileNotFoundError):
        resolve(str(tmp_path / "repo"))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/data/repo", "/real"),
        ("/data/repo/k8s", "/real/k8s"),
        ("--path=/data/repo/k8s", "--path=/real/k8s"),
        ("/data/repository", "/data/repository"),
        ("/other/data/repo", "/other/data/repo"),
        ("text", "text"),
    ],
)
def test_words_that_name_the_link_name_the_folder(word: str, expected: str) -> None:
    """The command sees one commit throughout, whatever the link does meanwhile."""
    assert expected == Checkout("/data/repo", "/real", ONE, 0).fixed(word)


@given(st.text())
def test_other_words_are_left_alone(word: str) -> None:
    """A word without the link is not touched, backslashes neither."""
    if "/data/repo" not in word:
        assert word == Checkout("/data/repo", "\\1/real", ONE, 0).fixed(word)


def test_a_work_tree_tells_its_commit(tmp_path: Path) -> None:
    """A real clone, its refs loose or packed, detached or not, and a worktree of it."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert commit == head(tmp_path)

    git(tmp_path, "pack-refs", "--all")
    assert commit == head(tmp_path)

    git(tmp_path, "worktree", "add", "-q", "other")
    assert commit == head(tmp_path / "other")

    git(tmp_path, "checkout", "-q", "--detach")
    assert commit == head(tmp_path)


@pytest.mark.parametrize("text", ["", "ref: refs/heads/none", "ref: HEAD", "rubbish", "\udcff"])
def test_a_broken_repository_has_no_commit(tmp_path: Path, text: str) -> None:
    """What can't be read is no commit, and no error."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(text, errors="surrogateescape")
    assert "" == head(tmp_path)


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    """A plain folder can be looked at too."""
    assert ("", str(tmp_path)) == (resolve(str(tmp_path)).commit, resolve(str(tmp_path)).path)
