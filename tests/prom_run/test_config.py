"""The file of commands: what is understood, and what is refused with a sentence."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter_kit.errors import ConfigError
from exporter_kit.masks import DEFAULT
from prom_run.config import Config, load

WHOLE = """
masks: ['id=\\d+']
defaults: {timeout: 30s, pass_env: [KUBERNETES_*]}
commands:
  - name: kubediff
    command: [kubediff, /data/repo/k8s]
    period: 60s
    jitter: 5s
    success_codes: [0, 3]
    checkout: /data/repo/
    on_commit: true
    env: {LEVEL: 3}
    working_dir: /tmp
    textfile: /tmp/k.prom
    keep: 7
  - command: 'echo "$HOME"'
    name: line
    shell: true
    cron: '*/5 * * * *'
    timezone: Europe/Berlin
    timeout: 1m
"""


def written(folder: Path, text: str) -> Path:
    """Write a file of commands."""
    file = folder / "commands.yaml"
    file.write_text(text)
    return file


def test_the_whole_format_is_understood(tmp_path: Path) -> None:
    """Every field arrives, defaults where nothing is said."""
    config = load(written(tmp_path, WHOLE))
    first, second = config.commands
    assert ("kubediff", ("kubediff", "/data/repo/k8s"), 60, 5, 30) == (
        first.name,
        first.argv,
        first.period,
        first.jitter,
        first.timeout,
    )
    assert (frozenset({0, 3}), "/data/repo", True, {"LEVEL": "3"}, 7) == (
        first.success_codes,
        first.checkout,
        first.on_commit,
        first.env,
        first.keep,
    )
    assert (("/bin/sh", "-c", 'echo "$HOME"'), 60, False) == (second.argv, second.timeout, second.at_start)
    assert ("KUBERNETES_*",) == second.pass_env
    assert (*DEFAULT, r"id=\d+") == config.masks


def test_default_masks_can_be_turned_off(tmp_path: Path) -> None:
    """A file may choose all masks itself."""
    text = "default_masks: false\nmasks: [a]\ncommands: [{command: [x]}]"
    assert ("a",) == load(written(tmp_path, text)).masks


def test_a_command_is_named_after_its_program(tmp_path: Path) -> None:
    """Without a name, the program's is taken."""
    assert "true" == load(written(tmp_path, "commands: [{command: [/bin/true]}]")).commands[0].name


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("commands: []", "there is no command in it"),
        ("", "Expected `object`, got `null`"),
        ("commands: [{command: [a]}, {command: [a]}]", "two commands are called a"),
        ("commands: [{name: a}]", "command a: command is empty; give a list of words"),
        (
            "commands: [{name: a, command: [b], perod: 1s}]",
            "command a: Object contains unknown field `perod`",
        ),
        (
            "commands: [{command: a b}]",
            "command 1: command is a line; give a list of words, or say shell: true",
        ),
        ("commands: [{command: [a, b], shell: true}]", "with shell, command is one line"),
        ("commands: [{name: a/b, command: [b]}]", "the name 'a/b' must be letters"),
        ("commands: [{name: .., command: [b]}]", "the name '..' must be letters"),
        ("commands: [{command: [a], period: 10}]", "Expected `str`, got `int`"),
        ("commands: [{command: [a], period: 0s}]", "period must be longer than 0"),
        ("commands: [{command: [a], timeout: 0s}]", "timeout must be longer than 0"),
        ("commands: [{command: [a], period: 1s, jitter: 2s}]", "jitter 2s is longer than the period 1s"),
        ("commands: [{command: [a], period: 1s, cron: '* * * * *'}]", "exclude each other"),
        ("commands: [{command: [a], cron: '61 * * * *'}]", "cron '61 * * * *' is no cron expression"),
        ("commands: [{command: [a], cron: '0 0 30 2 *'}]", "or never comes"),
        ("commands: [{command: [a], cron: '* * * * *', timezone: Mars/X}]", "timezone 'Mars/X' is not in"),
        ("commands: [{command: [a], success_codes: [256]}]", "success_codes holds 256"),
        ("commands: [{command: [a], success_codes: []}]", "success_codes is empty"),
        ("commands: [{command: [a], on_commit: true}]", "on_commit needs a checkout"),
        ("commands: [{command: [a], keep: 0}]", "keep must be 1 or more"),
        ("commands: [{command: [a], env: {'A=B': c}}]", "env can't hold 'A=B'"),
        ('commands: [{command: ["a\\0"]}]', "command holds a NUL"),
        ("commands: [{command: [a]}]\nmasks: ['(']", "the mask '(' is not a regular expression"),
        ("commands: {", "can't read the commands, not YAML"),
        ("commands: [!!python/object:os.system {}]", "can't read the commands, not YAML"),
    ],
)
def test_a_mistake_is_a_sentence_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    """What can't work is refused before anything runs, naming file and command."""
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert sentence in str(caught.value)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    """A file that isn't there is named."""
    with pytest.raises(ConfigError, match=r"none\.yaml: can't read the commands: No such file"):
        load(tmp_path / "none.yaml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.binary()
    | st.text().map(lambda text: f"commands: [{{command: [{text}]}}]".encode("utf-8", "replace"))
)
def test_no_bytes_break_the_reader(tmp_path: Path, raw: bytes) -> None:
    """Any file is a configuration or a ConfigError."""
    file = tmp_path / "any.yaml"
    file.write_bytes(raw)
    try:
        assert isinstance(load(file), Config)
    except ConfigError as error:
        assert str(error).startswith(f"{file}: ")  # noqa: PT017  # either way is right
