"""The shipped rules: each has a runbook entry, a test, and annotations that say something."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertdrill import rules
from alertdrill.prometheus import promtool
from kube_api_exporter.scrape import own
from prom_run import metrics

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "rules").glob("*.rules.yaml")), ROOT / "fixtures" / "rules" / "historic.rules.yaml"]
TESTS = sorted((ROOT / "rules" / "tests").glob("*.test.yaml"))
GOLDEN = sorted((ROOT / "fixtures" / "objects").rglob("*.metrics"))
# What a scrape of a pod adds; kube-api-exporter's own `namespace` gives way and is exported_namespace.
TARGET = {"job", "instance", "namespace", "pod", "node"}
# What is scraped without being a pod of its own: kubelets, and Prometheus itself or an API server.
TARGETS = (TARGET, {"job", "instance", "node"}, {"job", "instance"}, {"job"})
# Series of programs that are not ours, in the words of their documentation.
OF_A_DISK = frozenset({"device", "fstype", "mountpoint"})
THEIRS = {
    "alertmanager_notifications_failed_total": frozenset({"integration", "reason", "receiver_name"}),
    "container_cpu_usage_seconds_total": frozenset({"container"}),
    "container_memory_working_set_bytes": frozenset({"container"}),
    "node_cpu_seconds_total": frozenset({"cpu", "mode"}),
    "node_filesystem_avail_bytes": OF_A_DISK,
    "node_filesystem_files": OF_A_DISK,
    "node_filesystem_files_free": OF_A_DISK,
    "node_filesystem_size_bytes": OF_A_DISK,
    "node_memory_MemAvailable_bytes": frozenset[str](),
    "node_memory_MemTotal_bytes": frozenset[str](),
    "prometheus_config_last_reload_successful": frozenset[str](),
    "prometheus_notifications_alertmanagers_discovered": frozenset[str](),
    "prometheus_rule_evaluation_failures_total": frozenset({"rule_group"}),
    "scrape_duration_seconds": frozenset[str](),
    "scrape_timeout_seconds": frozenset[str](),
    "up": frozenset[str](),
}
HISTORIC = "PodRestartingTooMuchHistoric"


def stated(kind: str) -> list[dict[str, Any]]:
    """Return every `alert`, or every `record`, of every rule file."""
    return [
        rule
        for file in FILES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if kind in rule
    ]


@functools.cache
def rule_tests() -> list[dict[str, Any]]:
    """Return every test of every promtool test file."""
    return [test for file in TESTS for test in yaml.safe_load(file.read_text())["tests"]]


def expected(alert: str) -> list[dict[str, Any]]:
    """Return what the tests expect the alert to look like when it fires."""
    return [
        instance
        for test in rule_tests()
        for case in test.get("alert_rule_test", [])
        if case["alertname"] == alert
        for instance in case["exp_alerts"]
    ]


def series_labels(text: str) -> tuple[str, frozenset[str]]:
    """Return the name and the label names of a series written as `name{label="value",…}`."""
    return text.partition("{")[0], frozenset(re.findall(r'([A-Za-z_]\w*)="', text))


ALERTS = stated("alert")
RECORDS = stated("record")
SHIPPED = [rule for rule in ALERTS if rule["alert"] != HISTORIC]
RUNBOOK = (ROOT / "rules" / "README.md").read_text()


def by_name(rule: dict[str, Any]) -> str:
    """Name an alert in a test's id."""
    return str(rule["alert"])


def test_promtool_takes_every_rule() -> None:
    """`alertdrill rules` overlooks no rule and no rule test; `nox -s rules` has promtool run the tests."""
    found = rules.find([ROOT / "rules"])
    checked = rules.of(found)
    promtool.check_rules(checked)
    assert (len(FILES) - 1, len(SHIPPED) + len(RECORDS), [*map(str, TESTS)]) == (
        len(checked.files),
        len(checked.rules),
        sorted(map(str, found.tests)),
    )


def test_nobody_would_look_at_a_rule_twice() -> None:
    """None is there twice, and the clock of each goes on when Prometheus restarts."""
    assert () == rules.load(FILES).remarks


def test_every_group_has_its_test() -> None:
    """A rule file, its group and its test file have one name; what takes a day may have a file of its own."""
    groups = {
        file.name.removesuffix(".rules.yaml"): [
            group["name"] for group in yaml.safe_load(file.read_text())["groups"]
        ]
        for file in FILES
    }
    assert all([name] == names for name, names in groups.items())
    tested = {file.name.removesuffix(".test.yaml").removesuffix("-day") for file in TESTS}
    assert {*groups} - {"historic"} == tested


def test_the_config_map_has_every_rule_file() -> None:
    """What kustomize deploys is every shipped rule file."""
    (generator,) = yaml.safe_load((ROOT / "rules" / "kustomization.yaml").read_text())["configMapGenerator"]
    assert [file.name for file in FILES[:-1]] == generator["files"]


def test_the_runbook_has_a_heading_per_alert() -> None:
    """Every shipped alert has its heading in the runbook, and every heading its alert, in the same order."""
    assert [rule["alert"] for rule in SHIPPED] == re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)


@pytest.mark.parametrize("rule", SHIPPED, ids=by_name)
def test_the_runbook_says_what_to_do_and_what_it_can_t_see(rule: dict[str, Any]) -> None:
    """Every entry of the runbook has its meaning, its remedy and its blind band."""
    entry = RUNBOOK.split(f"## {rule['alert']}\n")[1].split("\n## ")[0]
    assert ["Means", "Do", "Blind"] == re.findall(r"^\*\*(\w+)\*\*", entry, re.MULTILINE)[:3]


@pytest.mark.parametrize("rule", ALERTS, ids=by_name)
def test_an_alert_speaks(rule: dict[str, Any]) -> None:
    """An alert has a severity, a summary, a description and a link that leads to a heading."""
    assert rule["labels"]["severity"] in {"critical", "warning", "none"}
    assert {"summary", "description", "runbook_url"} == rule["annotations"].keys()
    file, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert anchor in [
        name.lower() for name in re.findall(r"^## (.*)$", (ROOT / file).read_text(), re.MULTILINE)
    ]


@pytest.mark.parametrize("rule", SHIPPED, ids=by_name)
def test_annotations_use_labels_the_alert_has(rule: dict[str, Any]) -> None:
    """Every label an annotation names is on every instance that promtool saw fire."""
    used = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    instances = expected(rule["alert"])
    assert instances
    assert all(used <= instance["exp_labels"].keys() for instance in instances)
    assert all(
        used <= instance["exp_labels"].keys() and instance["exp_annotations"] for instance in instances
    )
    assert not any(
        re.search(r"<no value>|/ |  ", text)
        for instance in instances
        for text in instance["exp_annotations"].values()
    )


@pytest.mark.parametrize("rule", ALERTS, ids=by_name)
def test_templates_use_the_labels_and_the_value_only(rule: dict[str, Any]) -> None:
    """Nothing but `$labels.x` and `$value` is in a template: `$label.x` was an empty string for years."""
    inside = re.findall(r"{{\s*(.*?)\s*}}", " ".join(rule["annotations"].values()))
    assert [] == [text for text in inside if not re.fullmatch(r"\$value|\$labels\.\w+", text)]


def test_the_tests_series_are_what_the_exporters_write() -> None:
    """A rule test's series has the labels that an exporter writes, and a target's or just its job."""
    written: dict[str, set[frozenset[str]]] = {}
    for file in GOLDEN:
        for line in file.read_text().splitlines():
            if not line.startswith("#"):
                name, labels = series_labels(line)
                exported = {"exported_namespace"} if "namespace" in labels else set[str]()
                written.setdefault(name, set()).add(labels - {"namespace"} | exported)
    told = ("kubediff_exit_code", "terradiff_plan_exit_code")
    for gauge in (*(family for family, *_ in metrics.GAUGES), *told):
        written[gauge] = {frozenset({"command"})}
    written["promrun_git_commit_info"] = {frozenset({"command", "commit"})}
    written["git_sync_count_total"] = {frozenset({"status"})}
    written["promrun_command_info"] = {frozenset({"command", "url"})}
    for family, *_ in own.GAUGES:
        written[own.PREFIX + family] = {frozenset({"kind"})}
    for family, *_ in own.COUNTERS:
        written[f"{own.PREFIX}{family}_total"] = {frozenset({"kind"})}
    for family, *_ in own.BY_REASON:
        written[f"{own.PREFIX}{family}_total"] = {frozenset({"kind", "reason"})}
    written[f"{own.PREFIX}web_config_ok"] = {frozenset()}
    written |= {series: {labels} for series, labels in THEIRS.items()}
    for test in rule_tests():
        for given in test["input_series"]:
            name, labels = series_labels(given["series"])
            assert labels - TARGET in written[name], given["series"]
            assert labels & TARGET in TARGETS, given["series"]
