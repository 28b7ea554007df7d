"""promtool as a judge of rule files and rule tests; what it says comes back as `file:line: sentence`."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from xml.etree import ElementTree as ET

from alertdrill import rules
from alertdrill.errors import LabError, RulesError
from alertdrill.machine import process, tools
from alertdrill.model import Value
from alertdrill.rules import BadRulesError, Group, Remark, RuleSet

SECONDS_MAX = 120.0

PLACED = re.compile(r"^(?P<line>\d+):\d+: (?P<what>.*)$", re.DOTALL)
YAML_LINE = re.compile(r"\bline (?P<line>\d+): (?P<what>.*)")
RULE = re.compile(r'^group "(?P<group>.*?)", rule (?P<rule>\d+), "(?P<name>.*?)": (?P<what>.*)$', re.DOTALL)
NO_RULES = re.compile(r"WARNING: no file match pattern (.*)")
OF_TYPE = re.compile(r" in type main\.\w+$")  # its own name for a part of a file
# So begins what was expected and did not come; all else is no test.
UNMET = re.compile(r"(name: .*,\s+)?(alertname|expr): ")
CHATTER = ("Checking ", "SUCCESS:", "FAILED:", "yaml: unmarshal errors:", "time=")


class Checked(Value, frozen=True, kw_only=True):
    """How much was checked and found good, and what a person should look at nevertheless."""

    files: int
    rules: int
    tests: int
    remarks: tuple[Remark, ...] = ()

    def __str__(self) -> str:
        """Say it to a person."""
        passing = "passes" if self.tests == 1 else "pass"
        tested = (
            f"{_count(self.tests, 'file')} of rule tests {passing}"
            if self.tests
            else "there are no rule tests"
        )
        if not self.files:
            return tested
        within = f"in {_count(self.files, 'file')}"
        if not self.rules:
            return f"there are no rules {within}, and {tested}"
        good = "is good" if self.rules == 1 else "are good"
        return f"{_count(self.rules, 'rule')} {within} {good}, and {tested}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def check(paths: Sequence[Path]) -> Checked:
    """Check all rules behind these paths, then run the tests of rules that are there.

    Everything no Prometheus would take is a RulesError, and so is each expectation that was not met.
    """
    found = rules.find(paths)
    tests = [*found.tests, *found.named]
    checked = rules.of(found) if found.rules or found.problems or not tests else RuleSet()
    check_rules(checked)
    empty = test(tests)
    return Checked(
        files=len(checked.files),
        rules=len(checked.rules),
        tests=len(tests) - len(empty),
        remarks=(*checked.remarks, *checked.unread, *empty),
    )


def check_rules(checked: RuleSet) -> None:
    """Raise RulesError for all that no Prometheus would take.

    Files that promtool would not take as they are, it gets in Prometheus' own form.
    """
    said = ""
    with TemporaryDirectory() as folder:
        shown: dict[str, str] = {}
        for number, (file, groups) in enumerate(checked.files.items()):
            written = Path(file)
            if file in checked.foreign or not written.is_file():
                written = Path(folder) / f"{number}.yaml"
                written.write_text(RuleSet(files={file: groups}).to_yaml())
            shown[str(written)] = file
        if not shown:
            return
        code, said = _run("check", "rules", "--lint=none", *shown)
    if code:
        problems = list(_problems(checked, shown, said))
        if not problems:
            raise LabError(
                f"asked promtool about {len(shown)} rule files, could not read its answer: {said.strip()}"
            )
        raise BadRulesError(problems)


def test(files: Sequence[Path]) -> list[Remark]:
    """Run rule test files; raise RulesError with every expectation that was not met, and of what is no test.

    Returns a remark on each file without any: promtool passes it.
    """
    problems: list[RulesError] = []
    empty: list[Remark] = []
    with TemporaryDirectory() as folder:
        for file in files:
            suites, said = _tested([file], Path(folder) / "junit.xml")
            problems += _objections(_failed(suites[file]), said, str(file))
            if next(suites[file].iter("testcase"), None) is None:
                empty.append(Remark(file=str(file), line=0, sentence="there are no tests in this file"))
    if problems:
        raise BadRulesError(problems)
    return empty


def _objections(failed: Mapping[str, str], said: str, file: str) -> Iterable[RulesError]:
    """Yield why a file of tests is none that passes; promtool only warns of rules that are not there."""
    for missing in NO_RULES.findall(said):
        yield RulesError(f"it tests the rules of {missing}, which is no file", file=file)
    for name, text in failed.items():
        placed = YAML_LINE.findall(text)
        if UNMET.match(text):
            yield RulesError(f"the rules don't do what the test says:\n    {text}", file=file)
        elif placed:
            yield from (RulesError(OF_TYPE.sub("", what), file=file, line=int(line)) for line, what in placed)
        else:
            yield RulesError(f"promtool can't run the test {name}: {' '.join(text.split())}", file=file)


def failures(files: Sequence[Path], report: Path) -> dict[Path, dict[str, str]]:
    """Run rule test files in one promtool; return by file the cases that failed, and what was said of each.

    `report` is a file promtool may write.
    """
    suites, _ = _tested(files, report)
    return {file: _failed(suite) for file, suite in suites.items()}


def _tested(files: Sequence[Path], report: Path) -> tuple[dict[Path, ET.Element], str]:
    """Run rule test files in one promtool; return by file what it reports, and what else it said."""
    limit = SECONDS_MAX * len(files)
    code, said = _run("test", "rules", f"--junit={report}", *map(str, files), seconds=limit)
    try:
        suites = {suite.get("name"): suite for suite in ET.parse(report).iter("testsuite")}  # noqa: S314  # promtool's own
        found = {file: suites[str(file)] for file in files}
    except (OSError, ET.ParseError, KeyError) as error:
        raise LabError(
            f"asked promtool to run {len(files)} files of rule tests, could not read its report ({error}):"
            f" {process.last_words(said.encode())}"
        ) from error
    if bool(code) is not any(map(_failed, found.values())):
        raise LabError(f"promtool ended with {code}, and its report has another end: {said.strip()[-300:]}")
    return found, said


def _failed(suite: ET.Element) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for case in suite.iter("testcase"):
        for failure in (*case.iter("failure"), *case.iter("error")):
            text = (failure.text or failure.get("message") or "").strip()
            found.setdefault(case.get("name") or "", []).append(text)
    return {name: "\n".join(texts) for name, texts in found.items()}


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


def _problems(checked: RuleSet, shown: Mapping[str, str], said: str) -> Iterable[RulesError]:
    """Give each complaint its place in a file; promtool makes some twice, with and without its name."""
    found: dict[str, RulesError] = {}
    name = ""
    for line in said.splitlines():
        name = next((one for one in shown if line.startswith(f"{one}: ")), name)
        what = line.removeprefix(f"{name}: ").strip()
        if name and what and not what.startswith(CHATTER):
            file = shown[name]
            problem = _placed(file, checked.files[file], what, as_it_is=name == file)
            found.setdefault(str(problem), problem)
    return found.values()


def _placed(file: str, groups: Sequence[Group], what: str, *, as_it_is: bool) -> RulesError:
    """Turn one complaint into a sentence with the line of what it is about.

    Of a file that promtool got in another form, lines are those of the rules it names.
    """
    line = 0
    for places in (PLACED, YAML_LINE):
        if match := places.match(what):
            line, what = int(match["line"]) if as_it_is else 0, match["what"]
    if match := RULE.match(what):
        named = RuleSet(files={file: tuple(groups)}).named()
        line = line or _line_of(named.get(match["group"]), int(match["rule"]), match["what"])
        what = f"{match['name']}: {match['what']}"
    return RulesError(what, file=file, line=line)


def _line_of(group: Group | None, number: int, what: str) -> int:
    if group is None:
        return 0
    rule = group.rules[number - 1]
    return rule.line_of("expr") if "expression" in what else rule.line


def _run(*words: str, seconds: float = SECONDS_MAX) -> tuple[int, str]:
    argv = [str(tools.promtool()), *words]
    # Python looks on where $TMPDIR can't be written to; promtool would call each test a failed one.
    own = {**os.environ, "TMPDIR": gettempdir()}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False, env=own)
    except OSError as error:
        raise LabError(f"asking promtool to {' '.join(words[:2])}: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"asking promtool to {' '.join(words[:2])}: it was not done after {seconds:g} s"
        ) from error
    return done.returncode, done.stdout + done.stderr
