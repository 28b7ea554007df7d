"""A verdict says on what it rests that nobody declared, and is the same verdict."""

from pathlib import Path

import msgspec
import pytest

from alertdrill import incident
from alertdrill.judge import judge
from alertdrill.model import Claim
from alertdrill.report import json, text

GOOD = incident.read(Path(__file__).parent / "good")
GUESS = Claim(metric="shop_requests_total", kind="own-pace", why="nobody said", rules=("Mismatch",))


def judged(*claims: Claim) -> tuple[str, ...]:
    """Return the notes beside the verdict on the good recording that rests on these claims."""
    judgement = judge(msgspec.structs.replace(GOOD, claims=claims))
    assert judge(GOOD).findings == judgement.findings
    return judgement.notes


def test_a_verdict_on_a_guessed_pace_says_so() -> None:
    """Metric and alert are named, and what to do, in the text and in the data."""
    sentence = (
        "what is said of Mismatch rests on shop_requests_total keeping its own pace, which nobody declared;"
        " declare in a pace.yaml beside the rules what paces it"
    )
    assert (sentence,) == judged(GUESS)
    judgement = judge(msgspec.structs.replace(GOOD, claims=(GUESS,)))
    assert f"        ! {sentence}\n" in text.render([judgement])
    assert sentence in json.render([judgement])


def test_what_was_declared_or_is_not_asked_of_needs_no_note() -> None:
    """Nor does what the lab paces, nor a guess about an alert that the scenario does not name."""
    assert () == judged(
        msgspec.structs.replace(GUESS, declared=True),
        msgspec.structs.replace(GUESS, kind="paced-by-lab"),
        msgspec.structs.replace(GUESS, rules=("NotInThisScenario",)),
    )


@pytest.mark.parametrize(("back", "count"), [("10m", 1), ("30s", 0)])
def test_a_rule_that_looks_back_to_before_the_workload_says_so(back: str, count: int) -> None:
    """What moved while it came up still counts when it is broken, and the window was not made for that."""
    sentence = (
        "Mismatch looks back 10m for what has moved, and the workload had been healthy for 30s: when it fires"
        " depends on how that came up"
    )
    rules = GOOD.rules.replace("mismatch > 0", f"changes(mismatch[{back}]) == 0")
    assert (sentence,) * count == judge(msgspec.structs.replace(GOOD, rules=rules)).notes


def test_the_claims_are_in_the_recording(tmp_path: Path) -> None:
    """They are read as they were written; a recording of before has none."""
    incident.write(msgspec.structs.replace(GOOD, claims=(GUESS,)), tmp_path / "one")
    assert ((GUESS,), ()) == (incident.read(tmp_path / "one").claims, GOOD.claims)
