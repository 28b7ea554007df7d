"""Running terraform or tofu so that nothing is changed: plan, then show, in folders nobody else sees."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from exporter_kit.errors import DaemonError
from terradiff import shape

TOOLS = ("tofu", "terraform")
NO_CHANGES, BROKEN, CHANGES = 0, 1, 2
# Words that a variable could slip into every call, and logs that hold secrets.
DROPPED = ("TF_CLI_ARGS", "TF_LOG")
LAST_LINES = 40
# Less than the five seconds that prom-run waits between SIGTERM and SIGKILL.
PATIENCE_SECONDS = 3.0
INIT = ("init", "-input=false", "-lockfile=readonly", "-no-color")
# Options by which a plan is of a part: -target-file, too.
PARTIAL = ("target", "exclude", "include")
PLAN = ("-detailed-exitcode", "-lock=false", "-input=false", "-no-color")


class BrokenError(DaemonError):
    """The plan could not be made: that says nothing about drift."""


class UnreadableError(BrokenError):
    """The plan that a tool showed is not what tools show."""

    def __init__(self, found: object) -> None:
        super().__init__(
            f"the plan that was shown can't be read: {found}; name terraform or tofu itself with --tool, "
            "or use a newer terradiff"
        )


@dataclass(frozen=True)
class Planned:
    """What a plan said: whether there are changes, and which, as the tool's own JSON.

    `partial` is what was asked to be of some resources only.
    """

    changes: bool
    plan: dict[str, Any]
    partial: bool = False


def find(name: str) -> str:
    """Return the program: the one named, else the first of tofu and terraform that there is."""
    for each in (name,) if name else TOOLS:
        if found := shutil.which(each):
            # It runs in the folder that is planned, which may hold a program of that name.
            return os.path.abspath(found)  # noqa: PTH100  # resolve() would follow links, which some tools mind
    wanted = name or " or ".join(TOOLS)
    raise BrokenError(f"there is no {wanted} to be found on PATH; install it or name it with --tool")


def plan(program: str, folder: Path, *, more: Sequence[str], init: bool) -> Planned:
    """Plan a folder and return what would change.

    Nothing is locked, asked, or written outside a private folder: our words come last, and the last counts.
    """
    if not folder.is_dir():
        raise BrokenError(f"there is no folder {folder} to plan")
    if writes := [word for word in more if word.lstrip("-").startswith("generate-config-out")]:
        raise BrokenError(f"{writes[0]} would write into the folder; leave it out")
    with tempfile.TemporaryDirectory(prefix="terradiff-") as private:
        environment = _environment(os.environ)
        if init:
            environment["TF_DATA_DIR"] = str(Path(private) / "data")
            _run(program, folder, environment, INIT, good=(NO_CHANGES,))
        out = str(Path(private) / "plan")
        words = ("plan", *more, *PLAN, f"-out={out}")
        code, _ = _run(program, folder, environment, words, good=(NO_CHANGES, CHANGES))
        _, shown = _run(program, folder, environment, ("show", "-json", out), good=(NO_CHANGES,))
    partial = any(word.startswith("-") and word.lstrip("-").startswith(PARTIAL) for word in more)
    return Planned(code == CHANGES, _decoded(shown), partial)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in ours.items() if not name.startswith(DROPPED)}
    return kept | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def _run(
    program: str, folder: Path, environment: Mapping[str, str], words: Sequence[str], *, good: Sequence[int]
) -> tuple[int, bytes]:
    try:
        process = subprocess.Popen(
            [program, *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise BrokenError(f"can't run {program}: {error.strerror}") from None
    with process:
        try:
            shown, errors = process.communicate()
        except BaseException:
            _end(process)
            raise
    if process.returncode not in good:
        said = (errors or shown).decode(errors="replace").strip().splitlines()
        reason = "\n".join(said[-LAST_LINES:]) or "it said nothing"
        raise BrokenError(f"{Path(program).name} {words[0]} ended with {process.returncode}:\n{reason}")
    return process.returncode, shown


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a tool that was asked for in vain; its plugins are ended by itself, if it has a moment for it."""
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()


def _decoded(shown: bytes) -> dict[str, Any]:
    try:
        tree = msgspec.json.decode(shown, type=dict[str, Any])
    except RecursionError:
        raise UnreadableError("it nests too deeply") from None
    except ValueError as error:
        raise UnreadableError(error) from None
    version = tree.get("format_version", "none")
    if str(version).partition(".")[0] != "1":
        raise BrokenError(
            f"the plan is in format {version}, and only 1.x is understood; use a newer terradiff"
        )
    try:
        msgspec.convert(tree, shape.Plan)
    except msgspec.ValidationError as error:
        raise UnreadableError(error) from None
    return tree
