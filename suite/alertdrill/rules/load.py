"""Rule files read from disk: every problem of every file is found before one is reported."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from alertdrill import durations
from alertdrill.errors import RulesError
from alertdrill.rules import forms, pace
from alertdrill.rules.files import Found, find
from alertdrill.rules.forms import Content
from alertdrill.rules.read import Reader
from alertdrill.rules.values import BadRulesError, Group, Remark, Rule, RuleSet

# Of what is pending for less, Prometheus never looks up since when (`--rules.alert.for-grace-period`).
REMEMBERED_SECONDS = 600.0


def load(paths: Sequence[Path]) -> RuleSet:
    """Return the rules behind these paths, as `files.py` says which are meant, with `pace.yaml` beside them.

    What no Prometheus would take, a template that breaks whenever its alert fires, and paths without any
    rule file are a BadRulesError with a file, a line and a sentence for each.
    """
    found = find(paths)
    found.problems += [RulesError(forms.THESE_ARE_TESTS, file=str(path)) for path in found.named]
    return of(found)


def of(found: Found) -> RuleSet:
    """Return the rules of what was found."""
    problems, remarks = list(found.problems), list(found.remarks)
    files: dict[str, tuple[Group, ...]] = {}
    foreign = set()
    for file, content in found.rules.items():
        reader = Reader(file)
        files[file] = _groups(content, reader)
        if content.foreign or reader.left_out:
            foreign.add(file)
        problems += sorted(reader.problems, key=lambda problem: problem.line)
        remarks += sorted(reader.remarks, key=lambda remark: remark.line)
    declarations, wrong = pace.beside([Path(file) for file in found.rules])
    problems += wrong
    every = [group for groups in files.values() for group in groups]
    remarks += [*_repeated(every), *_forgotten(every)]
    if not (files or problems):
        problems.append(RulesError("no rule file was named; name at least one", file="rules"))
    if problems:
        raise BadRulesError(problems, remarks)
    return RuleSet(files=files, foreign=frozenset(foreign), remarks=tuple(remarks), declarations=declarations)


def parse(text: str, file: str) -> tuple[Group, ...]:
    """Return the groups of one rule file's text; `file` is its name in errors."""
    content, reader = forms.read(text, file), Reader(file)
    if content.kind != "rules":
        raise RulesError(content.instead, file=file, line=content.line)
    groups = _groups(content, reader)
    if reader.problems:
        raise BadRulesError(sorted(reader.problems, key=lambda problem: problem.line))
    return groups


def _groups(content: Content, reader: Reader) -> tuple[Group, ...]:
    reader.remarks += content.remarks
    groups = tuple(group for body in content.bodies for group in reader.groups(body))
    if not reader.problems and not any(group.rules for group in groups):
        sentence = "there are no rules in this file, so it alerts of nothing"
        reader.remarks.append(Remark(file=reader.file, line=0, sentence=sentence))
    return groups


def _repeated(groups: Sequence[Group]) -> Iterator[Remark]:
    """Yield a remark for each alert that neither scenarios nor people can tell from an earlier one."""
    first: dict[tuple[str, frozenset[tuple[str, str]]], Rule] = {}
    for group in groups:
        for rule in group.rules:
            key = (rule.name, frozenset({**group.labels, **rule.labels}.items()))
            if rule.kind == "alert" and (earlier := first.setdefault(key, rule)) is not rule:
                place = f"{earlier.file}:{earlier.line}"
                sentence = f"the alert {rule.name} with the same labels is already at {place}"
                yield Remark(file=rule.file, line=rule.line, sentence=sentence)


def _forgotten(groups: Sequence[Group]) -> Iterator[Remark]:
    """Yield a remark for each alert whose clock begins anew when Prometheus restarts (prometheus#16883)."""
    for rule in (rule for group in groups for rule in group.rules if rule.kind == "alert"):
        templates = sorted(name for name, text in rule.labels.items() if "{{" in text)
        if templates and durations.seconds(rule.hold or "0s") >= REMEMBERED_SECONDS:
            sentence = (
                f"the label {templates[0]} of {rule.name} is a template, which a Prometheus from 2.53 on, but"
                f" for the newest, does not find again when it restarts: the {rule.hold} begin anew; make the"
                " label in the expression (label_replace)"
            )
            yield Remark(file=rule.file, line=rule.line_of("labels"), sentence=sentence)
