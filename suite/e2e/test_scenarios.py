"""The drill itself: every scenario, live."""

import pytest

from alertdrill.model import Judgement, Verdict
from e2e.conftest import SCENARIOS


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_the_scenario_goes_as_its_sentence_says(name: str, judgements: dict[str, Judgement]) -> None:
    """Every expectation of the scenario holds, and nothing else fires."""
    judgement = judgements[name]
    objections = [finding.sentence for finding in judgement.findings if finding.verdict is not Verdict.PASS]
    assert (Verdict.PASS, []) == (judgement.verdict, objections)
