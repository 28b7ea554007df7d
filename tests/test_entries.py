"""Commands that were installed bare name the extra that they lack."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

SOURCES = [str(Path(__file__).parents[1] / name) for name in ("exporter", "suite")]
RUN = "import sys; sys.path[:0] = {}; from {}.entry import {}; {}()"
COMMANDS = {  # package, function → command, what it needs, an exit code that is no verdict's
    ("alertdrill", "main"): ("alertdrill", "suite", 2),
    ("kube_api_exporter", "main"): ("kube-api-exporter", "exporter", 1),
    ("kubediff", "compare_images"): ("compare-images", "exporter", 1),
    ("kubediff", "main"): ("kubediff", "exporter", 1),
    ("prom_run", "main"): ("prom-run", "exporter", 1),
    ("terradiff", "main"): ("terradiff", "exporter", 1),
}


@pytest.mark.parametrize(("package", "function"), COMMANDS)
def test_a_bare_install_names_the_extra(package: str, function: str) -> None:
    """Without any package but our own, a command ends with one sentence that says what to install."""
    command, extra, code = COMMANDS[package, function]
    bare = [sys.executable, "-I", "-S", "-c", RUN.format(SOURCES, package, function, function)]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"{command}: ")
    assert sentence.endswith(f" is not installed: pip install 'alertdrill[{extra}]'")
    assert code == done.returncode


def test_a_command_whose_extra_is_another_one_names_its_own(tmp_path: Path) -> None:
    """With what the daemons need, click among it, a play still lacks the harness's."""
    (tmp_path / "click").symlink_to(Path(click.__file__).parent)
    run = RUN.format([*SOURCES, str(tmp_path)], "alertdrill", "main", "main")
    bare = [sys.executable, "-I", "-S", "-c", run, "play", "--list"]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert "alertdrill: msgspec is not installed: pip install 'alertdrill[suite]'\n" == done.stderr
    assert 2 == done.returncode
