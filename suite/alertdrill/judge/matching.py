"""Does an alert's life carry the labels and annotations a scenario expects?"""

import json
import re
from collections.abc import Iterator, Mapping

from alertdrill.model import Life
from alertdrill.names import NAMESPACE_LABEL, NAMESPACE_PREFIX, TARGET_LABELS
from alertdrill.scenario import Expectation, Like, Match

# What Prometheus puts where a template found nothing, or broke.
BROKEN = re.compile(r"<no value>|<error expanding template")


def label_mistakes(life: Life, expectation: Expectation, namespace: str) -> list[str]:
    """Return why the labels are not exactly those expected; `[]` when they are.

    The namespace of the scenario is implied where the alert has one, and a target's labels need not be named.
    """
    expected: dict[str, Match] = dict(expectation.labels)
    if NAMESPACE_LABEL in life.labels:
        expected.setdefault(NAMESPACE_LABEL, namespace)
    mistakes = list(_mismatches("label", life.labels, expected))
    if _is_another_scenarios(life, namespace):
        mistakes.append(f'its label namespace is "{life.labels["namespace"]}", which is another scenario\'s')
    unnamed = life.labels.keys() - expected.keys() - TARGET_LABELS
    return mistakes + [
        f'its label {name}="{life.labels[name]}" is not named in the scenario' for name in sorted(unnamed)
    ]


def pasteable(life: Life, namespace: str) -> str:
    """Return the labels of an alert as a scenario names them, but for those that it need not name."""
    unsaid = {NAMESPACE_LABEL} if life.labels.get(NAMESPACE_LABEL) == namespace else set[str]()
    named = {name: life.labels[name] for name in sorted(life.labels.keys() - unsaid - TARGET_LABELS)}
    return f"labels={json.dumps(named, ensure_ascii=False)}"


def is_about(life: Life, namespace: str) -> bool:
    """Say whether an instance is about this scenario's namespace, or names none that it is about."""
    about = life.labels.get(NAMESPACE_LABEL, namespace)
    return about == namespace and not _is_another_scenarios(life, namespace)


def _is_another_scenarios(life: Life, namespace: str) -> bool:
    """Say whether it was scraped in the namespace of a scenario that is played beside this one."""
    scraped_in = life.labels.get("namespace", "")
    return scraped_in.startswith(NAMESPACE_PREFIX) and scraped_in != namespace


def annotation_mistakes(life: Life, expectation: Expectation) -> list[str]:
    """Return why the annotations that are named are not those expected."""
    return list(_mismatches("annotation", life.annotations, expectation.annotations))


def broken_annotations(life: Life) -> list[str]:
    """Return what reaches people empty or broken, whatever a scenario expects."""
    found = []
    for name, value in sorted(life.annotations.items()):
        if not value.strip():
            found.append(f"its annotation {name} is empty")
        elif BROKEN.search(value):
            found.append(f'its annotation {name} has a broken template: "{value}"')
    return found


def _mismatches(what: str, actual: Mapping[str, str], expected: Mapping[str, Match]) -> Iterator[str]:
    for name, match in sorted(expected.items()):
        if name not in actual:
            yield f"it has no {what} {name}, expected {said(match)}"
        elif not matches(actual[name], match):
            yield f'its {what} {name} is "{actual[name]}", expected {said(match)}'


def matches(value: str, match: Match) -> bool:
    """Say whether a text is what was expected."""
    if isinstance(match, Like):
        return re.fullmatch(match.like, value, re.DOTALL) is not None
    return value == match


def said(match: Match) -> str:
    """Say what was expected."""
    return f"something like {match.like}" if isinstance(match, Like) else f'"{match}"'
