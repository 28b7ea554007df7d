"""Rules that differ from those of this repository by one word, and its recordings."""

from collections.abc import Callable

import pytest

from alertdrill import data, incident, rules
from alertdrill.incident import Incident
from alertdrill.rules import RuleSet

FILES = {
    name: data.path(*folder, f"{name}.rules.yaml")
    for name, folder in {
        "deployments": ("rules",),
        "pods": ("rules",),
        "watchdog": ("rules",),
        "historic": ("fixtures", "rules"),
    }.items()
}


@pytest.fixture(scope="session")
def recordings() -> list[Incident]:
    """Return the recordings of the repository."""
    return [incident.read(one) for one in incident.find([data.path("fixtures", "incidents")])]


@pytest.fixture(scope="session")
def ruled() -> Callable[..., RuleSet]:
    """Return shipped rules with words replaced: old, new, old, new and so on."""

    def of(*words: str) -> RuleSet:
        files = {}
        text = {name: file.read_text() for name, file in FILES.items()}
        for old, new in zip(words[::2], words[1::2], strict=True):
            assert any(old in one for one in text.values())
            text = {name: one.replace(old, new) for name, one in text.items()}
        for name, one in text.items():
            files[f"{name}.yaml"] = rules.parse(one, f"{name}.yaml")
        return RuleSet(files=files)

    return of
