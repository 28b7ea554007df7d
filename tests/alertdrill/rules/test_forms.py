"""The forms people have rules in, and where each keeps its lines."""

import pytest
import yaml

from alertdrill import rules
from alertdrill.errors import RulesError
from alertdrill.rules import forms
from alertdrill.rules.documents import Loader

GROUPS = """\
groups:
  - name: {name}
    rules:
      - alert: {name}
        expr: up == 0
"""


def groups(name: str, indent: int = 0) -> str:
    """Return groups with one alert of this name, on five lines."""
    return "".join(f"{' ' * indent}{line}\n" for line in GROUPS.format(name=name).splitlines())


def alerts(text: str) -> list[tuple[str, int, int]]:
    """Return the alerts of a text, each with its line and its expression's."""
    found = rules.parse(text, "f")
    return [(rule.name, rule.line, rule.line_of("expr")) for group in found for rule in group.rules]


RULE = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: a}\nspec:\n"
LIST = "apiVersion: v1\nkind: List\nitems:\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (groups("A"), [("A", 4, 5)]),
        ("# a\n---\n" + groups("A"), [("A", 6, 7)]),
        ("namespace: x\n" + groups("A"), [("A", 5, 6)]),
        (
            f"namespace: x\n{groups('A')}---\nnamespace: y\n{groups('B')}---\n",
            [("A", 5, 6), ("B", 12, 13)],
        ),
        (
            groups("A").replace("groups", "x") + groups("B").replace("groups", "y"),
            [("A", 4, 5), ("B", 9, 10)],
        ),
        (RULE + groups("A", 2), [("A", 8, 9)]),
        (f"{SERVICE}---\n{RULE}{groups('A', 2)}---\n{RULE}{groups('A', 2)}", [("A", 12, 13), ("A", 22, 23)]),
        (f"---\n---\n{RULE}{groups('A', 2)}", [("A", 10, 11)]),
        (
            LIST + "- " + (RULE + groups("A", 2)).replace("\n", "\n  ") + "\n- {apiVersion: v1, kind: Pod}\n",
            [("A", 11, 12)],
        ),
        (LIST.replace("List", "PrometheusRuleList") + "- {kind: PrometheusRule, spec: {groups: []}}\n", []),
        (MAP + groups("A", 4) + "  b.yaml: 'text: ['\n  c: x\n", [("A", 8, 9)]),
    ],
)
def test_every_form_is_read_with_its_lines(text: str, found: list[tuple[str, int, int]]) -> None:
    """Rule files, rulers' files and answers, and Kubernetes objects all say where a rule stands."""
    assert found == alerts(text)


def test_a_ruler_s_answer_is_said_to_be_one() -> None:
    """`group:` instead of `groups:` looks like an answer with one namespace, so it can't go unseen."""
    content = forms.read(groups("A").replace("groups", "group"), "f")
    assert ["f:1: warning: read as a ruler's answer, of the namespaces group"] == list(
        map(str, content.remarks)
    )


def test_groups_of_one_name_in_two_objects_keep_apart() -> None:
    """Each object is a file to Prometheus' operator, so no group takes another's place."""
    text = f"{RULE}{groups('A', 2)}---\n{RULE}{groups('A', 2)}---\n{RULE}{groups('A', 2)}"
    ruleset = rules.RuleSet(files={"f": rules.parse(text, "f")})
    assert ["A", "A (f)", "A (f:26)"] == list(ruleset.named())


def test_a_group_twice_in_one_object_is_refused() -> None:
    """Within one object, as within one file, a group's name is its own."""
    twice = groups("A", 2) + groups("A", 2).partition("\n")[2]
    with pytest.raises(RulesError, match="f:10: the group A is in this file twice"):
        rules.parse(RULE + twice, "f")


def test_a_mistake_in_an_object_has_its_line() -> None:
    """The spec of an object is read as strictly as a rule file."""
    with pytest.raises(
        RulesError, match="f:6: the spec of a PrometheusRule has no field 'group'; it has groups"
    ):
        rules.parse(RULE + groups("A", 2).replace("groups", "group"), "f")


def test_a_broken_rule_file_in_a_config_map_is_refused() -> None:
    """What is called a rule file is never passed over."""
    text = MAP.replace("a.yaml", "a.rules.yaml") + "    groups: [\n"
    with pytest.raises(RulesError, match=r"f:6: this is no YAML"):
        rules.parse(text, "f")


@pytest.mark.parametrize(
    "text",
    [
        "a:\t5m\n",
        "a: 5m\t\n",
        "a: 5m\t# why\n",
        "a:\t|\n  5m\tx\nb: x",
        "a: {b:\tc,\td: e}\n",
        "a: b\tc\n",
        "-\ta\n-\t b\n",
        "- a:\tb\n  c:\t d\n",
        "a: 'b\tc'\t\n",
        "a: b\t\n   c\n",
        "\n\t\na: b\n",
        "a\n",
        "a: &x\tb\nc: *x\t\n",
        "[a,\tb]\t\n",
        "? a\n:\tb\n",
        "\ta: b\n",
        "a:\n\tb: c\n",
        "a:\n  b: |\n\tc\n",
    ],
)
def test_tabs_are_read_as_prometheus_reads_them(text: str) -> None:
    """libyaml, of which Prometheus' reader is a translation, and our reader have one opinion of each tab."""
    loader = getattr(yaml, "CSafeLoader", None)
    if loader is None:
        pytest.skip("this PyYAML was built without libyaml")
    try:
        expected = yaml.load(text, loader)  # noqa: S506  # the safe one
    except yaml.YAMLError:
        expected = "refused"
    try:
        actual = yaml.load(text, Loader)  # noqa: S506  # a safe one
    except yaml.YAMLError:
        actual = "refused"
    assert expected == actual
