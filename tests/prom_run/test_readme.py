"""What the README shows works as shown."""

import logging
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import prom_run
from prom_run import cli, config
from prom_run.metrics import COUNTERS, GAUGES

README = (Path(prom_run.__file__).parent / "README.md").read_text()
LINES = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
EXAMPLE = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Put the root logger back."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.mark.parametrize("line", LINES)
def test_a_command_line_is_understood(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each example passes --check, with the files it names."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("commands.yaml", EXAMPLE), ("web.yml", ""), ("token", "correct-horse-battery")):
        Path(name).write_text(text)
    words = ["data" if word.startswith("/var/lib") else word for word in shlex.split(line)]
    monkeypatch.setattr(sys, "argv", [words[0], "--check", *words[1:]])
    cli.main()
    assert capsys.readouterr().out.startswith("good: ")


def test_the_file_of_commands_is_understood() -> None:
    """The example holds every field there is, but those that have another."""
    read = config.parsed(yaml.safe_load(EXAMPLE))
    assert ["kubediff", "terradiff", "restore-test"] == [command.name for command in read.commands]
    shown = {key for entry in yaml.safe_load(EXAMPLE)["commands"] for key in entry}
    assert set(config.Entry.__struct_fields__) - shown == {"timeout", "pass_env", "run_at_start"}


def test_metrics_that_are_named_exist() -> None:
    """Names in the README are names in the exposition."""
    names = {gauge[0] for gauge in GAUGES} | {f"{counter[0]}_total" for counter in COUNTERS}
    assert set(re.findall(r"\b(?:promrun|command)_[a-z_]+\b", README)) <= names | {"promrun_command_info"}


def test_the_commands_of_the_manifest_are_understood() -> None:
    """What the stack deploys as prom-run's configuration is one."""
    file = Path(__file__).parents[2] / "manifests" / "base" / "prom-run" / "commands.yaml"
    assert ["prometheus-answers"] == [command.name for command in config.load(file).commands]
