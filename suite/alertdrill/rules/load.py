"""Rule files read from disk: every problem of every file is found before one is reported."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from alertdrill.errors import RulesError
from alertdrill.rules.read import Reader
from alertdrill.rules.values import BadRulesError, Group, Rule, RuleSet

SIZE_MAX = 4 * 1024 * 1024  # bytes; the largest rule files people publish are a tenth of this
PATTERNS = ("*.rules.yaml", "*.rules.yml")


def load(paths: Sequence[Path]) -> RuleSet:
    """Return the rules of these files; of a folder, those of its `*.rules.yaml`.

    Whatever no Prometheus would take, whatever would make an alert useless, and a set without any rule is
    a BadRulesError with a file, a line and a sentence for each.
    """
    problems: list[RulesError] = []
    files: dict[str, tuple[Group, ...]] = {}
    for path in _files(paths, problems):
        try:
            files[str(path)] = parse(_text(path), str(path))
        except BadRulesError as found:
            problems += found.problems
        except RulesError as found:
            problems.append(found)
    problems += _duplicates([rule for groups in files.values() for group in groups for rule in group.rules])
    if problems:
        raise BadRulesError(problems)
    if not files:
        raise BadRulesError([RulesError("no rule file was named; name at least one", file="rules")])
    return RuleSet(files=files)


def parse(text: str, file: str) -> tuple[Group, ...]:
    """Return the groups of one rule file's text; `file` is its name in errors."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise RulesError(
            f"this is no YAML: {error.problem or error.context}", file=file, line=line
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise RulesError(
            f"this is no YAML: the character {error.character!r} is not allowed", file=file, line=line
        ) from error
    except RecursionError as error:
        raise RulesError("this YAML is nested too deeply for a rule file", file=file) from error
    if root is None:
        raise RulesError("this rule file is empty; write `groups:` with at least one rule", file=file)
    reader = Reader(file)
    groups = reader.groups(root)
    if not reader.problems and not any(group.rules for group in groups):
        reader.problem(root, "this rule file has no rules; write at least one, or leave the file out")
    if reader.problems:
        raise BadRulesError(sorted(reader.problems, key=lambda problem: problem.line))
    return groups


def _files(paths: Sequence[Path], problems: list[RulesError]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(file for pattern in PATTERNS for file in path.glob(pattern))
        if not found:
            problems.append(
                RulesError(f"no {PATTERNS[0]} is in this folder; name the files themselves", file=str(path))
            )
        files += found
    return list(dict.fromkeys(files))


def _text(path: Path) -> str:
    try:
        if not path.is_file() and path.exists():
            raise RulesError("this is no regular file; name a rule file", file=str(path))
        with path.open("rb") as stream:
            raw = stream.read(SIZE_MAX + 1)
    except OSError as error:
        raise RulesError(
            f"can't read this rule file: {error.strerror or error}; check the path", file=str(path)
        ) from error
    if len(raw) > SIZE_MAX:
        raise RulesError(
            f"this file is larger than {SIZE_MAX // 1024 // 1024} MiB, which no rule file is; name another",
            file=str(path),
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RulesError(
            "this is no text in UTF-8, so no rule file; name another", file=str(path), line=line
        ) from error
    if "\0" in text:
        raise RulesError("this is a binary file, not a rule file; name another", file=str(path))
    return text


def _duplicates(rules: list[Rule]) -> list[RulesError]:
    """Find rules that can't be told apart, neither by a scenario nor by who is on call."""
    first: dict[tuple[str, str, frozenset[tuple[str, str]]], Rule] = {}
    problems = []
    for rule in rules:
        key = (rule.kind, rule.name, frozenset(rule.labels.items()))
        earlier = first.setdefault(key, rule)
        if earlier is not rule:
            what = "alert" if rule.kind == "alert" else "recording rule"
            problems.append(
                RulesError(
                    f"the {what} {rule.name} with the same labels is already at"
                    f" {earlier.file}:{earlier.line}; give it another name or another label",
                    file=rule.file,
                    line=rule.line,
                )
            )
    return problems
