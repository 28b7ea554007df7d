"""promtool as a judge of rule files and rule tests; what it says comes back as `file:line: sentence`."""

import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from alertdrill.errors import LabError, RulesError
from alertdrill.machine import process, tools
from alertdrill.model import Value
from alertdrill.rules import BadRulesError, Group, RuleSet, load

RULES = "*.rules.yaml"
TESTS = "*.test.yaml"
SECONDS_MAX = 120.0

PLACED = re.compile(r"^(?P<line>\d+):\d+: (?P<what>.*)$", re.DOTALL)
YAML_LINE = re.compile(r"\bline (?P<line>\d+): (?P<what>.*)")
RULE = re.compile(r'^group "(?P<group>.*?)", rule (?P<rule>\d+), "(?P<name>.*?)": (?P<what>.*)$', re.DOTALL)
CHATTER = ("Checking ", "SUCCESS:", "FAILED:")


class Checked(Value, frozen=True, kw_only=True):
    """How much was checked and found good."""

    files: int
    rules: int
    tests: int

    def __str__(self) -> str:
        """Say it to a person."""
        return f"{self.rules} rules in {self.files} files are good, and {self.tests} files of rule tests pass"


def check_folder(folder: Path) -> Checked:
    """Check every `*.rules.yaml` of a folder, then run every `tests/*.test.yaml` of it."""
    files, tests = sorted(folder.glob(RULES)), sorted((folder / "tests").glob(TESTS))
    if not files:
        raise RulesError(f"no {RULES} file is here: name the folder that holds the rules", file=str(folder))
    rules = check(files)
    test(tests)
    return Checked(files=len(files), rules=len(rules.rules), tests=len(tests))


def check(files: Sequence[Path]) -> RuleSet:
    """Return the rules of the files; raise RulesError with everything no Prometheus would take."""
    rules = load(files)
    code, said = _run("check", "rules", "--lint=none", *map(str, files))
    if code:
        problems = list(_problems(rules, said))
        if not problems:
            raise LabError(
                f"asked promtool about {len(files)} rule files, could not read its answer: {said.strip()}"
            )
        raise BadRulesError(problems)
    return rules


def test(files: Sequence[Path]) -> None:
    """Run rule test files; raise RulesError with every expectation that was not met."""
    problems = []
    for file in files:
        code, said = _run("test", "rules", str(file))
        if code:
            lines = [line for line in said.splitlines() if line.strip() and line.strip() != "FAILED:"]
            problems.append(
                RulesError("\n".join(["the rules don't do what the test says:", *lines]), file=str(file))
            )
    if problems:
        raise BadRulesError(problems)


def check_config(file: Path) -> None:
    """Check a Prometheus configuration by itself: the files it names need not exist on this machine."""
    code, said = _run("check", "config", "--syntax-only", str(file))
    if code:
        placed = YAML_LINE.search(said)
        what = placed["what"] if placed else process.last_words(said.encode(), lines=1)
        raise RulesError(
            f"no Prometheus would take this configuration: {what}",
            file=str(file),
            line=int(placed["line"]) if placed else 0,
        )


def _problems(rules: RuleSet, said: str) -> Iterable[RulesError]:
    """Give each complaint its place in a file; promtool makes some twice, with and without its name."""
    found: dict[str, RulesError] = {}
    file = ""
    for line in said.splitlines():
        file = next((name for name in rules.files if line.startswith(f"{name}: ")), file)
        what = line.removeprefix(f"{file}: ").strip()
        if file and what and not what.startswith(CHATTER):
            problem = _placed(file, rules.files[file], what)
            found.setdefault(str(problem), problem)
    return found.values()


def _placed(file: str, groups: Sequence[Group], what: str) -> RulesError:
    """Turn one complaint into a sentence with the line of what it is about."""
    line = 0
    if match := PLACED.match(what):
        line, what = int(match["line"]), match["what"]
    if match := RULE.match(what):
        line = line or _line_of(groups, match["group"], int(match["rule"]))
        what = f"{match['name']}: {match['what']}"
    return RulesError(what, file=file, line=line)


def _line_of(groups: Sequence[Group], name: str, number: int) -> int:
    return next((group.rules[number - 1].line for group in groups if group.name == name), 0)


def _run(*words: str) -> tuple[int, str]:
    argv = [str(tools.promtool()), *words]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"asking promtool to {' '.join(words[:2])}: {error}") from error
    return done.returncode, done.stdout + done.stderr
