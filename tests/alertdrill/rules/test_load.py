"""Rule files: everything that is wrong is told, with its line."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alertdrill import data, rules
from alertdrill.errors import RulesError
from alertdrill.rules.files import SIZE_MAX

GOOD = """\
# A comment.
groups:
  - name: web
    interval: 30s
    limit: 10
    labels:
      team: web
    rules:
      - record: job:up:avg
        expr: avg by (job) (up{job="a"})
        labels:
          kind: 1
      - alert: Down
        # Another comment.
        expr: |-
          up{job="b"}
            == 0
        for: 5m
        keep_firing_for: 10m
        labels:
          severity: critical
        annotations:
          summary: '{{ $labels.job }} is down since {{ $value }}'
      - {alert: Watchdog, expr: vector(1)}
"""


def problems(*files: Path) -> list[str]:
    """Return what is wrong with rule files, one sentence each, without the folder."""
    with pytest.raises(RulesError) as caught:
        rules.load(files)
    return [line.replace(f"{files[0].parent}/", "") for line in str(caught.value).splitlines()]


def written(folder: Path, text: str | bytes, name: str = "a.yaml") -> Path:
    """Write a file and return its path."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_good_file_is_read_with_its_lines(tmp_path: Path) -> None:
    """Groups, rules and fields come back, each with the line where it stands."""
    file = written(tmp_path, GOOD)
    ruleset = rules.load([file])
    (group,) = ruleset.files[str(file)]
    record, down, watchdog = group.rules
    assert ("web", "30s", 10, {"team": "web"}, 3) == (
        group.name,
        group.interval,
        group.limit,
        group.labels,
        group.line,
    )
    assert ("record", "job:up:avg", {"kind": "1"}, 9) == (
        record.kind,
        record.name,
        record.labels,
        record.line,
    )
    assert ("alert", "Down", "5m", "10m", 'up{job="b"}\n  == 0') == (
        down.kind,
        down.name,
        down.hold,
        down.keep_firing_for,
        down.expr,
    )
    assert (13, 15, 18, 23) == tuple(map(down.line_of, ("alert", "expr", "for", "annotations")))
    assert (24, 24) == (watchdog.line, watchdog.line_of("for"))
    assert (frozenset({"Down", "Watchdog"}), frozenset({"a", "b"})) == (ruleset.alerts, ruleset.jobs)


def test_the_shipped_rules_are_good() -> None:
    """What this project ships loads without a problem."""
    assert "Watchdog" in rules.load([data.path("rules")]).alerts


def test_what_is_written_says_the_same(tmp_path: Path) -> None:
    """A rule set written as YAML loads as the same rules."""
    ruleset = rules.load([written(tmp_path, GOOD)])
    again = rules.load([written(tmp_path, ruleset.to_yaml(), "b.yaml")])
    assert [rule.document() for rule in ruleset.rules] == [rule.document() for rule in again.rules]
    assert ruleset.to_yaml() == again.to_yaml()


def test_two_files_become_one_without_a_clash(tmp_path: Path) -> None:
    """Groups that share a name in two files keep apart in the one file they are written to."""
    one = written(tmp_path, "groups: [{name: g, rules: [{alert: A, expr: up}]}]", "one.yaml")
    two = written(tmp_path, "groups: [{name: g, rules: [{alert: B, expr: up}]}]", "two.yaml")
    names = [group["name"] for group in yaml.safe_load(rules.load([one, two]).to_yaml())["groups"]]
    assert ["g", f"g ({two})"] == names


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), TEXTS, max_size=3))
@settings(deadline=None)
def test_any_annotation_survives(annotations: dict[str, str]) -> None:
    """Whatever people write in annotations is written to YAML and read back as it was, or objected to."""
    clean = {name: text.replace("{{", "").replace("$", "") for name, text in annotations.items()}
    text = yaml.safe_dump(
        {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up", "annotations": clean}]}]},
        allow_unicode=True,
    )
    ruleset = rules.RuleSet(files={"f": rules.parse(text, "f")})
    again = rules.parse(ruleset.to_yaml(), "f")
    assert [clean] == [rule.annotations for group in again for rule in group.rules]


@given(st.text(max_size=60) | st.text("groups:\n -{}[]name#&*!|>'\"%@`ruleaxp\t", max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_rules_or_a_rules_error(text: str) -> None:
    """No text ends in anything but rules or sentences that name the file."""
    try:
        rules.parse(text, "f")
    except RulesError as error:
        assert all(line.startswith("f") for line in str(error).split("\n") if line)  # noqa: PT017


@given(st.integers(0, len(GOOD) - 1), st.sampled_from([*"\0\x01\xff \n:-{}[]'\"#&*!|\t5$", ""]))
@settings(max_examples=150, deadline=None)
def test_any_typo_is_rules_or_a_rules_error(position: int, character: str) -> None:
    """A good file with one character changed is still rules, or refused with the file named."""
    try:
        rules.parse(GOOD[:position] + character + GOOD[position + 1 :], "f")
    except RulesError as error:
        assert "f" == error.file  # noqa: PT017  # rules are fine as well


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\ngroup: []\n", "a.yaml:1: this is no rule file: it has name, group, and neither `groups`"),
        (
            "kind: PrometheusRule\nspec: {}\n",
            "a.yaml:1: this is no rule file: it has kind, spec, but no `apiVersion`, and",
        ),
        ("{{ if .Values.a }}\n", "a.yaml:1: this is no rule file: it has {…}, and neither `groups`"),
        ("groups: []\nname: a\n", "a.yaml:2: a rule file has no field 'name'; it has groups"),
        ("a: [\n", "a.yaml:2: this is no YAML: "),
        ("groups:\n- name: a\n rules:\n", "a.yaml:3: this is no YAML: "),
        ("text", "a.yaml:1: this is no rule file: it is no mapping, and neither"),
        ("{{- if .Values.x }}\na: b\n", "a.yaml:1: this is no YAML: while parsing a flow node"),
        ("apiVersion: v1\nkind: Service\n", "a.yaml: no PrometheusRule, and no rule file, is among these"),
        ("rule_files: [a]\n", "a.yaml: these are tests of rules and no rules; `alertdrill rules` runs them"),
        ("[" * 1000, "a.yaml: this YAML is nested too deeply"),
        ("groups: {}\n", "a.yaml:1: groups must be a list"),
        ("groups:\n- name: a\n- name: a\n", "a.yaml:3: the group a is in this file twice"),
        ("groups:\n- rules: []\n", "a.yaml:2: this group has no name"),
        ("groups:\n- name: a\n  interval: 5x\n", "a.yaml:3: interval: '5x' is no duration"),
        ("groups:\n- name: a\n  limit: many\n", "a.yaml:3: limit: 'many' is no whole number"),
        ("groups:\n- name: a\n  partial: 1\n", "a.yaml:3: a group has no field 'partial'"),
        ("groups:\n- {<<: 5, name: a}\n", "a.yaml:2: a group must be a mapping"),
        (b"\x7fELF\x00\x01", "a.yaml: this is a binary file"),
        (b"groups:\n\xff\xfe", "a.yaml:2: this is no text in UTF-8"),
        ("groups: \x07", "a.yaml:1: this is no YAML: the character"),
        (b"#" * (SIZE_MAX + 1), "a.yaml: this file is larger than 16 MiB"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str | bytes, said: str, tmp_path: Path) -> None:
    """A file that is no rule file is one sentence that opens with file and line."""
    found = problems(written(tmp_path, text))
    assert said == next((line for line in found if line.startswith(said)), found[0])[: len(said)]


RULE = "groups:\n- name: g\n  rules:\n  - alert: Fine\n    expr: up\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  - alert: A\n", "a.yaml:6: A has no `expr:`"),
        ("  - alert: A\n    expr: ''\n", "a.yaml:7: A has no `expr:`"),
        ("  - expr: up\n", "a.yaml:6: this rule has neither `alert:` nor `record:`"),
        ("  - 5\n", "a.yaml:6: a rule must be a mapping"),
        ("  - null\n", "a.yaml:6: there is no rule here; write one, or remove the dash"),
        ("  -\n", "a.yaml:6: there is no rule here; write one, or remove the dash"),
        ("  - {[a]: b, alert: A, expr: up}\n", "a.yaml:6: a name in a rule must be a text"),
        ("  - {alert: A, record: b, expr: up}\n", "a.yaml:6: this rule is both the alert A and a recording"),
        ("  - alert: A\n    expr:\n    - up\n", "a.yaml:8: expr must be a text"),
        ("  - alert: A\n    expr: up\n    for: 1.5h\n", "a.yaml:8: for: '1.5h' is no duration"),
        ("  - alert: A\n    expr: up\n    keep_firing_for: x\n", "a.yaml:8: keep_firing_for: 'x' is no"),
        ("  - alert: A\n    expr: up\n    fro: 5m\n", "a.yaml:8: a rule has no field 'fro'"),
        ("  - alert: A\n    expr: up\n    expr: up\n", "a.yaml:8: a rule has the field 'expr' twice"),
        ("  - record: a{b}\n    expr: up\n", "a.yaml:6: 'a{b}' is no metric name"),
        ("  - record: a\n    expr: up\n    for: 5m\n", "a.yaml:8: a recording rule has no field 'for'"),
        ("  - record: a\n    expr: up\n    annotations: {a: b}\n", "a.yaml:8: a recording rule has no field"),
        ("  - alert: A\n    expr: up\n    labels: {'': c}\n", "a.yaml:8: '' is no name in labels"),
        ("  - alert: A\n    expr: up\n    labels: {__name__: c}\n", "a.yaml:8: '__name__' is no name"),
        (
            "  - alert: A\n    expr: up\n    annotations:\n      s: '{{ $label.name }}'\n",
            "a.yaml:9: annotations.s: there is no variable $label; write $labels",
        ),
    ],
)
def test_a_bad_rule_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    """A mistake in one rule is one sentence with the line to edit."""
    found = problems(written(tmp_path, RULE + text))
    assert [said] == [line[: len(said)] for line in found]


SECOND = "a.yaml:7: warning: Prometheus reads only the first document of a rule file, and this is another"
NO_RULES = "a.yaml: warning: there are no rules in this file, so it alerts of nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", [NO_RULES]),
        ("# nothing\n", [NO_RULES]),
        ("groups: []\n", [NO_RULES]),
        ("groups:\n- name: a\n", [NO_RULES]),
        (RULE + "---\n", []),
        (RULE + "---\na: b\n", [SECOND]),
        (RULE + "---\na: [\n", [SECOND.replace(":7:", ":8:")]),
        ("---\n---\n" + RULE, [NO_RULES, SECOND.replace(":7:", ":3:")]),
        (RULE + "  - {alert: Fine, expr: down, labels: {severity: page}}\n", []),
        (
            RULE + "  - alert: Fine\n    expr: down\n",
            ["a.yaml:6: warning: the alert Fine with the same labels"],
        ),
        (RULE + "  - {record: a, expr: up}\n  - {record: a, expr: down}\n", []),
        (RULE + "  - {record: a, expr: up, for: 0s, annotations: {}, keep_firing_for:}\n", []),
        (RULE + "  - {record: a.b, expr: up, labels: {c.d: '{{'}}\n", []),
        (RULE + "  - {alert: A, expr: up, annotations: {run.book: x}}\n", []),
        (
            RULE + "  - alert: A\n    expr: up[5m]\n",
            ["a.yaml:7: warning: the expression of A is a range or a"],
        ),
        (
            RULE + "  - alert: A\n    expr: '\"text\"'\n",
            ["a.yaml:7: warning: the expression of A is a range"],
        ),
        (RULE + "  - alert: A\n    expr: this is none\n", []),
        (
            RULE + "  - alert: A\n    expr: up\n    labels: {v: '{{ $value }}'}\n",
            ["a.yaml:8: warning: labels.v: each new value makes another instance of the alert"],
        ),
        (
            RULE.replace(
                "name: g", "{name: g, limit: -1, partial_response_strategy: warn, rules: []}\n- name: h"
            ),
            ["a.yaml:2: warning: a group has no field 'partial_response_strategy' in Prometheus"],
        ),
    ],
)
def test_what_prometheus_takes_is_read(text: str, said: list[str], tmp_path: Path) -> None:
    """What is only odd is no mistake: it is read, and told where a person should look at it."""
    remarks = rules.load([written(tmp_path, text)]).remarks
    told = [str(remark).replace(f"{tmp_path}/", "") for remark in remarks]
    assert said == [line[: len(start)] for line, start in zip(told, [*said, *told], strict=False)]


def test_what_is_odd_is_told_beside_what_is_wrong(tmp_path: Path) -> None:
    """A refusal also has the warnings: whoever mends the file sees both."""
    more = "  - {alert: Fine, expr: up}\n  - {alert: A}\n"
    told = [line.split(": ")[:2] for line in problems(written(tmp_path, RULE + more))]
    assert [["a.yaml:7", "A has no `expr:`; write one"], ["a.yaml:6", "warning"]] == told


def test_one_alert_in_two_files_is_told(tmp_path: Path) -> None:
    """The second of two equal alerts is warned of, and the first one's place is named."""
    files = [written(tmp_path, RULE, "a.yaml"), written(tmp_path, RULE, "b.yaml")]
    (remark,) = rules.load(files).remarks
    sentence = f"the alert Fine with the same labels is already at {files[0]}:4"
    assert (str(files[1]), 4, sentence) == (remark.file, remark.line, remark.sentence)


@pytest.mark.parametrize(
    ("hold", "label", "remarks"),
    [
        ("10m", "{{ $labels.a }}", 1),
        ("9m59s", "{{ $labels.a }}", 0),
        ("2h", "red", 0),
        ("", "{{ $labels.a }}", 0),
    ],
)
def test_an_alert_whose_clock_begins_anew_with_a_restart_is_warned_of(
    hold: str, label: str, remarks: int, tmp_path: Path
) -> None:
    """Prometheus looks for the text of a label, where that is a template of what it says in the end."""
    wait = f"    for: {hold}\n" if hold else ""
    text = f"{RULE}{wait}    labels:\n      team: {label!r}\n"
    found = rules.load([written(tmp_path, text)]).remarks
    assert remarks == len(found)
    assert [(8, "the label team of Fine is a template")] * remarks == [
        (one.line, one.sentence.partition(",")[0]) for one in found
    ]


def test_what_only_prometheus_can_read_is_told_apart(tmp_path: Path) -> None:
    """A rule whose expression has no tree here is loaded with its text, and its line can be asked for."""
    text = RULE + "  - alert: New\n    expr: |-\n      a[1m + 2m]\n"
    ruleset = rules.load([written(tmp_path, text)])
    (unread,) = ruleset.unread
    assert (7, "New can be neither scaled nor mutated", "a[1m + 2m]") == (
        unread.line,
        unread.sentence.partition(":")[0],
        ruleset.rules[1].expr,
    )


def test_merged_fields_are_read_behind_a_mapping_s_own(tmp_path: Path) -> None:
    """`<<` brings what the mapping does not say itself, and the first of several sources wins."""
    text = (
        "groups:\n- name: g\n  rules:\n"
        "  - &a {alert: A, expr: up, for: 5m, labels: {team: x}}\n"
        "  - &b {<<: *a, alert: B}\n"
        "  - {<<: [*b, *a], for: 1m}\n"
    )
    found = rules.load([written(tmp_path, text)]).rules
    assert [("A", "5m"), ("B", "5m"), ("B", "1m")] == [(rule.name, rule.hold) for rule in found]


def test_all_problems_of_all_files_are_told(tmp_path: Path) -> None:
    """Whoever fixes the first problem does not meet the next one only then."""
    one = written(tmp_path, RULE.replace("expr: up", "expr: ''") + "    for: x\n    keep: 1\n", "one.yaml")
    two = written(tmp_path, "text", "two.yaml")
    places = [line.split(": ")[0] for line in problems(one, two, tmp_path / "none.yaml")]
    assert ["two.yaml:1", "none.yaml", "one.yaml:5", "one.yaml:6", "one.yaml:7"] == places


def test_every_problem_can_be_had_alone(tmp_path: Path) -> None:
    """The error carries its problems one by one, each with file and line."""
    file = written(tmp_path, RULE + "    for: x\n    keep: 1\n")
    with pytest.raises(rules.BadRulesError) as caught:
        rules.load([file])
    assert [(str(file), 6), (str(file), 7)] == [(one.file, one.line) for one in caught.value.problems]
    assert 2 == caught.value.exit_code
