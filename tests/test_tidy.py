"""Style that can be checked is a test: layers, sizes, leftovers."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("exporter", "suite")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# Top to bottom; a module imports only from layers below its own. docs: CONTRIBUTING.md, "Layers".
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"plugin", "cli"}),
    frozenset({"play"}),
    frozenset({"lab"}),
    frozenset({"baseline", "evidence"}),
    frozenset({"observe", "report", "stack"}),
    frozenset({"clusters", "faults", "images", "pod_logs"}),
    frozenset({"nodeimage", "kube", "prometheus", "promtool"}),
    frozenset({"docker", "image_archive", "tools"}),
    frozenset({"judge", "compress", "timeline"}),
    frozenset({"incident"}),
    frozenset({"scenario_files"}),
    frozenset({"scenario", "rules"}),
    frozenset({"daemon"}),
    frozenset({"promql", "clock", "process", "cache", "progress", "data"}),
    frozenset({"model", "durations"}),
    frozenset({"errors"}),
)
# The daemons share a kit and know nothing of each other, nor of the harness.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "exporter_kit": frozenset(),
    "git_sync_stand_in": frozenset({"exporter_kit"}),
    "kube_api_exporter": frozenset({"exporter_kit"}),
    "prom_run": frozenset({"exporter_kit"}),
    "terradiff": frozenset({"exporter_kit", "prom_run"}),
    "alertdrill": frozenset(),
}
LEFTOVERS = ("FIX" + "ME", "XX" + "X", "break" + "point(", "TO" + "DO")


def tracked(*suffixes: str) -> list[Path]:
    """Return the files git tracks (or would), by suffix."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = [ROOT / line for line in listing.splitlines()]
    return [file for file in files if file.suffix in suffixes and file.exists()]


PYTHON = tracked(".py")
SOURCE = [file for file in PYTHON if file.relative_to(ROOT).parts[0] in SOURCES]


def label(path: Path) -> str:
    """Name a file in a test's id as a reader would."""
    return str(path.relative_to(ROOT))


def imports(file: Path) -> list[tuple[int, str]]:
    """Return (line, absolute dotted name) of every import; `from a import b` counts as a.b."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def layer_of(name: str) -> int | None:
    """Return how deep a module of alertdrill lies, 0 being the top."""
    return next((depth for depth, names in enumerate(LAYERS) if name in names), None)


@pytest.mark.parametrize("file", PYTHON, ids=label)
def test_a_file_fits_in_one_head(file: Path) -> None:
    """No Python file is longer than the cap."""
    assert len(file.read_text().splitlines()) <= FILE_LINES_MAX


@pytest.mark.parametrize("file", PYTHON, ids=label)
def test_a_function_fits_on_one_screen(file: Path) -> None:
    """No function is longer than the cap."""
    long = [
        f"{file.name}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert [] == long


@pytest.mark.parametrize("file", [f for f in SOURCE if "alertdrill" in f.parts], ids=label)
def test_arrows_point_downward(file: Path) -> None:
    """A module of the harness imports only from layers below its own."""
    parts = file.relative_to(ROOT / "suite" / "alertdrill").with_suffix("").parts
    if parts == ("__init__",):
        return
    own = layer_of(parts[0])
    assert own is not None, f"{parts[0]} has no place in LAYERS"
    upward = []
    for line, name in imports(file):
        words = name.split(".")
        if words[0] != "alertdrill" or words[1] == parts[0]:
            continue
        depth = layer_of(words[1])
        if depth is None or depth <= own:
            upward.append(f"{file.name}:{line} imports {name}")
    assert [] == upward


@pytest.mark.parametrize("file", SOURCE, ids=label)
def test_packages_know_only_what_they_may(file: Path) -> None:
    """The exporters know nothing of the suite, nor it of them."""
    package = file.relative_to(ROOT).parts[1]
    if package not in MAY_IMPORT:
        return
    allowed = MAY_IMPORT[package] | {package}
    foreign = [
        f"{file.name}:{line} imports {name}"
        for line, name in imports(file)
        if name.split(".")[0] in MAY_IMPORT and name.split(".")[0] not in allowed
    ]
    assert [] == foreign


def test_pytest_kind_is_imported_in_one_module() -> None:
    """The GPL stays in one optional room."""
    importers = {
        label(file) for file in SOURCE for _, name in imports(file) if name.startswith("pytest_kind")
    }
    assert importers <= {"suite/alertdrill/clusters/pytest_kind.py"}


@pytest.mark.parametrize("file", [f for f in SOURCE if "alertdrill" in f.parts], ids=label)
def test_only_the_clock_sleeps(file: Path) -> None:
    """Waiting goes through alertdrill.clock, which has a deadline and a sentence."""
    if file.name == "clock.py":
        return
    assert [] == [line for line, name in imports(file) if name == "time.sleep"]
    assert "time.sleep(" not in file.read_text()


@pytest.mark.parametrize("file", [f for f in SOURCE if f.name == "__init__.py"], ids=label)
def test_an_init_is_a_door_not_a_room(file: Path) -> None:
    """`__init__.py` holds a docstring and exports only."""
    rooms = [
        node
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    ]
    assert [] == rooms


@pytest.mark.parametrize("file", tracked(".py", ".yaml", ".toml", ".md", ".go", ".sh"), ids=label)
def test_nothing_is_left_over(file: Path) -> None:
    """No note to self is left in the tree."""
    text = file.read_text()
    assert [] == [word for word in LEFTOVERS if word in text]


@pytest.mark.parametrize("file", [f for f in PYTHON if f.name.startswith("test_")], ids=label)
def test_every_test_says_one_sentence(file: Path) -> None:
    """A test function has a docstring that says what is true."""
    silent = [
        f"{file.name}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert [] == silent
