"""The drill itself: every scenario, live."""

from alertdrill.model import Judgement, Verdict


def test_the_scenario_goes_as_its_sentence_says(judgement: Judgement) -> None:
    """Every expectation of the scenario holds, and nothing else fires."""
    objections = [finding.sentence for finding in judgement.findings if finding.verdict is not Verdict.PASS]
    assert (Verdict.PASS, []) == (judgement.verdict, objections)
