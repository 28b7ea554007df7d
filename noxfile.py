"""The pipeline: `nox -l` lists it, `.ci/run` runs it. Every session works on a fresh machine."""

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "tests", "slow", "rules", "gate"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

PYTHON_CODE = ("exporter", "suite", "tests", "manifests", "noxfile.py")
LOCK = "suite/requirements.txt"
IMAGE_LOCK = "exporter/requirements.txt"
GROUPS = ("build", "browser", "lint", "types", "tests")
# Many tests do little but wait, so there are two more processes than there are cores.
TESTS = ("-n", str((os.cpu_count() or 1) + 2), "--dist=worksteal")
# Where Python is told to keep nothing that it compiles, each of a thousand processes would compile it anew.
KEEPING = {"PYTHONDONTWRITEBYTECODE": ""}
REPORTS = Path(os.environ.get("ALERTDRILL_REPORTS", "reports"))


def install(session: nox.Session) -> None:
    """Install the locked dependencies, then this project on top of them, editable."""
    session.install("--require-hashes", "-r", LOCK)
    session.install("--no-deps", "--no-build-isolation", "-e", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: every rule minus the commented list in pyproject.toml, and the format."""
    install(session)
    session.run("ruff", "check", *PYTHON_CODE)
    session.run("ruff", "format", "--check", *PYTHON_CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy strict over packages, tests and this file."""
    install(session)
    session.run("mypy")
    session.run("mypy", "tests", "suite/e2e", "suite/bench", "manifests", "noxfile.py")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests that need no cluster, on every core."""
    install(session)
    session.run("pytest", *TESTS, *(session.posargs or ["tests"]), env=KEEPING)


@nox.session
def slow(session: nox.Session) -> None:
    """Run those of them that let a daemon live for seconds, or that take seconds of a core."""
    install(session)
    session.run("pytest", *TESTS, "-m", "slow", *(session.posargs or ["tests"]), env=KEEPING)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run them with branch coverage and its floor, which takes three times as long."""
    install(session)
    session.run("pytest", *TESTS, "-m", "not browser", "tests", "--cov", env=KEEPING)


@nox.session
def rules(session: nox.Session) -> None:
    """Promtool over rules/: syntax, and the rule tests."""
    install(session)
    session.run("alertdrill", "rules", "rules")


@nox.session
def gate(session: nox.Session) -> None:
    """Say what the rules do on the recordings that they did not before, and fail for what nobody approved."""
    install(session)
    base = os.environ.get("ALERTDRILL_GATE_BASE", "") or _before(session)
    held = ("--incidents=fixtures/incidents", "--approvals=rules/approvals.txt")
    REPORTS.mkdir(parents=True, exist_ok=True)
    reports = (f"--report={REPORTS / 'gate.md'}", f"--report={REPORTS / 'gate.xml'}")
    session.run("alertdrill", "gate", f"{base}:rules", "rules", *held, *reports, *session.posargs)


@nox.session
def mutate(session: nox.Session) -> None:
    """Damage the rules in every small way; fail for what nothing notices and nobody explains."""
    install(session)
    held = ("--beside=fixtures/rules", "--incidents=fixtures/incidents", "--floor=95")
    session.run("alertdrill", "mutate", "rules", *held, *session.posargs)


def _before(session: nox.Session) -> str:
    """Return the revision that this one is a change of: where it left main, on main itself the one before."""
    head = _git(session, "rev-parse", "HEAD")
    for branch in ("origin/main", "main"):
        left = _git(session, "merge-base", "HEAD", branch)
        if left and left != head:
            return left
    return _git(session, "rev-parse", "--verify", "HEAD^") or head


def _git(session: nox.Session, *words: str) -> str:
    """Return what git answers, "" where it has no answer."""
    found = session.run("git", *words, external=True, silent=True, success_codes=[0, 1, 128])
    line = str(found).strip()
    return line if len(line) == 40 and set(line) <= set("0123456789abcdef") else ""  # noqa: PLR2004  # a hash


@nox.session
def e2e(session: nox.Session) -> None:
    """Bring up a real cluster, break it on purpose, prove that each alert fires; all goes to reports/."""
    drilled(session, "--drill-profile=commit")


@nox.session
def drill(session: nox.Session) -> None:
    """Play every scenario there is, silences too, as `e2e` plays those of a commit."""
    drilled(session)


def drilled(session: nox.Session, *options: str) -> None:
    """Play scenarios in a lab, and hold what they left against what must be."""
    install(session)
    REPORTS.mkdir(parents=True, exist_ok=True)
    junit = f"--junitxml={REPORTS / 'e2e-pytest.xml'}"
    parts = ("scenarios", "wrong_expectations", "dashboards", "rest", "lab_trouble")
    files = [f"suite/e2e/test_{name}.py" for name in parts]
    session.run("pytest", *files, "--timeout=0", "--drill-name=e2e", junit, *options, *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """Look at 100,000 examples of each property of the exporter, and compare more rules with life."""
    install(session)
    closer = ("--hypothesis-profile=nightly", "--timeout=0", "-n", "auto", "--dist=worksteal")
    session.run("pytest", *closer, "-m", "not browser", *(session.posargs or ["tests/kube_api_exporter"]))
    if not session.posargs:
        # Each example asks a real Prometheus dozens of times.
        proof = "tests/alertdrill/compress/test_truth.py"
        session.run("pytest", "--hypothesis-profile=proof", "--timeout=0", proof)


@nox.session
def clusters(session: nox.Session) -> None:
    """Bring clusters up and down, two labs in one, kill what does it half-way, halt a control plane."""
    install(session)
    files = ("suite/e2e/test_two_labs.py", "suite/e2e/test_clusters.py")
    session.run("pytest", *files, "--timeout=0", *session.posargs)


@nox.session
def own(session: nox.Session) -> None:
    """Follow the page on rules of one's own from an empty folder to verdicts, as somebody new would."""
    install(session)
    page = ("suite/e2e/test_own_repository.py", "--drill-name=own")
    session.run("pytest", *page, "--timeout=0", *session.posargs)


@nox.session
def truth(session: nox.Session) -> None:
    """Hold kube-api-exporter against a real API server, with chaos in between; no nodes are needed."""
    install(session)
    session.run("pytest", "suite/e2e/exporter", "--timeout=600", *session.posargs)


@nox.session
def drift(session: nox.Session) -> None:
    """Hold kubediff against a real API server: what was left alone is silent, what was changed is told."""
    install(session)
    session.run("pytest", "suite/e2e/kubediff", "--timeout=600", *session.posargs)


@nox.session
def defaults(session: nox.Session) -> None:
    """Learn from a real API server what it fills in by itself, and write kubediff's table of it."""
    install(session)
    session.run("python", "-m", "e2e.kubediff.learn", env={"PYTHONPATH": "suite"})


@nox.session
def tofu(session: nox.Session) -> None:
    """Hold terradiff against a real tofu, on its own and in a cluster; tofu is built the first time."""
    install(session)
    session.run("pytest", "suite/e2e/test_terradiff.py", "--timeout=1800", *session.posargs)
    live = ("suite/e2e/test_scenarios.py", "--timeout=0", "--drill-tofu", "--drill-name=tofu")
    record = f"--drill-record={REPORTS / 'tofu' / 'incidents'}"
    session.run("pytest", *live, record, *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Hold backtests of real servers, built at first, against Prometheus': VictoriaMetrics, Cortex, Mimir."""
    install(session)
    session.run("pytest", "suite/e2e/test_servers.py", "--timeout=7200", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Look at prom-run's pages in a real Chromium, at the size of a phone and of a wall."""
    install(session)
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        if not shutil.which("apt-get") or os.geteuid() != 0:
            session.error("looked for chromium and chromedriver on PATH, found neither: install both")
        session.run("apt-get", "update", "--quiet", external=True, silent=True)
        packages = ("chromium", "chromium-driver")
        quiet = ("--yes", "--quiet", "--no-install-recommends")
        session.run("apt-get", "install", *quiet, *packages, external=True, silent=True)
    session.run("pytest", "tests", "-m", "browser", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the daemons, and the gate, side by side with their peers; takes long, prints ratios."""
    install(session)
    session.run("pytest", "suite/bench", "--timeout=0")
    session.run("python", "-m", "bench", *session.posargs)
    session.run("python", "-m", "bench.starts")
    session.run("python", "-m", "bench.costs")
    session.run("python", "-m", "bench.prom_run")
    session.run("python", "-m", "bench.kubediff")
    session.run("python", "-m", "bench.kubediff_sizes")
    session.run("python", "-m", "bench.gate")
    session.run("python", "-m", "bench.mutate")
    session.run("python", "-m", "bench.backtest")
    session.run("python", "-m", "bench.backtest_sizes")


@nox.session
def lock(session: nox.Session) -> None:
    """Write the two lock files anew: one for this repository, one with hashes for the image."""
    session.install("uv")
    compile_ = ("uv", "pip", "compile", "pyproject.toml", "--generate-hashes", "--universal", "--quiet")
    quiet = ("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "nox -s lock")
    every = ("--extra=exporter", "--extra=suite", "--extra=kind", *(f"--group={name}" for name in GROUPS))
    session.run(*compile_, *quiet, "--python-version=3.11", "--extra=exporter", f"--output-file={IMAGE_LOCK}")
    session.run(*compile_, *quiet, "--python-version=3.11", *every, f"--output-file={LOCK}")


@nox.session(python=False)
def clean(session: nox.Session) -> None:
    """Remove what sessions leave in the checkout; the cache folder is never touched."""
    for folder in (REPORTS, Path(".nox"), Path(".pytest_cache"), Path(".mypy_cache"), Path(".ruff_cache")):
        session.log(f"removing {folder}")
        shutil.rmtree(folder, ignore_errors=True)
