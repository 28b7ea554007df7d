"""What is known of our clusters survives a kill, and a damaged record counts as none."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertdrill.lab.clusters import state
from alertdrill.lab.clusters.state import Record

KIND = frozenset({"kind", "kind-built"})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the records in a folder of the test's own."""
    monkeypatch.setenv("ALERTDRILL_CACHE", str(tmp_path))
    return tmp_path


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(Record, flavour=st.text(), reason=st.text(), loaded=st.lists(st.text(), max_size=3)))
def test_a_record_comes_back(record: Record) -> None:
    """What is written is what is read."""
    state.write("lab", record)
    assert record == state.read("lab")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"flavour": "kind"}', '{"unknown": 1}', "\x00"])
def test_a_damaged_record_counts_as_none(cache: Path, text: str) -> None:
    """A record that can't be read is as good as none."""
    folder = cache / "labs" / "lab"
    folder.mkdir(parents=True)
    (folder / "cluster.json").write_text(text)
    assert state.read("lab") is None


def test_a_forgotten_lab_leaves_no_folder() -> None:
    """What this package kept is gone, and files of others stay."""
    state.write("lab", Record(flavour="kind", reason="r"))
    state.kubeconfig("lab").write_text("")
    state.forget("lab")
    assert not state.folder("lab").exists()
    state.write("lab", Record(flavour="kind", reason="r"))
    (state.folder("lab") / "lab.json").write_text("{}")
    state.forget("lab")
    assert ["lab.json"] == [file.name for file in state.folder("lab").iterdir()]


def test_other_labs_are_told_by_flavour() -> None:
    """Whoever still needs the engine keeps it running."""
    for name, flavour in (("a", "kind"), ("b", "kind-built"), ("c", "existing"), ("d", "kind")):
        state.write(name, Record(flavour=flavour, reason="r"))
    assert ["b", "d"] == state.others("a", KIND)
