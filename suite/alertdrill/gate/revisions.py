"""Rules as they are in a folder, in a file, or in a revision that git has."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from alertdrill import rules as rule_files
from alertdrill.errors import InputError, LabError, UsageError
from alertdrill.rules import Group, RuleSet

SECONDS_MAX = 60.0


def load(side: str, other: str) -> RuleSet:
    """Return the rules of one side: a path, `REVISION:PATH`, or `REVISION` for the other side's path."""
    path = Path(side)
    if path.exists() or side == "-":
        return rule_files.load([path])
    revision, _, within = side.partition(":")
    within = within or (other if Path(other).exists() else other.partition(":")[2])
    if not _is_revision(revision):
        raise UsageError(
            f"{side} is no file, no folder and no revision that git has here; name one of them, or"
            " REVISION:PATH"
        )
    if not within:
        raise UsageError(f"{side} is a revision, and no path says which rules are meant; write {side}:PATH")
    return _from_git(revision, Path(os.path.relpath(within)))


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise LabError("looked for git on PATH, to read rules of a revision, and found none: install git")
    try:
        return subprocess.run([program, *words], capture_output=True, check=False, timeout=SECONDS_MAX)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"asking git for {words[-1]}: {error}") from error


def _is_revision(revision: str) -> bool:
    if not revision or revision.startswith("-"):
        return False
    return not _git("rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}").returncode


def _from_git(revision: str, within: Path) -> RuleSet:
    """Return the rules of a revision; their files are called REV:PATH."""
    listing = _git("ls-tree", "-r", "-z", "--name-only", revision, "--", str(within))
    names = [name for name in listing.stdout.decode().split("\0") if name]
    if not names:
        raise UsageError(f"{revision} has nothing at {within}; name a path that it has: {revision}:PATH")
    with tempfile.TemporaryDirectory(prefix="alertdrill-revision-") as temporary:
        for name in names:
            file = Path(temporary) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_git("show", f"{revision}:./{name}").stdout)
        try:
            found = rule_files.load([Path(temporary) / within])
        except InputError as error:
            raise UsageError(str(error).replace(f"{temporary}/", f"{revision}:")) from error
    return _renamed(found, f"{temporary}/", f"{revision}:")


def _renamed(rules: RuleSet, before: str, after: str) -> RuleSet:
    def name(file: str) -> str:
        return file.replace(before, after, 1)

    def group(one: Group) -> Group:
        those = tuple(msgspec.structs.replace(rule, file=name(rule.file)) for rule in one.rules)
        return msgspec.structs.replace(one, file=name(one.file), rules=those)

    return msgspec.structs.replace(
        rules,
        files={name(file): tuple(map(group, groups)) for file, groups in rules.files.items()},
        foreign=frozenset(map(name, rules.foreign)),
        remarks=tuple(msgspec.structs.replace(one, file=name(one.file)) for one in rules.remarks),
    )
