"""What was changed is told: where, how and by whom, whichever way the object came into the cluster."""

import json

import pytest

from e2e.kubediff.running import Kubediff, Outcome
from e2e.kubediff.seeds import BESIDE, COMMITTED, DONE, EVERY, TAKEN_AWAY, Seed

WAYS = ("apply", "apply --server-side", "create")
NAMESPACE = "drifting"
EDITOR = "sed -i s/--two/--three/"


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way in which objects come into a cluster."""
    return str(request.param)


@pytest.fixture(scope="module")
def drifted(way: str, applied: Kubediff) -> Outcome:
    """Return what is told once all seeds are sown, each into an object of its own."""
    namespace = f"{NAMESPACE}-{WAYS.index(way)}"
    applied.kubectl("create", "namespace", namespace)
    items = [each.before for each in EVERY]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    applied.kubectl(*way.split(), "-n", namespace, "-f", "-", stdin=listed)
    for each in EVERY:
        if each.words:
            applied.kubectl("-n", namespace, *each.words, editor=EDITOR)
    after = json.dumps({"apiVersion": "v1", "kind": "List", "items": [each.after for each in EVERY]})
    return applied("--json", "-n", namespace, "-f", "-", stdin=after)


def authors(outcome: Outcome, seed: Seed, among: str) -> set[str]:
    """Return who is said to have done it."""
    key = "differences" if among == "drift" else "foreign"
    return {
        (each.get("author") or {}).get("manager", "")
        for item in outcome.data[among]
        if f"{item['subject']['kind']} {item['subject']['name']}" == seed.title
        for each in item[key]
    }


@pytest.mark.parametrize("seed", DONE, ids=lambda each: each.name)
def test_what_was_done_is_told(drifted: Outcome, seed: Seed) -> None:
    """A change by hand is told at its path and nowhere else, with the name of who did it."""
    assert seed.told == drifted.drift[seed.title]
    if seed.by:
        assert {seed.by} == authors(drifted, seed, "drift")


@pytest.mark.parametrize("seed", COMMITTED, ids=lambda each: each.name)
def test_what_nobody_applied_is_told(drifted: Outcome, seed: Seed) -> None:
    """A commit that has not reached the cluster is drift."""
    assert seed.told == drifted.drift[seed.title]


@pytest.mark.parametrize("seed", TAKEN_AWAY, ids=lambda each: each.name)
def test_what_git_no_longer_has_is_told(drifted: Outcome, way: str, seed: Seed) -> None:
    """What a commit took away is drift while the cluster has it; of what was created, it is a perhaps."""
    gone = "perhaps no longer in git" if way == "create" else "no longer in git"
    assert [each.replace("gone", gone) for each in seed.told] == drifted.drift[seed.title]


@pytest.mark.parametrize("seed", BESIDE, ids=lambda each: each.name)
def test_what_others_added_is_no_drift(drifted: Outcome, seed: Seed) -> None:
    """What git says nothing of is told apart, with the name of who added it."""
    assert seed.title not in drifted.drift
    assert {seed.by} == authors(drifted, seed, "foreign")


def test_the_rest_is_no_trouble(drifted: Outcome) -> None:
    """All was compared, and there was drift: a 2."""
    assert ([], 2) == (drifted.troubles, drifted.code)


def test_no_secret_is_told(drifted: Outcome) -> None:
    """Neither what a Secret holds nor a password in a variable is in the output, in any coding."""
    said = drifted.out + drifted.err
    assert [] == [
        each
        for each in ("hunter22", "hunter33", "correct-horse", "battery", "Y29ycmVjdC1ob3JzZQ", "YmF0dGVyeQ")
        if each in said
    ]
