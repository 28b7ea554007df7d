"""Each side of a gate is a path or a revision of git."""

import subprocess
from pathlib import Path

import pytest

from alertdrill.errors import UsageError
from alertdrill.gate import load

RULES = "groups: [{name: g, rules: [{alert: %s, expr: up == 0}]}]\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout whose first commit has the alert Old, and whose folder has New."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.rules.yaml").write_text(RULES % "Old")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "x"), ("tag", "v1")):
        subprocess.run(["git", *words], check=True)
    (rules / "a.rules.yaml").write_text(RULES % "New")
    return tmp_path


@pytest.mark.parametrize("side", ["v1", "v1:rules", "HEAD:rules/a.rules.yaml"])
def test_a_revision_has_its_own_rules(side: str, checkout: Path) -> None:
    """Without a path it is that of the other side, and errors and places name the revision."""
    found = load(side, "rules")
    assert [["Old"], ["New"]] == [sorted(found.alerts), sorted(load("rules", side).alerts)]
    assert {f"{side.partition(':')[0]}:rules/a.rules.yaml"} == {rule.file for rule in found.rules}
    assert (checkout / "rules" / "a.rules.yaml").read_text() == RULES % "New"


@pytest.mark.parametrize(
    ("side", "other", "why"),
    [
        ("nowhere", "rules", "nowhere is no file, no folder and no revision that git has here"),
        ("v1", "v1", "v1 is a revision, and no path says which rules are meant; write v1:PATH"),
        ("v1:docs", "rules", "v1 has nothing at docs; name a path that it has: v1:PATH"),
        ("--help", "rules", "--help is no file"),
    ],
)
@pytest.mark.usefixtures("checkout")
def test_what_is_neither_is_told(side: str, other: str, why: str) -> None:
    """A typing error in a branch's name is one sentence."""
    with pytest.raises(UsageError, match=why):
        load(side, other)


def test_rules_that_are_damaged_in_a_revision_are_told_with_their_place(checkout: Path) -> None:
    """The file is named as git has it."""
    (checkout / "rules" / "a.rules.yaml").write_text("groups: [{name: g, rules: [{alert: A}]}]\n")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *identity, "commit", "-qam", "y"], check=True)
    with pytest.raises(UsageError, match=r"^HEAD:rules/a.rules.yaml:1: "):
        load("HEAD", "rules")
