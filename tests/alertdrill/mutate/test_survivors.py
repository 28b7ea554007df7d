"""Explained survivors: each with its reason, and none that outlives it."""

from pathlib import Path

import pytest

from alertdrill.errors import InputError
from alertdrill.mutate import survivors, text
from alertdrill.mutate.mutants import Mutant
from alertdrill.mutate.survivors import Explained
from alertdrill.mutate.values import Fate, Mutated
from alertdrill.rules import Rule

RULE = Rule(kind="alert", name="A", expr="a > 0", file="a.yaml", line=3, lines={"expr": 4})


def fate(what: str, *, same: str = "", tests: tuple[str, ...] = ()) -> Fate:
    """Return what became of a mutant of RULE."""
    changed = Rule(kind="alert", name="A", expr="a > 1")
    mutant = Mutant(original=RULE, changed=changed, group="g", kind="k", what=what, line=4, same=same)
    return Fate(mutant=mutant, tests=tests)


def explained(what: str, alert: str = "A") -> Explained:
    """Return an explanation of a mutant."""
    return Explained(alert=alert, mutant=what, reason="It is right.", place="s.yaml:1")


def test_a_survivor_is_explained_by_alert_and_change() -> None:
    """The reason stands with the survivor; who is noticed needs none."""
    told, stale = survivors.explain([fate("x"), fate("y", tests=("t",))], [explained("x")])
    assert (["It is right.", ""], []) == ([one.explained for one in told], stale)


def test_an_explanation_without_its_survivor_is_stale() -> None:
    """One whose mutant is noticed now, or is none any more, is to be removed."""
    fates = [fate("y", tests=("t",)), fate("z", same="it is the same")]
    _, stale = survivors.explain(fates, [explained("y"), explained("z"), explained("q")])
    assert [
        "s.yaml:1: A: y is noticed now; remove its explanation",
        "s.yaml:1: A: z makes no difference; remove its explanation",
        "s.yaml:1: A: q is no mutant of these rules; remove its explanation",
    ] == stale


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a: b", ":1: this explains no survivors"),
        ("- {alert: A, mutant: m}\n", ":1: this lacks its reason"),
        ("- {alert: A, mutant: m, reason: r, until: x}\n", ":1: nobody reads its until; write alert, mutant"),
        ("- {alert: A, mutant: m, reason: r}\n- {alert: B}\n", ":2: this lacks its mutant and reason"),
        ("- [", "this is no YAML"),
    ],
)
def test_what_explains_nothing_is_refused_with_its_line(tmp_path: Path, content: str, why: str) -> None:
    """A survivor is never explained by accident."""
    (tmp_path / "s.yaml").write_text(content)
    with pytest.raises(InputError, match=why):
        survivors.read(tmp_path / "s.yaml")


def test_explanations_are_read_with_their_place(tmp_path: Path) -> None:
    """Where a reason stands is where it is to be removed."""
    (tmp_path / "tests").mkdir()
    file = tmp_path / "tests" / "survivors.yaml"
    file.write_text('- alert: A\n  mutant: "> 0 → > 1"\n  reason: >-\n    Because\n    of it.\n')
    (one,) = survivors.read(*survivors.beside([tmp_path]))
    assert ("A", "> 0 → > 1", "Because of it.", f"{file}:1") == (one.alert, one.mutant, one.reason, one.place)


def test_the_report_lists_every_survivor_with_its_place() -> None:
    """Score, who noticed, who survived and where, and what makes no difference."""
    fates = (fate("x"), fate("y", tests=("t: case",)), fate("z", same="it is the same"))
    shown = text.render(Mutated(fates=fates, tests=1), matrix=True)
    assert " 50.0%    1 of 2    A" in shown
    assert "      1      1  t: case" in shown
    assert "-  A: x\n+  A: y: t: case\n=  A: z (it is the same)" in shown
    assert "nobody notices, and nobody says why:\na.yaml:4: A: x\n    a > 1" in shown
    assert (
        "1 of 2 mutants are noticed (50.0%); 1 more make no difference; 1 survive, 0 of them explained"
        in shown
    )


def test_a_rule_with_nothing_to_damage_has_no_share() -> None:
    """A percentage of no mutants at all would say that they are noticed."""
    shown = text.render(Mutated(fates=(fate("z", same="it is the same"),), tests=1))
    assert ["     -  nothing to damage  A", "0 of 0 mutants are noticed (nothing to damage)"] == [
        line.split(";")[0] for line in shown.splitlines() if line
    ]


def test_survivors_of_those_who_could_be_asked_are_called_so() -> None:
    """A recording that is left out might have noticed."""
    shown = text.render(Mutated(fates=(fate("x"),), tests=1, left_out=("r: it is damaged",)))
    assert "nobody who could be asked notices, and nobody says why:\na.yaml:4: A: x" in shown


def test_a_mutant_that_nobody_was_shown_does_not_survive() -> None:
    """That there was nobody to ask comes first, with the reason, and nothing is listed."""
    shown = text.render(Mutated(fates=(fate("x"),), tests=0, left_out=("r: it is damaged",)), matrix=True)
    assert [
        "nobody was asked: there are no rule tests with these rules, and no recording could be",
        "left out: r: it is damaged",
        "whether any of 1 mutants would be noticed is not known",
    ] == shown.splitlines()
