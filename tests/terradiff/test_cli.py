"""The command line, around a stand-in whose plan was made by a real tofu.

The real one takes minutes to build: suite/e2e/test_terradiff.py runs it.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terradiff import cli

Ran = Callable[..., tuple[int, str, str]]
# Keeps what it was asked, ends as it is told, or ends who asked, and shows the plan that lies beside it.
STAND_IN = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/asked"
env > "$here/env"
case "$1" in
  show) cat "$here/plan.json" ;;
  plan) if [ -e "$here/end" ]; then
            trap 'touch "$here/ended"; exit 1' TERM
            kill -$(cat "$here/end") $PPID
            while :; do sleep 0.1; done
        fi
        cat "$here/said" >&2; exit "$(cat "$here/code")" ;;
esac
"""
DRIFT = """{"format_version": "1.2", "terraform_version": "1.10.10", "resource_changes": [
    {"address": "terraform_data.a", "mode": "managed",
     "change": {"actions": ["update"], "before": {"input": 1}, "after": {"input": 2}}}]}"""


def odd(key: str, value: str) -> str:
    """Return a plan with one value that no tool writes."""
    return f'{{"format_version": "1.2", "{key}": {value}}}'


def nested(depth: int) -> str:
    """Return a plan that marks something in a depth that can be decoded, and no more."""
    change = f'{{"actions": ["update"], "after_unknown": {"[" * depth}true{"]" * depth}}}'
    return odd("resource_changes", f'[{{"address": "a.b", "change": {change}}}]')


CHANGED = '{"a": {"actions": ["update"]}, "b": {"actions": ["create"]}}'


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in called tofu on PATH; returns its folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "tofu").write_text(STAND_IN)
    (folder / "tofu").chmod(0o755)
    prepared(folder, 2, DRIFT)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def prepared(folder: Path, code: int, plan: str, said: str = "") -> None:
    """Decide how the stand-in ends and what it shows."""
    (folder / "code").write_text(str(code))
    (folder / "plan.json").write_text(plan)
    (folder / "said").write_text(said)


@pytest.fixture
def terradiff(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tool: Path
) -> Iterator[Ran]:
    """Return a function that runs the command here and tells exit code, output and errors."""
    monkeypatch.chdir(tool)
    before = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["terradiff", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0), *capfd.readouterr()

    yield run
    signal.signal(signal.SIGTERM, before)


def test_drift_is_two(terradiff: Ran, tmp_path: Path) -> None:
    """A change is told, is a 2, and is a series."""
    text = tmp_path / "t.prom"
    code, out, _ = terradiff("-textfile", str(text))
    assert (2, "1 resource drifted\n~ terraform_data.a (update)\n    input: 1 → 2\n") == (code, out)
    assert "terradiff_plan_exit_code 2.0\n" in text.read_text()
    assert 'terradiff_resource_drift{action="update",address="terraform_data.a"} 1.0' in text.read_text()


def test_nothing_is_zero(terradiff: Ran, tool: Path) -> None:
    """No change is a 0, also of a plan that lists what stays, what is read and what the state lacked."""
    idle = '{"address": "a.b", "change": {"actions": ["no-op"]}}'
    read = '{"address": "data.x.y", "mode": "data", "change": {"actions": ["read"]}}'
    lacked = '{"address": "a.b", "change": {"actions": ["update"], "before": 1, "after": 2}}'
    more = f'"complete": true, "errored": false, "resource_drift": [{lacked}]'
    prepared(tool, 0, odd("resource_changes", f"[{idle}, {read}], {more}"))
    assert (0, "no drift\n") == terradiff()[:2]


@pytest.mark.parametrize(
    ("code", "plan", "sentence"),
    [
        (0, DRIFT, "0, no changes, but what it shows has terraform_data.a (update), so whether"),
        (
            0,
            odd("output_changes", CHANGED),
            "0, no changes, but what it shows has output.a (update) and 1 more,",
        ),
        (0, odd("complete", "false"), "0, no changes, but what it shows is not complete, so whether"),
        (0, odd("errored", "true"), "0, no changes, but what it shows is marked as errored, so whether"),
        (2, odd("errored", "true"), "2, changes, but what it shows is marked as errored, so whether"),
        (0, odd("applyable", "true"), "0, no changes, but what it shows is there to be applied, so whether"),
    ],
)
def test_a_plan_against_its_exit_code_is_one(
    terradiff: Ran, tool: Path, code: int, plan: str, sentence: str
) -> None:
    """Neither is believed, and how they differ is told."""
    prepared(tool, code, plan)
    ended, out, errors = terradiff()
    assert (1, "") == (ended, out)
    assert f"the tool's plan ended with {sentence}" in errors


def test_a_part_that_was_asked_for_need_not_be_complete(terradiff: Ran, tool: Path) -> None:
    """A tool calls no plan complete that something was left out of; that was meant. It excuses no change."""
    prepared(tool, 0, odd("complete", "false"))
    assert (0, "no drift\n") == terradiff("--", "-target=a.b")[:2]
    prepared(tool, 0, DRIFT)
    assert 1 == terradiff("--", "-target=a.b")[0]


def test_a_move_is_no_change_to_what_only_refreshes(terradiff: Ran, tool: Path) -> None:
    """The tools list it there and end with 0; of any other plan it is a change."""
    move = '[{"address": "a.b", "previous_address": "a.c", "change": {"actions": ["no-op"]}}]'
    prepared(tool, 0, odd("resource_drift", move))
    assert (0, "no drift\n") == terradiff("--refresh-only")[:2]
    prepared(tool, 0, odd("resource_changes", move))
    assert 1 == terradiff()[0]


def test_what_is_meant_is_zero(terradiff: Ran) -> None:
    """Ignored drift is a 0 that says so."""
    code, out, _ = terradiff("--ignore", "terraform_data.a#input")
    assert (0, "no drift, 1 ignored\nignored: terraform_data.a (update)\n") == (code, out)


def test_reading_is_zero(terradiff: Ran, tool: Path) -> None:
    """A plan whose only change is to read a data source has nothing to tell."""
    read = '{"address": "data.x.y", "mode": "data", "change": {"actions": ["read"]}}'
    prepared(tool, 2, f'{{"format_version": "1.2", "resource_changes": [{read}]}}')
    assert (0, "no drift\n") == terradiff()[:2]


def test_changes_that_cannot_be_read_are_drift(terradiff: Ran, tool: Path) -> None:
    """A plan that reports changes and lists none is never nothing."""
    prepared(tool, 2, '{"format_version": "1.9"}')
    assert (2, "1 resource drifted\n? (unreadable) (unknown)\n") == terradiff()[:2]


@pytest.mark.parametrize(
    ("code", "plan", "sentence"),
    [
        (1, DRIFT, "tofu plan ended with 1:\nError: no such thing"),
        (3, DRIFT, "tofu plan ended with 3:"),
        (2, "{", "the plan that was shown can't be read"),
        (2, "[]", "the plan that was shown can't be read"),
        (2, '{"format_version": "2.0"}', "the plan is in format 2.0, and only 1.x is understood"),
        (2, odd("a", "[" * 100_000), "it nests too deeply; name terraform or tofu itself with --tool"),
        (2, odd("resource_changes", "5"), "Expected `array | null`, got `int` - at `$.resource_changes`;"),
        (2, odd("resource_changes", '"x"'), "got `str` - at `$.resource_changes`;"),
        (2, odd("resource_changes", "[null]"), "got `null` - at `$.resource_changes[0]`;"),
        (2, odd("resource_changes", '[{"change": {"actions": 5}}]'), "resource_changes[0].change.actions`;"),
        (0, odd("resource_drift", "9"), "Expected `array | null`, got `int` - at `$.resource_drift`;"),
        (2, odd("output_changes", "7"), "Expected `object | null`, got `int` - at `$.output_changes`;"),
        (2, odd("variables", '{"a": 1}'), "Expected `object`, got `int` - at `$.variables[...]`;"),
        (2, odd("errored", "1"), "Expected `bool | null`, got `int` - at `$.errored`;"),
        (2, nested(600), "a value in it nests too deeply; name terraform or tofu itself with --tool"),
    ],
)
def test_broken_is_one(terradiff: Ran, tool: Path, code: int, plan: str, sentence: str) -> None:
    """What could not be planned is a 1, in the metrics too, and no word on drift is left over."""
    text = tool / "t.prom"
    terradiff("--textfile", str(text))
    prepared(tool, code, plan, "Error: no such thing, password=hunter2")
    ended, out, errors = terradiff("--textfile", str(text))
    assert (1, "") == (ended, out)
    assert sentence in errors
    assert "hunter2" not in errors
    assert "terradiff_plan_exit_code 1.0\n" in text.read_text()
    assert "drift{" not in text.read_text()


@pytest.mark.parametrize(
    ("deadline", "told"),
    [("9999999999.000", 2), ("1.000", 1), ("", 1), ("soon", 1)],
    ids=["before its time is over", "for its timeout", "by somebody else", "by who knows whom"],
)
def test_ended_early_it_leaves_the_last_word_standing(
    terradiff: Ran, tool: Path, monkeypatch: pytest.MonkeyPatch, deadline: str, told: int
) -> None:
    """A prom-run that is restarted in mid-plan finds what it knew; a plan that takes too long is broken."""
    text = tool / "t.prom"
    terradiff("--textfile", str(text))
    monkeypatch.setenv("PROM_RUN_DEADLINE", deadline)
    (tool / "end").write_text("TERM")
    assert (cli.TERMINATED, "", "") == terradiff("--textfile", str(text))
    assert f"terradiff_plan_exit_code {told}.0\n" in text.read_text()


@pytest.mark.parametrize(("end", "code"), [("TERM", cli.TERMINATED), ("INT", cli.INTERRUPTED)])
def test_whoever_ends_it_ends_its_tool(terradiff: Ran, tool: Path, end: str, code: int) -> None:
    """That is asked to end, so that it ends its plugins and leaves nothing behind."""
    (tool / "end").write_text(end)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs tests aside may ignore it
    try:
        assert code == terradiff()[0]
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tool / "ended").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--nonsense",), "No such option"),
        (("--dir", "/no/folder"), "there is no folder /no/folder to plan"),
        (("--tool", "nofu"), "there is no nofu to be found on PATH"),
        (("--ignore-file", "/no/file"), "can't read the rules"),
        (("--textfile", "/no/folder/x"), "can't write the metrics to /no/folder/x"),
        (("--", "-generate-config-out=x"), "would write into the folder; leave it out"),
    ],
)
def test_a_mistake_is_one_never_two(terradiff: Ran, words: tuple[str, ...], sentence: str) -> None:
    """A wrong flag must not look like drift."""
    code, _, errors = terradiff(*words)
    assert 1 == code
    assert sentence in errors


def test_nothing_can_make_it_write(terradiff: Ran, tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our words come after the user's, the environment's are dropped, the plan is gone."""
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-lock=true")
    monkeypatch.setenv("TF_LOG", "trace")
    monkeypatch.setenv("TF_VAR_size", "3")
    terradiff("--init", "--refresh-only", "--", "-lock=true", "-var=a=b")
    init, plan, show = (tool / "asked").read_text().splitlines()
    out = plan.rpartition("-out=")[2]
    assert "init -input=false -lockfile=readonly -no-color" == init
    assert plan.startswith(
        "plan -refresh-only -lock=true -var=a=b -detailed-exitcode -lock=false -input=false -no-color -out="
    )
    assert f"show -json {out}" == show
    assert not Path(out).parent.exists()
    given = (tool / "env").read_text()
    assert "TF_VAR_size=3" in given
    assert f"TF_DATA_DIR={Path(out).parent}" in given
    assert "TF_LOG" not in given
    assert "TF_CLI_ARGS" not in given


def test_json_and_colour(terradiff: Ran) -> None:
    """Both survive a pipe."""
    assert '"address": "terraform_data.a"' in terradiff("--json")[1]
    assert "\x1b[33m~ terraform_data.a\x1b[0m" in terradiff("--colour")[1]


def test_terraform_serves_as_well(terradiff: Ran, tool: Path, tmp_path: Path) -> None:
    """Without tofu, terraform is taken, and the metrics say so."""
    (tool / "tofu").rename(tool / "terraform")
    text = tmp_path / "t.prom"
    assert 2 == terradiff("--textfile", str(text))[0]
    assert 'terradiff_info{tool="terraform",version="1.10.10"} 1.0' in text.read_text()
