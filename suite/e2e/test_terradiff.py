"""terradiff around a real tofu, on its built-in terraform_data resource: no provider, no cluster."""

import fcntl
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from alertdrill.clock import WallClock, wait_for
from alertdrill.machine.tools import opentofu

CLOCK = WallClock()
SECRET = "open-sesame-4711"  # noqa: S105  # looked for where it must not be
CONFIGURATION = """
variable "replicas" { default = 3 }
variable "password" {
  default   = "%s"
  sensitive = true
}
resource "terraform_data" "web" { input = { replicas = var.replicas, password = var.password } }
resource "terraform_data" "db" { triggers_replace = ["v1"] }
"""


class Stack:
    """A folder with a configuration that was applied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.textfile = folder.parent / "terradiff.prom"
        self._tofu = opentofu.find().path
        self.environment = {"PATH": f"{self._tofu.parent}:{os.environ['PATH']}", "HOME": str(folder.parent)}
        folder.mkdir()
        self.write(CONFIGURATION % SECRET)
        self.tofu("apply", "-auto-approve", "-input=false")

    def write(self, text: str) -> None:
        """Replace the configuration."""
        (self.folder / "main.tf").write_text(text)

    def tofu(self, *words: str) -> None:
        """Run tofu itself."""
        argv: list[str | Path] = [self._tofu, *words]
        subprocess.run(argv, cwd=self.folder, env=self.environment, check=True, capture_output=True)

    def terradiff(self, *words: str) -> tuple[int, str]:
        """Run terradiff; returns exit code and what it said. It changes no file of the folder."""
        before = self._files()
        place: list[str | Path] = ["--dir", self.folder, "--textfile", self.textfile]
        argv = [sys.executable, "-m", "terradiff.cli", *place, *words]
        done = subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False)
        assert before == self._files()
        assert SECRET not in done.stdout + done.stderr + self.textfile.read_text()
        return done.returncode, done.stdout + done.stderr

    def _files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def drift(self) -> set[str]:
        """Return the series of drift, as they would be scraped."""
        lines = self.textfile.read_text().splitlines()
        return {line.removesuffix(" 1.0") for line in lines if line.startswith("terradiff_resource_drift{")}


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Return a configuration that was applied by a real tofu."""
    return Stack(tmp_path / "infra")


def series(address: str, action: str) -> str:
    """Return a series of drift."""
    return f'terradiff_resource_drift{{action="{action}",address="{address}"}}'


def test_what_was_applied_does_not_differ(stack: Stack) -> None:
    """Right after an apply nothing differs, initialised in a private folder or not at all."""
    assert (0, "no drift\n") == stack.terradiff()
    assert (0, "no drift\n") == stack.terradiff("--init")
    assert set() == stack.drift()
    assert "terradiff_plan_exit_code 0.0" in stack.textfile.read_text()
    assert 'version="1.' in stack.textfile.read_text()


def test_created_changed_and_destroyed_are_told_apart(stack: Stack) -> None:
    """Each resource that differs is a series with its action."""
    stack.write(
        (CONFIGURATION % SECRET).replace('["v1"]', '["v2"]').replace("default = 3", "default = 5")
        + 'resource "terraform_data" "new" { for_each = toset(["a b"]) }\n'
    )
    code, said = stack.terradiff()
    assert 2 == code
    assert "3 resources drifted\n" in said
    assert "    input.replicas: 3 → 5\n" in said
    assert {
        series("terraform_data.web", "update"),
        series("terraform_data.db", "replace"),
        series('terraform_data.new[\\"a b\\"]', "create"),
    } == stack.drift()

    stack.write("")
    assert 2 == stack.terradiff()[0]
    assert {series("terraform_data.web", "delete"), series("terraform_data.db", "delete")} == stack.drift()


CHECK = """
check "neighbour" {
  data "terraform_remote_state" "neighbour" {
    backend    = "local"
    config     = { path = "${path.module}/neighbour.tfstate" }
    defaults   = { ok = "yes" }
    depends_on = [terraform_data.web]
  }
  assert {
    condition     = data.terraform_remote_state.neighbour.outputs.ok == "yes"
    error_message = "the neighbour is not ok"
  }
}
"""


def test_reading_is_no_drift(stack: Stack) -> None:
    """A check's data source is read on every run, a change to the tool; what really differs is told."""
    stack.write(CONFIGURATION % SECRET + CHECK)
    stack.tofu("apply", "-auto-approve", "-input=false")
    with pytest.raises(subprocess.CalledProcessError, match="exit status 2"):
        stack.tofu("plan", "-input=false", "-detailed-exitcode")
    assert (0, "no drift\n") == stack.terradiff()
    assert (0, "no drift\n") == stack.terradiff("--refresh-only")
    stack.write((CONFIGURATION % SECRET).replace("default = 3", "default = 5") + CHECK)
    assert 2 == stack.terradiff()[0]
    assert {series("terraform_data.web", "update")} == stack.drift()


def test_a_changed_secret_is_drift_that_shows_nothing(stack: Stack) -> None:
    """That a sensitive value differs is told, neither value is."""
    stack.write(CONFIGURATION % "close-sesame-4712")
    code, said = stack.terradiff()
    assert 2 == code
    assert "input.password: (sensitive) → (sensitive)" in said
    assert "4712" not in said


def test_what_is_meant_is_no_drift(stack: Stack, tmp_path: Path) -> None:
    """A rule takes an attribute; what it does not name is still drift."""
    stack.write((CONFIGURATION % SECRET).replace("default = 3", "default = 5"))
    rules = tmp_path / "ignore.yaml"
    rules.write_text(
        "- {address: 'terraform_data.*', attributes: [input.replicas], reason: the autoscaler's}\n"
        "- {address: terraform_data.web, attributes: [output], reason: follows from the input}\n"
    )
    code, said = stack.terradiff("--ignore-file", str(rules))
    assert (0, "no drift, 1 ignored") == (code, said.splitlines()[0])
    assert 'terradiff_ignore_hits{rule="terraform_data.*#input.replicas"} 1.0' in stack.textfile.read_text()
    assert 2 == stack.terradiff("--ignore", "terraform_data.web#input.replicas")[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("resource {", "ended with 1:"),
        ('resource "terraform_data" "x" { input = var.none }', "Reference to undeclared input variable"),
        ('resource "nobody_made" "x" {}', "ended with 1:"),
        ('variable "x" {}\noutput "x" { value = var.x }', "No value for required variable"),
    ],
    ids=["syntax", "reference", "provider", "variable"],
)
def test_broken_is_not_drift(stack: Stack, text: str, sentence: str) -> None:
    """A configuration that can't be planned is a 1, and leaves no series of drift from before."""
    stack.write("")
    assert 2 == stack.terradiff()[0]
    stack.write(text)
    code, said = stack.terradiff()
    assert (1, set()) == (code, stack.drift())
    assert sentence in said
    assert "terradiff_plan_exit_code 1.0" in stack.textfile.read_text()


def test_a_locked_state_is_planned_all_the_same(stack: Stack) -> None:
    """While another holds the state's lock, a plan of tofu's own fails and ours does not."""
    state = stack.folder / "terraform.tfstate"
    with state.open("r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        with pytest.raises(subprocess.CalledProcessError, match="returned non-zero"):
            stack.tofu("plan", "-input=false")
        assert (0, "no drift\n") == stack.terradiff()


def test_told_to_stop_it_leaves_no_plan_behind(stack: Stack, tmp_path: Path) -> None:
    """Ended in the middle, it removes the private folder, whose plan holds secrets."""
    private = tmp_path / "private"
    private.mkdir()
    argv: list[str | Path] = [sys.executable, "-m", "terradiff.cli", "--dir", stack.folder]
    with subprocess.Popen(argv, env={**stack.environment, "TMPDIR": str(private)}) as running:
        wait_for("a private folder", lambda: any(private.iterdir()), deadline=30, clock=CLOCK, every=0.01)
        running.send_signal(signal.SIGTERM)
        running.wait(30)
    assert [] == list(private.iterdir())


@pytest.fixture
def prom_run(stack: Stack, tmp_path: Path) -> Iterator[Callable[[str], float | None]]:
    """Run terradiff under prom-run; returns a function that scrapes one sample."""
    log = tmp_path / "log"
    words = (
        *("-listen-addr=127.0.0.1:0", "-period=500ms", "--textfile", str(stack.textfile), "--name=terradiff"),
        *("--", sys.executable, "-m", "terradiff.cli", "--dir", str(stack.folder)),
    )
    with log.open("w") as stream:
        running = subprocess.Popen(
            [sys.executable, "-m", "prom_run.cli", *words], stderr=stream, env=stack.environment
        )
    try:
        wait_for("prom-run to listen", lambda: "address=" in log.read_text(), deadline=30, clock=CLOCK)
        address = log.read_text().partition("address=")[2].split()[0]

        def scrape(sample: str) -> float | None:
            text = requests.get(f"http://{address}/metrics", timeout=10).text
            found = [line for line in text.splitlines() if line.startswith(sample + " ")]
            return float(found[0].rpartition(" ")[2]) if found else None

        yield scrape
    finally:
        running.terminate()
        running.wait(30)


def test_under_prom_run_the_codes_follow(stack: Stack, prom_run: Callable[[str], float | None]) -> None:
    """Well, drifted, broken and well again: the metric goes 0, 2, 1, 0, with the command's own code."""
    well = CONFIGURATION % SECRET
    for text, code in ((well, 0), (well.replace("= 3", "= 5"), 2), ("resource {", 1), (well, 0)):
        stack.write(text)
        told = functools.partial(prom_run, 'terradiff_plan_exit_code{command="terradiff"}')
        wait_for(f"exit code {code}", lambda: told() == code, deadline=60, clock=CLOCK)  # noqa: B023
        assert code == prom_run('command_exit_code{command="terradiff"}')
        drifted = prom_run('terradiff_resources_drifted{command="terradiff"}')
        assert drifted == {0: 0, 2: 1, 1: None}[code]
