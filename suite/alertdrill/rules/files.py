"""Which files are rules, and which are tests of rules: the one answer that all commands have.

A file that is named is what it says it is. Of a folder, every `*.yaml` and `*.yml` is looked at: rules in any
form of `forms.py` are read, tests are put aside, other Kubernetes objects and other YAML are passed over.
Tests may also be in the folder `tests` of that folder. Rules in other folders within it are not read, as by
Prometheus' own globs, and each such folder is remarked on. `-` is the standard input.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alertdrill.errors import RulesError
from alertdrill.rules import forms, pace
from alertdrill.rules.forms import RULES, SUFFIXES, Content, Kind
from alertdrill.rules.values import Remark

SIZE_MAX = 16 * 1024 * 1024  # bytes; everything kubectl has of the largest clusters' rules is a tenth of this
STDIN = Path("-")
TESTS = re.compile(r".*[._-]tests?\.ya?ml")


@dataclass
class Found:
    """What is behind the paths a user named; `named` are those tests that were named themselves."""

    rules: dict[str, Content] = field(default_factory=dict)
    tests: list[Path] = field(default_factory=list)
    named: list[Path] = field(default_factory=list)
    problems: list[RulesError] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def find(paths: Sequence[Path]) -> Found:
    """Return what is behind these paths; what can't be read is among the problems."""
    found = Found()
    for path in dict.fromkeys(paths):
        if path.is_dir():
            _look_into(path, found)
        else:
            _look_at(path, found)
    found.remarks += _unread([path for path in paths if path.is_dir()], found)
    return found


def _look_at(path: Path, found: Found) -> None:
    """Add a file that was named: it must be rules, or tests of rules."""
    content = _content(path, found)
    if content is None:
        return
    if content.kind == "tests":
        found.named.append(path)
    elif content.kind == "rules":
        found.rules[_name(path)] = content
    else:
        found.problems.append(RulesError(content.instead, file=_name(path), line=content.line))


def _look_into(folder: Path, found: Found) -> None:
    """Add the rules and tests of a folder; one without any rules is a problem."""
    before = len(found.rules) + len(found.problems)
    for path in _yaml(folder):
        content = _content(path, found)
        if content is None:
            continue
        if content.kind == "tests":
            found.tests.append(path)
        elif content.kind == "rules":
            found.rules[str(path)] = content
        elif RULES.fullmatch(path.name):
            found.problems.append(RulesError(content.instead, file=str(path), line=content.line))
        elif content.kind == "other":
            found.remarks.append(Remark(file=str(path), line=content.line, sentence=content.instead))
    beside = _yaml(folder / "tests")
    found.tests += [path for path in beside if TESTS.fullmatch(path.name) or _is(path, "tests")]
    if before == len(found.rules) + len(found.problems):
        found.problems.append(
            RulesError(
                "no rules are in this folder: looked for *.yaml and *.yml with `groups:` or a"
                f" {forms.OBJECT}, found none; name the folder that holds them",
                file=str(folder),
            )
        )


def _unread(folders: Sequence[Path], found: Found) -> Iterator[Remark]:
    """Yield a remark for each folder within one that was named in which there are rules that nobody named."""
    told: set[Path] = set()
    for folder in sorted(set(folders), key=lambda one: (-len(one.parts), one)):
        first: dict[str, Path] = {}
        for file in _within(folder, found):
            if file not in told:
                first.setdefault(file.relative_to(folder).parts[0], file)
                told.add(file)
        for name, file in first.items():
            sentence = f"rules in it were not read, such as {file}; name the folder of those you mean, too"
            yield Remark(file=str(folder / name), line=0, sentence=sentence)


def _within(folder: Path, found: Found) -> Iterator[Path]:
    """Yield the rule files in folders of a folder, at any depth, that nobody named."""
    for place, folders, _ in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "tests")
        if Path(place) != folder:
            unread = (path for path in _yaml(Path(place)) if path.is_file() and str(path) not in found.rules)
            yield from (path for path in unread if _is(path, "rules"))


def _yaml(folder: Path) -> list[Path]:
    there = folder.iterdir() if folder.is_dir() else ()
    # Who names a FIFO wants it read; one that lies about would be waited for until somebody writes into it.
    are_files = (path for path in there if path.suffix in SUFFIXES and not (path.is_dir() or path.is_fifo()))
    return sorted(path for path in are_files if path.name != pace.NAME)


def _content(path: Path, found: Found) -> Content | None:
    """Return what is in a file, None where it can't be told, which is then a problem."""
    try:
        return forms.read(text_of(path), _name(path))
    except RulesError as error:
        if TESTS.fullmatch(path.name):
            return Content("tests")  # promtool will say it with more words
        found.problems.append(error)
        return None


def _is(path: Path, kind: Kind) -> bool:
    """Say whether this is in a file; of one that can't be read it is not."""
    try:
        text = text_of(path)
        return (kind != "rules" or "groups" in text) and forms.read(text, str(path)).kind == kind
    except RulesError:
        return False


def _name(path: Path) -> str:
    return "stdin" if path == STDIN else str(path)


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(SIZE_MAX + 1)


def text_of(path: Path) -> str:
    """Return the text of a file; what is no text is a RulesError."""
    name = _name(path)
    try:
        if path != STDIN and not path.is_file() and path.exists() and not path.is_fifo():
            raise RulesError("this is no regular file; name one that is", file=name)
        raw = sys.stdin.buffer.read(SIZE_MAX + 1) if path == STDIN else _start(path)
    except OSError as error:
        raise RulesError(
            f"can't read this file: {error.strerror or error}; check the path", file=name
        ) from error
    if len(raw) > SIZE_MAX:
        raise RulesError(
            f"this file is larger than {SIZE_MAX // 1024 // 1024} MiB, which nobody writes; name another",
            file=name,
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RulesError("this is no text in UTF-8; name another file", file=name, line=line) from error
    if "\0" in text:
        raise RulesError("this is a binary file; name one that is text", file=name)
    return text
