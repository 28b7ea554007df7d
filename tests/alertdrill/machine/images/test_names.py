"""One name for one thing: manifests, workloads, Dockerfile, commands and the images that are made."""

import re
import tomllib
from pathlib import Path

import yaml

from alertdrill.machine import images
from alertdrill.machine.images import OWN, THIRD_PARTY, layers
from alertdrill.machine.images.built import target

ROOT = Path(__file__).parents[4]
DOCKERFILE = (ROOT / "exporter" / "Dockerfile").read_text()
IN_A_MANIFEST = re.compile(r"^\s*(?:- )?image: *(\S+)$", re.MULTILINE)


def images_of(folder: Path) -> set[str]:
    """Return the images that the YAML files of a folder name."""
    return {name for file in folder.rglob("*.yaml") for name in IN_A_MANIFEST.findall(file.read_text())}


def test_manifests_and_workloads_name_images_there_are() -> None:
    """Every image a manifest or a workload asks for is one we build or stand in for, under that very name."""
    named = images_of(ROOT / "manifests" / "base") | images_of(ROOT / "fixtures" / "workloads")
    assert {"alertdrill/kube-api-exporter:dev", "quay.io/prometheus/prometheus:v3.5.3"} <= named
    assert named <= {image.name for image in (*OWN, *THIRD_PARTY)}


def test_the_dockerfile_builds_our_images() -> None:
    """The Dockerfile has a target per image of ours, with the same user and entry point."""
    stages = re.split(r"^FROM \S+ AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    bodies = dict(zip(stages[1::2], stages[2::2], strict=True))
    for image in OWN:
        body = bodies[target(image.name)] + bodies["code"]
        assert f"USER {image.user}" in body
        assert not image.entrypoint or f'ENTRYPOINT ["{image.entrypoint[0]}"]' in body


def test_the_dockerfile_and_the_layers_have_the_same_code_and_python() -> None:
    """Both ways of making an image put every package of exporter/ where the same Python looks."""
    packages = {file.parent.name for file in (ROOT / "exporter").glob("*/__init__.py")}
    assert packages == set(re.findall(r"^COPY (\w+)/ /code/\1/$", DOCKERFILE, re.MULTILINE))
    assert f"/{layers.SITE}" in DOCKERFILE
    assert f"FROM debian:{layers.SUITE}-slim" in DOCKERFILE


def test_the_image_has_our_commands() -> None:
    """A command in the image starts what the command of that name starts outside."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for file in (ROOT / "exporter" / "bin").iterdir():
        started = re.findall(r"^from (\S+) import (\S+)$", file.read_text(), re.MULTILINE)
        assert [scripts.get(file.name, "git_sync_stand_in.cli:main")] == [":".join(one) for one in started]
        assert file.stat().st_mode & 0o111


def test_third_parties_are_pinned() -> None:
    """A third party's image has a registry and a version, never a moving tag."""
    assert all(re.fullmatch(r"[\w.-]+\.[a-z]+/[\w./-]+:v\d+\.\d+\.\d+", image.name) for image in THIRD_PARTY)


def test_the_example_overlay_replaces_our_images() -> None:
    """The overlay to copy says where a team's own builds come from."""
    overlay = yaml.safe_load((ROOT / "manifests" / "overlays" / "example" / "kustomization.yaml").read_text())
    ours = {image.name.split(":")[0] for image in OWN}
    assert {entry["name"] for entry in overlay["images"]} <= ours


def test_a_lab_has_tofu_only_when_it_is_asked_for() -> None:
    """The one image that takes minutes to make is left out of a lab that does not need it."""
    assert {images.TERRADIFF.name} == set(images.identities(tofu=True)) - set(images.identities())
