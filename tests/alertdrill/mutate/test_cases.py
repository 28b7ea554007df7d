"""Files of rule tests as they are written: what is read from one, and written again, says the same."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from alertdrill import data
from alertdrill.mutate import cases

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")))
DOCUMENTS = st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)


@given(DOCUMENTS)
def test_a_text_stays_a_text(document: Any) -> None:
    """Whatever it looks like, a number, a date or nothing, what had quotes has them again."""
    assert document == yaml.safe_load(cases.written(document))


def test_our_own_rule_tests_are_written_as_they_were() -> None:
    """Scalars without quotes are what they were to whoever reads YAML: numbers, texts, nothing."""
    for path in sorted((data.path("rules") / "tests").glob("*.test.yaml")):
        (test,) = cases.read([path])
        assert yaml.safe_load(path.read_text()) == yaml.safe_load(cases.written(test.document))


def test_what_stands_without_quotes_is_no_text(tmp_path: Path) -> None:
    """Promtool takes `0x60` for sixty zeros, `~` for nothing and `1` for a number."""
    (tmp_path / "a.test.yaml").write_text(
        'rule_files: []\ntests: [{values: 0x60, exp_alerts: , value: 1, name: "1"}]\n'
    )
    (test,) = cases.read([tmp_path / "a.test.yaml"])
    written = '{rule_files: [], tests: [{values: 0x60, exp_alerts: null, value: 1, name: "1"}]}'
    assert written == cases.written(test.document)
