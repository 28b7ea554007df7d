"""Survivors that are right, each with its reason: a file beside the rule tests.

    - alert: PodWaiting
      mutant: "> → >= before 0"
      reason: A count of reasons is never 0 where there is a series.

`alert` may name a recording rule. An explanation of what is noticed, or is no mutant any more, is stale.
"""

from pathlib import Path

import msgspec
import yaml

from alertdrill.errors import InputError
from alertdrill.model import Value
from alertdrill.mutate.values import Fate
from alertdrill.rules import documents, files

NAME = "survivors.yaml"


class Explained(Value, frozen=True, kw_only=True):
    """Why one mutant may survive; `place` is where that stands."""

    alert: str
    mutant: str
    reason: str
    place: str = ""


def beside(paths: list[Path]) -> list[Path]:
    """Return the files of survivors that are with the tests of these folders."""
    return [found for path in paths if (found := path / "tests" / NAME).is_file()]


def read(file: Path) -> list[Explained]:
    """Return what a file explains; what can't be understood is an InputError with its line."""
    found = []
    for document in documents.documents(files.text_of(file), str(file)):
        if not isinstance(document, yaml.SequenceNode):
            raise InputError(
                "this explains no survivors; write a list of `alert`, `mutant` and `reason`",
                file=str(file),
                line=documents.line_of(document),
            )
        for node in document.value:
            line = documents.line_of(node)
            said = {name: documents.word(node, name).strip() for name in ("alert", "mutant", "reason")}
            if missing := [name for name, word in said.items() if not word]:
                raise InputError(f"this lacks its {' and '.join(missing)}", file=str(file), line=line)
            fields = {key.value for key, _ in node.value} if isinstance(node, yaml.MappingNode) else set()
            if unknown := sorted(fields - said.keys()):
                raise InputError(
                    f"nobody reads its {' and '.join(map(str, unknown))}; write alert, mutant and reason",
                    file=str(file),
                    line=line,
                )
            found.append(Explained(**said, place=f"{file}:{line}"))
    return found


def explain(fates: list[Fate], explained: list[Explained]) -> tuple[list[Fate], list[str]]:
    """Return the fates with what is said of them, and a sentence for each explanation that is stale."""
    reasons = {(one.alert, one.mutant): one for one in explained}
    used: set[tuple[str, str]] = set()
    told = []
    for fate in fates:
        key = (fate.mutant.original.name, fate.mutant.what)
        if fate.survived and key in reasons:
            used.add(key)
            told.append(msgspec.structs.replace(fate, explained=reasons[key].reason))
        else:
            told.append(fate)
    there = {(fate.mutant.original.name, fate.mutant.what): fate for fate in fates}
    stale = []
    for key, one in reasons.items():
        if key not in used:
            why = _why_stale(there.get(key))
            stale.append(f"{one.place}: {one.alert}: {one.mutant} {why}; remove its explanation")
    return told, stale


def _why_stale(fate: Fate | None) -> str:
    if fate is None:
        return "is no mutant of these rules"
    return "is noticed now" if fate.killed else "makes no difference"
