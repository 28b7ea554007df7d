"""A cluster that is somebody's is named in full, and only then used."""

from pathlib import Path

import pytest
import yaml

from alertdrill.clusters import Ability, Access, Wanted, choose
from alertdrill.clusters.existing import require_context
from alertdrill.errors import UsageError


def kubeconfig(folder: Path, *contexts: str) -> Path:
    """Write a kubeconfig that has these contexts."""
    file = folder / "config"
    file.write_text(yaml.safe_dump({"contexts": [{"name": name} for name in contexts]}))
    return file


@pytest.mark.parametrize("named", [{}, {"context": "prod"}, {"kubeconfig": Path("config")}])
def test_half_a_name_is_refused(named: dict[str, object]) -> None:
    """Whatever context happens to be current is never taken."""
    with pytest.raises(UsageError, match=r"must be named in full.* give its kubeconfig and its context"):
        choose(Wanted(flavour="existing", **named))  # type: ignore[arg-type]


def test_a_context_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The sentence names those that are."""
    access = Access(kubeconfig=kubeconfig(tmp_path, "b", "a"), context="c")
    with pytest.raises(UsageError, match=r"has no context c: it has a, b$"):
        require_context(access)


@pytest.mark.parametrize("text", ["", "a: [", "[]", "contexts: 1", "contexts: [{}]"])
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    """Any file that is not one is called so."""
    (tmp_path / "config").write_text(text)
    with pytest.raises(UsageError, match=r"reading the kubeconfig .*: it is no kubeconfig"):
        require_context(Access(kubeconfig=tmp_path / "config", context="a"))


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(UsageError, match="No such file or directory"):
        require_context(Access(kubeconfig=tmp_path / "config", context="a"))


def test_it_may_only_run_pods(tmp_path: Path) -> None:
    """Nothing that touches nodes or the control plane is possible in somebody else's cluster."""
    wanted = Wanted(flavour="existing", kubeconfig=kubeconfig(tmp_path, "a"), context="a")
    assert frozenset({Ability.RUNS_PODS}) == choose(wanted).abilities


def test_one_that_does_not_answer_says_so(tmp_path: Path) -> None:
    """A status is a sentence, never a traceback."""
    wanted = Wanted(flavour="existing", kubeconfig=kubeconfig(tmp_path, "a"), context="b")
    status = choose(wanted).status()
    assert not status.answers
    assert "has no context b" in status.sentence
