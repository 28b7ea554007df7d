"""The page on rules of one's own, followed from an empty folder as far as no lab is needed."""

import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from alertdrill import data, lab
from alertdrill.lab import rules as lab_rules
from alertdrill.play.baseline import GIVEN_UP
from e2e import document

pytestmark = pytest.mark.timeout(600)  # a package is built, and nine commands are run

EXAMPLE = data.CHECKOUT / "fixtures" / "own-repository"


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder and what the commands printed.

    The package is built and installed as the page says; all it needs is had from what we run in ourselves.
    """
    folder = tmp_path_factory.mktemp("own")
    offline = {
        "ALERTDRILL": str(data.CHECKOUT),
        "PIP_NO_BUILD_ISOLATION": "false",  # which is pip's way to say yes
        "PIP_NO_INDEX": "true",
        "PYTEST_ADDOPTS": "-p no:hypothesispytest -p no:anyio",  # which are ours, and slow to load
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }
    return folder, document.follow(folder, frozenset({"install", "here"}), more=offline)


@pytest.mark.slow
def test_the_package_brings_all_it_needs(followed: tuple[Path, str]) -> None:
    """What was installed is no link to this checkout: the workloads and manifests are in the package."""
    folder, printed = followed
    packages = next((folder / ".venv" / "lib").glob("python*/site-packages"))
    found = {one.name for one in packages.rglob("workload.yaml")}
    assert ({"workload.yaml"}, True) == (found, "Successfully installed alertdrill" in printed)


def test_the_example_is_what_the_page_leads_to(update_goldens: Callable[[Path, str], None]) -> None:
    """fixtures/own-repository has the files of the page, to the letter, and no others."""
    files = {one.name: one.text for one in document.steps(document.PAGE.read_text()) if one.kind == "file"}
    for name, text in files.items():
        update_goldens(EXAMPLE / name, text)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=EXAMPLE,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    there = {name: (EXAMPLE / name).read_text() for name in listed if name != "README.md"}
    assert files == there


@pytest.mark.slow
def test_each_command_that_needs_no_lab_works(followed: tuple[Path, str]) -> None:
    """The rule is read and scaled, the scenarios are listed with what they say, and pytest finds them."""
    _, printed = followed
    expected = [
        "1 rule in 1 file is good",
        "for: 8s182ms",
        "lose_one(selector='app=checkout'), held for 5m: One pod of several stops being ready.",
        "LoseOne.fault(selector)",
        "tests/test_alerts.py::test_alerts[checkout/one-lost]",
        "3 tests collected",
    ]
    assert expected == [said for said in expected if said in printed]


def test_every_block_of_the_page_is_a_step() -> None:
    """What is shown is run: a block without its comment would be shown unproved."""
    text = document.PAGE.read_text()
    assert text.count("\n```\n") == len(document.steps(text))


def test_the_numbers_and_names_of_the_page_are_those_of_the_code() -> None:
    """How long breaking may take, the job of kube-state-metrics, and what a Job's failing is drilled with."""
    page = " ".join(document.PAGE.read_text().split())
    given = lab_rules.load(lab.Options(rules=(str(EXAMPLE / "rules"),)))
    jobs = {one["job_name"] for one in yaml.safe_load(lab_rules.base_config())["scrape_configs"]}
    assert (5.5, True) == (
        round(given.limits.scrape_gap_max / lab.SPEED, 1),
        "at the usual speed are 5.5 seconds" in page,
    )
    assert ({"kube-state-metrics"} <= jobs, True) == (True, "its job is `kube-state-metrics`" in page)
    instead = ['workload=""', "fault=apply([job])"]
    assert [(one, True, True) for one in instead] == [(one, one in page, one in GIVEN_UP) for one in instead]
