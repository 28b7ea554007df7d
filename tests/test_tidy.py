"""Style that can be checked is a test: layers, sizes, leftovers."""

import ast
import functools
import graphlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("exporter", "suite")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# The floors of the large packages, top to bottom: a room imports only from floors below its own. A room is
# a folder or a file of the package. docs: CONTRIBUTING.md, "Layers".
HARNESS_FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"plugin", "cli", "entry"}),
    frozenset({"play", "gate", "mutate"}),
    frozenset({"backtest", "replay"}),
    frozenset({"lab", "engine", "reference", "rejudge", "report", "testing"}),
    frozenset({"faults", "prometheus"}),
    frozenset({"kube"}),
    frozenset({"machine"}),
    frozenset({"judge", "compress"}),
    frozenset({"incident"}),
    frozenset({"scenario", "rules"}),
    frozenset({"clock", "crash", "data", "progress"}),
    frozenset({"durations", "model", "names"}),
    frozenset({"errors"}),
)
EXPORTER_FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"entry"}),
    frozenset({"cli"}),
    frozenset({"start"}),
    frozenset({"daemon", "rbac"}),
    frozenset({"app"}),
    frozenset({"exporter"}),
    frozenset({"watch", "scrape"}),
    frozenset({"store"}),
    frozenset({"render"}),
    frozenset({"kinds", "options"}),
    frozenset({"memory", "telling", "text", "words"}),
)
FLOORS = {"alertdrill": HARNESS_FLOORS, "kube_api_exporter": EXPORTER_FLOORS}
# The daemons share a kit and know nothing of each other, nor of the harness; the harness meets them only as
# processes, images and URLs. The benchmark also takes their parts, to measure where the time goes, and e2e
# the kit, whose reading of a kubeconfig is held against that of kubectl, and kubediff, for which it learns
# the API server's defaults.
DAEMONS = frozenset(
    {"exporter_kit", "git_sync_stand_in", "kube_api_exporter", "kubediff", "prom_run", "terradiff"}
)
MAY_IMPORT: dict[str, frozenset[str]] = {
    "exporter_kit": frozenset(),
    "git_sync_stand_in": frozenset({"exporter_kit"}),
    "kube_api_exporter": frozenset({"exporter_kit"}),
    "kubediff": frozenset({"exporter_kit"}),
    "prom_run": frozenset({"exporter_kit"}),
    "terradiff": frozenset({"exporter_kit"}),
    "alertdrill": frozenset(),
    "e2e": frozenset({"alertdrill", "exporter_kit", "kubediff"}),
    "bench": frozenset({"alertdrill", "e2e", *DAEMONS}),
}
# Names that a library calls, whether or not anybody here does.
CALLED_BY_LIBRARIES = frozenset(
    {
        "capture_signals",
        "construct_mapping",
        "format_commands",
        "handle_error",
        "ignore_aliases",
        "list_commands",
        "log_message",
        "resolve_command",
        "scan_plain_spaces",
        "scan_to_next_token",
    }
)
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
# The example in fixtures/ is written as people write tests of their own.
TESTS = [f for f in PYTHON if f.name.startswith("test_") and "fixtures" not in f.relative_to(ROOT).parts]
SOURCE = [file for file in PYTHON if file.relative_to(ROOT).parts[0] in SOURCES]


@pytest.fixture(scope="module", autouse=True)
def forgetting() -> Iterator[None]:
    """Keep what was read no longer than it is asked for: a million objects hold up all other tests."""
    yield
    nodes_of.cache_clear()


def label(path: Path) -> str:
    """Name a file in a test's id as a reader would."""
    return str(path.relative_to(ROOT))


@functools.cache
def text_of(file: Path) -> str:
    """Return what is in a file, which many of the tests below ask."""
    return file.read_text()


@functools.cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """Return all that a Python file is made of, the whole first."""
    return tuple(ast.walk(ast.parse(text_of(file))))


@functools.cache
def imports(file: Path) -> list[tuple[int, str]]:
    """Return (line, absolute dotted name) of every import; `from a import b` counts as a.b."""
    found = []
    for node in nodes_of(file):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def top_level(file: Path) -> list[ast.stmt]:
    """Return the statements of a Python file."""
    whole = nodes_of(file)[0]
    assert isinstance(whole, ast.Module)
    return whole.body


def floor_of(package: str, room: str) -> int | None:
    """Return how deep a room of a package lies, 0 being the top."""
    return next((depth for depth, rooms in enumerate(FLOORS[package]) if room in rooms), None)


def module_of(file: Path) -> str:
    """Return the dotted name by which a source file is imported; a package's own is that of its folder."""
    parts = file.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(files: list[Path]) -> dict[str, set[str]]:
    """Return module → the modules it names in its imports, wherever in it they stand."""
    modules = {module_of(file) for file in files}
    graph = {}
    for file in files:
        named = {name if name in modules else name.rpartition(".")[0] for _, name in imports(file)}
        graph[module_of(file)] = (named & modules) - {module_of(file)}
    return graph


def definitions(file: Path) -> list[tuple[int, str]]:
    """Return (line, name) of every public function, class, method and constant of a file."""
    found = []
    for node in top_level(file):
        members = node.body if isinstance(node, ast.ClassDef) else []
        found += [
            (one.lineno, one.name)
            for one in (node, *members)
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not any("autouse" in ast.unparse(decorator) for decorator in one.decorator_list)
        ]
        targets = node.targets if isinstance(node, ast.Assign) else []
        found += [(node.lineno, one.id) for one in targets if isinstance(one, ast.Name)]
    return [(line, name) for line, name in found if not name.startswith("_")]


def names_used(file: Path) -> set[str]:
    """Return every name a file reads, also by a string that is but a name: `getattr` and tests use those."""
    used = set()
    for node in nodes_of(file):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.add(node.id)
        elif isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and file.name != "__init__.py":
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            used |= set() if " " in node.value else set(re.split(r"[.:]", node.value))
    return used


def upward(file: Path) -> list[str]:
    """Return what a room of a large package imports from its own floor or one above."""
    package, room = file.relative_to(ROOT).with_suffix("").parts[1:3]
    if room == "__init__":
        return []
    own = floor_of(package, room)
    if own is None:
        return [f"{label(file)}: {room} has no place in FLOORS"]
    found = []
    for line, name in imports(file):
        words = name.split(".")
        if words[0] != package or words[1] == room:
            continue
        depth = floor_of(package, words[1])
        if depth is None or depth <= own:
            found.append(f"{label(file)}:{line} imports {name}")
    return found


def foreign(file: Path) -> list[str]:
    """Return what a file imports of packages of ours that its own must not know."""
    package = file.relative_to(ROOT).parts[1]
    allowed = MAY_IMPORT[package] | {package}
    return [
        f"{label(file)}:{line} imports {name}"
        for line, name in imports(file)
        if name.split(".")[0] in MAY_IMPORT and name.split(".")[0] not in allowed
    ]


def test_a_file_fits_in_one_head() -> None:
    """No Python file is longer than the cap."""
    lengths = {label(file): len(text_of(file).splitlines()) for file in PYTHON}
    assert {} == {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX}


def test_a_function_fits_on_one_screen() -> None:
    """No function is longer than the cap."""
    assert [] == [
        f"{label(file)}:{node.lineno} {node.name}"
        for file in PYTHON
        for node in nodes_of(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]


def test_arrows_point_downward() -> None:
    """A room of a large package imports only from floors below its own."""
    large = [file for file in SOURCE if file.relative_to(ROOT).parts[1] in FLOORS]
    assert [] == [arrow for file in large for arrow in upward(file)]


def test_packages_know_only_what_they_may() -> None:
    """The exporters know nothing of the suite, nor it of them."""
    assert [] == [name for file in SOURCE for name in foreign(file)]


def test_no_imports_go_in_a_circle() -> None:
    """Every module can be understood, and loaded, before those that import it."""
    try:
        graphlib.TopologicalSorter(import_graph(SOURCE)).prepare()
    except graphlib.CycleError as circle:
        pytest.fail(" ← ".join(circle.args[1]))


def test_a_circle_of_imports_would_be_found() -> None:
    """The check above can fail."""
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()


def test_every_public_name_is_used() -> None:
    """What nobody calls, names or imports is not there; an export of a package's door is no use yet."""
    used = set[str]().union(*map(names_used, PYTHON)) | CALLED_BY_LIBRARIES
    called_by_pytest = ("pytest_", "test_")
    assert [] == [
        f"{label(file)}:{line} {name}"
        for file in SOURCE
        for line, name in definitions(file)
        if name not in used and not name.startswith(called_by_pytest)
    ]


def test_pytest_kind_is_imported_in_one_module() -> None:
    """The GPL stays in one optional room."""
    importers = {
        label(file) for file in SOURCE for _, name in imports(file) if name.startswith("pytest_kind")
    }
    assert {"suite/alertdrill/lab/clusters/pytest_kind.py"} == importers


def test_only_the_clock_sleeps() -> None:
    """Waiting goes through alertdrill.clock, which has a deadline and a sentence."""
    harness = [file for file in SOURCE if "alertdrill" in file.parts and file.name != "clock.py"]
    imported = {file for file in harness for _, name in imports(file) if name == "time.sleep"}
    assert [] == [label(one) for one in harness if one in imported or "time.sleep(" in text_of(one)]


def test_an_init_is_a_door_not_a_room() -> None:
    """`__init__.py` holds a docstring and exports only."""
    assert [] == [
        f"{label(file)}:{node.lineno} {node.name}"
        for file in SOURCE
        if file.name == "__init__.py"
        for node in top_level(file)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    ]


def test_nothing_is_left_over() -> None:
    """No note to self is left in the tree."""
    files = tracked(".py", ".yaml", ".toml", ".md", ".go", ".sh")
    assert [] == [f"{label(file)}: {word}" for file in files for word in LEFTOVERS if word in text_of(file)]


def test_every_test_says_one_sentence() -> None:
    """A test function has a docstring that says what is true."""
    assert [] == [
        f"{label(file)}:{node.lineno} {node.name}"
        for file in TESTS
        for node in nodes_of(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
