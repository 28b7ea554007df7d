"""The checked-out repository a command looks at: which commit it is, resolved once per run.

git-sync swaps a link to a folder named by the commit; a plain work tree is read from its .git.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LINKS_MAX = 5


@dataclass(frozen=True)
class Checkout:
    """A repository at one commit: `path` does not change while the link moves on."""

    link: str
    path: str
    commit: str
    since: float

    def fixed(self, word: str) -> str:
        """Return a word of a command line with the link replaced by what it stands for now."""
        return re.sub(rf"(^|=){re.escape(self.link)}(?=/|$)", lambda found: found[1] + self.path, word)


def resolve(link: str) -> Checkout:
    """Look at a checkout now; one that isn't there (yet) is an OSError."""
    try:
        path = os.path.realpath(link, strict=True)
        since = os.lstat(link).st_mtime
    except OSError as error:
        error.filename = link  # not the part of the path that is missing
        raise
    name = Path(path).name
    return Checkout(link, path, name if COMMIT.fullmatch(name) else head(Path(path)), since)


def head(tree: Path) -> str:
    """Return the commit a work tree has checked out, "" where that can't be told."""
    try:
        git = _git_folder(tree)
        common = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
        text = (git / "HEAD").read_text().strip()
        for _ in range(_LINKS_MAX):
            if not text.startswith("ref: "):
                break
            text = _ref(git, common, text.removeprefix("ref: "))
    except (OSError, UnicodeDecodeError):
        return ""
    return text if COMMIT.fullmatch(text) else ""


def _git_folder(tree: Path) -> Path:
    git = tree / ".git"
    if git.is_file():  # a worktree or submodule: one line that says where it is
        return tree / git.read_text().removeprefix("gitdir:").strip()
    return git


def _ref(git: Path, common: Path, name: str) -> str:
    for folder in (git, common):
        if (folder / name).is_file():
            return (folder / name).read_text().strip()
    for line in (common / "packed-refs").read_text().splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""
