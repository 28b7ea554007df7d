"""What the README shows works as shown."""

import re
import shlex
from pathlib import Path

import terradiff
from terradiff import cli, ignore, report
from terradiff.ignore import Verdict

README = (Path(terradiff.__file__).parent / "README.md").read_text()


def test_the_rules_are_understood(tmp_path: Path) -> None:
    """The example of an ignore file is one."""
    file = tmp_path / "ignore.yaml"
    file.write_text(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0])
    assert ["aws_autoscaling_group.*#desired_capacity", "module.legacy.*"] == [
        str(r) for r in ignore.load(file)
    ]


def test_the_command_line_is_understood() -> None:
    """The example's words after `--` are flags of ours."""
    line = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0]
    words = shlex.split(line.partition(" -- terradiff ")[2])
    context = cli.terradiff.make_context("terradiff", words)
    assert (Path("/data/repo/infra"), True, True) == tuple(
        context.params[name] for name in ("folder", "init", "colour")
    )


def test_metrics_and_flags_that_are_named_exist() -> None:
    """Names in the README are names in the textfile and on the command line, and none is left out."""
    text = report.metrics(2, Verdict(), tool="t", version="1", seconds=1).decode()
    assert set(re.findall(r"# TYPE (\S+)", text)) == set(re.findall(r"\bterradiff_[a-z_]+\b", README))
    flags = {flag for option in cli.terradiff.params for flag in option.opts if flag.startswith("--")}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= flags
