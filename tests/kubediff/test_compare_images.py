"""Images that differ between two sets of manifests, as people call for them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kubediff import compare_images, images

from .conftest import Outcome

Run = Callable[..., Outcome]
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: '%s'}]}\n"
CRON = """apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: i, image: 'job:%s'}]}}}}}
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command here."""

    def run(*words: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["compare-images", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            compare_images.main()
        return Outcome(int(end.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """Return manifests of one place."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "all.yaml").write_text(f"{POD % ('shop', 'r:5000/shop:2')}---\n{CRON % 7}")
    return tmp_path / "dev"


@pytest.fixture
def prod(tmp_path: Path) -> Path:
    """Return manifests of another place, which is behind."""
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "shop.yaml").write_text(POD % ("shop", "r:5000/shop:1"))
    (tmp_path / "prod" / "job.yaml").write_text(CRON % 7)
    return tmp_path / "prod"


def test_versions_are_shown_side_by_side(run: Run, dev: Path, prod: Path) -> None:
    """An image that differs has a line with both versions, one that is the same has none."""
    (prod / "more.yaml").write_text(POD % ("more", "more"))
    assert (
        2,
        "IMAGE        dev  prod\nmore         -    latest\nr:5000/shop  2    1\n",
        "",
    ) == run(dev, prod)


def test_programs_get_json(run: Run, dev: Path, prod: Path) -> None:
    """As JSON it is image → versions here and there."""
    outcome = run("--format=json", dev, prod)
    assert (2, {"r:5000/shop": [["2"], ["1"]]}) == (outcome.code, json.loads(outcome.out))


def test_the_same_is_nothing(run: Run, dev: Path) -> None:
    """Where nothing differs, nothing is said."""
    assert (0, "", "") == run(dev, dev)


@pytest.mark.parametrize("bad", ["{", "a: 1\na: 2\n", ""])
def test_a_manifest_that_cannot_be_read_is_one(run: Run, dev: Path, prod: Path, bad: str) -> None:
    """It is named with its line, the rest is compared, and the exit code is 1."""
    (prod / "bad.yaml").write_text(bad)
    outcome = run(dev, prod)
    assert (1, True) == (outcome.code, "r:5000/shop" in outcome.out)
    assert f"compare-images: {prod / 'bad.yaml'}:" in outcome.err


def test_a_missing_word_is_a_sentence(run: Run, dev: Path) -> None:
    """Two places are needed."""
    outcome = run(dev)
    assert (1, "compare-images: Missing argument 'TARGET'.\n") == (outcome.code, outcome.err)


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("shop", ("shop", "latest")),
        ("shop:1", ("shop", "1")),
        ("r:5000/shop", ("r:5000/shop", "latest")),
        ("r:5000/shop:1@sha256:ab", ("r:5000/shop", "1@sha256:ab")),
        ("shop@sha256:ab", ("shop", "@sha256:ab")),
    ],
)
def test_an_image_is_a_name_and_a_version(image: str, parts: tuple[str, str]) -> None:
    """A port is part of the name, a digest is part of the version."""
    assert parts == images.split(image)
