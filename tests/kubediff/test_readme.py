"""What the README shows works as shown."""

import re
import shlex
from pathlib import Path

import kubediff
from kubediff import cli, compare_images, ignore
from kubediff.report import prometheus

README = (Path(kubediff.__file__).parent / "README.md").read_text()


def test_the_rules_are_understood(tmp_path: Path) -> None:
    """The example of an ignore file is one."""
    file = tmp_path / "ignore.yaml"
    file.write_text(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0])
    assert [
        "*:spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt",
        "ConfigMap/shop/leader-*:data.*@elector",
    ] == [str(rule) for rule in ignore.load(file)]


def test_the_command_lines_are_understood() -> None:
    """Every example's words are flags and paths of ours."""
    lines = "".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).splitlines()
    said = [re.split(r"(?:^|\| | -- )kubediff ", line)[-1] for line in lines]
    assert 5 == len(said)
    for words in said:
        params = cli.kubediff.make_context("kubediff", shlex.split(words, comments=True)).params
        assert params["paths"] or params["files"] or params["renders"]


def test_metrics_and_flags_that_are_named_exist() -> None:
    """Names in the README are names in the textfile and on the command line, and no metric is left out."""
    assert prometheus.HELP.keys() == set(re.findall(r"\bkubediff_[a-z_]+\b", README))
    options = [*cli.kubediff.params, *compare_images.compare_images.params]
    flags = {flag for option in options for flag in option.opts if flag.startswith("--")}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= flags
