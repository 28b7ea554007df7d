"""Verdicts → text, JUnit, JSON; a module per format, each with `render(judgements) -> str`."""
