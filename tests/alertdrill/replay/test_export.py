"""A recording as a promtool test: promtool alone comes to the same, and would notice if it did not."""

import subprocess
from pathlib import Path

import msgspec
import pytest
import yaml

from alertdrill.errors import LabError
from alertdrill.incident import STALE, Incident, Series
from alertdrill.machine import tools
from alertdrill.model import Verdict
from alertdrill.names import NAMESPACE_LABEL
from alertdrill.replay import export

from .conftest import RECORDINGS


def promtool(folder: Path, test: str, rules: str) -> tuple[int, str]:
    """Run promtool, and nothing of ours, over the two files."""
    (folder / "a.test.yaml").write_text(test)
    (folder / "a.rules.yaml").write_text(rules)
    command = [str(tools.promtool()), "test", "rules", "a.test.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("recorded", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_promtool_reproduces_the_verdict(recorded: Incident, tmp_path: Path) -> None:
    """Stock promtool passes the file, and fails it when an alert of it fires later or says something else."""
    made = export.export(recorded, None, rules_file="a.rules.yaml", test_file="a.test.yaml")
    assert (Verdict.PASS, 0) == (made.judgement.verdict, promtool(tmp_path, made.test, made.rules)[0])
    fired = {one["alertname"] for one in yaml.safe_load(made.test)["tests"][0]["alert_rule_test"]}
    for change in (
        (("for: 1h", "for: 61m"), ("for: 5m", "for: 6m"), ("keeps restarting", "restarts")) if fired else ()
    ):
        damaged = made.rules.replace(*change)
        concerned = damaged != made.rules and any(
            name in str(fired) for name in _changed(made.rules, damaged)
        )
        assert concerned is (promtool(tmp_path, made.test, damaged)[0] != 0)


def _changed(before: str, after: str) -> set[str]:
    """Return the alerts whose rules differ."""
    one, other = (
        {str(rule["alert"]): rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}
        for text in (before, after)
    )
    return {name for name in one if one[name] != other[name]}


def test_promtool_notices_that_something_else_fires(tmp_path: Path) -> None:
    """A rule that is added and fires in between is a failure, although no test names it."""
    made = export.export(
        RECORDINGS["pods-one-restart"], None, rules_file="a.rules.yaml", test_file="a.test.yaml"
    )
    loud = made.rules.replace("for: 5m", "for: 0s")
    code, said = promtool(tmp_path, made.test, loud)
    assert (1, True) == (code, "DeploymentReplicasMismatch" in said)


def test_what_was_played_beside_is_left_out(crash_loop: Incident, tmp_path: Path) -> None:
    """Of another scenario's crash loop, which the same alert fires for, promtool is not told."""
    other = [
        msgspec.structs.replace(one, labels={**one.labels, NAMESPACE_LABEL: "drill-other-1"})
        for one in crash_loop.series
        if one.labels.get(NAMESPACE_LABEL) == crash_loop.namespace
    ]
    beside = msgspec.structs.replace(crash_loop, series=(*crash_loop.series, *other))
    made = export.export(beside, None, rules_file="a.rules.yaml", test_file="a.test.yaml")
    assert (True, Verdict.PASS, 0) == (
        bool(other),
        made.judgement.verdict,
        promtool(tmp_path, made.test, made.rules)[0],
    )


def test_a_verdict_that_rests_on_the_pace_of_a_group_is_reproduced(
    crash_loop: Incident, tmp_path: Path
) -> None:
    """An alert of a group that is evaluated every seven minutes fires as late in promtool, too."""
    document = yaml.safe_load(crash_loop.rules)
    for group in document["groups"]:
        if "PodRestartingTooMuch" in [rule.get("alert") for rule in group["rules"]]:
            group["interval"] = "7m"
    fires, *others = crash_loop.scenario.expect
    late = msgspec.structs.replace(fires, after="66m", within="72m")
    expected = (late, *(one for one in others if one.kind == "never"))
    slow = msgspec.structs.replace(
        crash_loop,
        rules=yaml.safe_dump(document),
        scenario=msgspec.structs.replace(crash_loop.scenario, expect=expected),
    )
    made = export.export(slow, None, rules_file="a.rules.yaml", test_file="a.test.yaml")
    assert (Verdict.PASS, "7m", 0) == (
        made.judgement.verdict,
        yaml.safe_load(made.test)["evaluation_interval"],
        promtool(tmp_path, made.test, made.rules)[0],
    )


def test_a_recording_without_a_verdict_is_not_exported() -> None:
    """What is unknown can't be reproduced."""
    lost = msgspec.structs.replace(RECORDINGS["pods-one-restart"], events=())
    with pytest.raises(
        LabError, match="exporting pods/one-restart: it has no verdict that could be reproduced"
    ):
        export.export(lost, None, rules_file="a.rules.yaml", test_file="a.test.yaml")


def test_samples_are_written_as_promtool_reads_them(tmp_path: Path) -> None:
    """Every kind of value and label comes back out of promtool as it went in."""
    values = (1.0, 1.0, 0.1, -2.5e-9, 1e20, float("inf"), float("-inf"), STALE, STALE, 7.0)
    labels = {"__name__": "m", "a": 'q"\\\n', "b.c": "é"}
    series = Series(labels=labels, timestamps=tuple(i * 30_000 for i in (*range(9), 11)), values=values)
    told = [*((i, one) for i, one in enumerate(values[:7])), (11, 7.0)]
    tests = [
        {
            "expr": "m",
            "eval_time": f"{i * 30}s",
            "exp_samples": [{"labels": 'm{a="q\\"\\\\\\n","b.c"="é"}', "value": value}],
        }
        for i, value in told
    ]
    test = {"interval": "30s", "input_series": [export.written(series, 30_000)], "promql_expr_test": tests}
    text = yaml.safe_dump(
        {"rule_files": [], "evaluation_interval": "30s", "tests": [test]}, allow_unicode=True
    )
    assert (0, "  SUCCESS\n\n") == promtool(tmp_path, text, "groups: []\n")
