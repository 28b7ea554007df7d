"""Of what rules read there may be no data, or none at first: a real Prometheus is asked."""

from pathlib import Path

from alertdrill import engine
from alertdrill.backtest import lacking, needs
from alertdrill.backtest.backtest import Asked
from alertdrill.backtest.raw import moment
from alertdrill.incident import Series

from .conftest import rules_of

START, END = 1_600_000_000, 1_600_010_000
EVERY = 100


def test_what_there_is_only_later_is_told_with_its_time(tmp_path: Path) -> None:
    """What begins with the time or soon after lacks nothing; what never comes is told as such."""
    begins = {"before": START - 500, "early": START + 400, "late": START + 5_000}
    rules = "".join(f"  - {{alert: {name}, expr: {name} > 0}}\n" for name in (*begins, "never"))
    found = needs.find(rules_of(tmp_path, f"groups:\n- name: g\n  rules:\n{rules}"))
    with engine.started() as running:
        running.write(
            Series(
                labels={"__name__": name},
                timestamps=tuple(second * 1000 for second in range(first, END, EVERY)),
                values=(1.0,) * len(range(first, END, EVERY)),
            )
            for name, first in begins.items()
        )
        lacked = lacking.found(running, found, START - 1_000, Asked(start=START, end=END))
    since = {str(selector): told for selector, told in lacked.items()}
    assert {"late", "never"} == since.keys()
    assert "" == since["never"]
    assert moment((START + 5_000) * 1000) <= since["late"] <= moment((START + 5_010) * 1000)
