"""Verdicts as JSON: the judgements as they are, and the worst of them."""

from collections.abc import Sequence

import msgspec

from alertdrill.model import Judgement, Verdict


def render(judgements: Sequence[Judgement]) -> str:
    """Return {"verdict", "judgements"}, indented, with keys in a stable order."""
    whole = {"verdict": Verdict.worst(one.verdict for one in judgements), "judgements": judgements}
    raw = msgspec.json.encode(whole, order="deterministic")
    return msgspec.json.format(raw, indent=2).decode() + "\n"
