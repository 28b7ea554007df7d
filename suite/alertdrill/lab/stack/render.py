"""manifests/overlays/drill with this run's configuration, rules and flags in it, as objects of the API."""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from alertdrill import data
from alertdrill.lab.stack import parts
from alertdrill.lab.stack.site import Site
from alertdrill.machine import cache, process, tools
from alertdrill.model import Value
from alertdrill.names import LAB_LABEL, STACK_ANNOTATION, STACK_NAMESPACE

# On pods: what their image is made of; its name stays, so a rebuilt one would not be noticed otherwise.
IMAGE_ANNOTATION = "alertdrill/image"
# Durations of Prometheus itself that pass as fast as the lab does, in lookbacks (of five minutes in life).
# After a restart an alert's `for` goes on where it was, if it is longer than the grace period.
SCALED_FLAGS = {
    "rules.alert.for-grace-period": 2,
    "rules.alert.for-outage-tolerance": 12,
    "query.lookback-delta": 1,
}
RULES_SUFFIX = ".rules.yaml"
KUSTOMIZE_SECONDS_MAX = 60.0

Object = dict[str, Any]


class Alertmanager(Value, frozen=True, kw_only=True):
    """What a lab's Alertmanager goes by.

    `resend_seconds` is after how long Prometheus tells again what goes on; a new one waits for that.
    """

    config: str
    resend_seconds: float


def render(
    config: str,
    rules: Mapping[str, str],
    *,
    lookback_seconds: float,
    alertmanager: Alertmanager,
    images: Mapping[str, str],
    site: Site,
    components: Sequence[str] = (),
) -> list[Object]:
    """Return the stack's objects; `rules` are file name → text, `images` image name → what it is made of.

    All carry the lab's mark, and stand in its namespace or are called after it.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("manifests", "rules"):
            shutil.copytree(data.path(name), folder / name)
        _write_over(folder, site.config(config), rules, lookback_seconds, alertmanager)
        _add(folder, components)
        text = process.run(
            "rendering the manifests",
            [tools.kubectl(), "kustomize", folder / "manifests" / "overlays" / "drill"],
            timeout=KUSTOMIZE_SECONDS_MAX,
        )
    objects: list[Object] = list(yaml.safe_load_all(text))
    for thing in objects:
        _place(thing, site)
    for part in running(objects):
        _annotate_images(part, images)
        _take_images_from(part, site)
    key = cache.digest(*(yaml.safe_dump(thing) for thing in objects))
    for part in running(objects):
        part["metadata"].setdefault("annotations", {})[STACK_ANNOTATION] = key
    return objects


def running(objects: list[Object]) -> list[Object]:
    """Return those objects that run pods."""
    return [thing for thing in objects if thing["kind"] in parts.KINDS]


def _write_over(
    folder: Path, config: str, rules: Mapping[str, str], lookback_seconds: float, alertmanager: Alertmanager
) -> None:
    base = folder / "manifests" / "base"
    (base / "prometheus" / "prometheus.yaml").write_text(config)
    (base / "alertmanager" / "alertmanager.yaml").write_text(alertmanager.config)
    files = {_key(name): text for name, text in rules.items()}
    for name, text in files.items():
        (folder / "rules" / name).write_text(text)
    kustomization = folder / "rules" / "kustomization.yaml"
    content = yaml.safe_load(kustomization.read_text())
    content["configMapGenerator"][0]["files"] = sorted(files)
    kustomization.write_text(yaml.safe_dump(content))
    resend = f"{max(1, round(alertmanager.resend_seconds * 1000))}ms"
    flags = [
        *(f"--{name}={max(1, round(lookback_seconds * n * 1000))}ms" for name, n in SCALED_FLAGS.items()),
        f"--rules.alert.resend-delay={resend}",
    ]
    args = "/spec/template/spec/containers/0/args"
    overlay = folder / "manifests" / "overlays" / "drill"
    patch = [{"op": "add", "path": f"{args}/-", "value": flag} for flag in flags]
    (overlay / "prometheus-flags.yaml").write_text(yaml.safe_dump(patch))
    file = overlay / "alertmanager-flags.yaml"
    patch = yaml.safe_load(file.read_text())
    patch[-1]["value"] = f"--dispatch.start-delay={resend}"
    file.write_text(yaml.safe_dump(patch))


def _place(thing: Object, site: Site) -> None:
    """Mark an object, and move it to the lab's namespace; what stands elsewhere is called after that."""
    metadata = thing["metadata"]
    metadata.setdefault("labels", {})[LAB_LABEL] = site.mark
    if thing["kind"] == "Namespace":
        metadata["name"] = site.namespace
    elif metadata.get("namespace") == STACK_NAMESPACE:
        metadata["namespace"] = site.namespace
    else:
        metadata["name"] = _called(metadata["name"], site)
    if "roleRef" in thing:
        thing["roleRef"]["name"] = _called(thing["roleRef"]["name"], site)
        for subject in thing["subjects"]:
            subject["namespace"] = site.namespace
    if thing["kind"] in parts.KINDS:
        thing["spec"]["template"]["metadata"]["labels"][LAB_LABEL] = site.mark


def _called(name: str, site: Site) -> str:
    """Return a name that no other stack in the cluster has."""
    prefix = f"{STACK_NAMESPACE}-"
    assert name.startswith(prefix), f"{name} is not called after its namespace"
    return f"{site.namespace}-{name.removeprefix(prefix)}"


def _take_images_from(part: Object, site: Site) -> None:
    pod = part["spec"]["template"]["spec"]
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        container["image"] = site.image(container["image"])


def _add(folder: Path, components: Sequence[str]) -> None:
    """Have the drill's overlay use parts that only some labs have."""
    if components:
        kustomization = folder / "manifests" / "overlays" / "drill" / "kustomization.yaml"
        content = yaml.safe_load(kustomization.read_text())
        content["components"] += [f"../../components/{name}" for name in sorted(set(components))]
        kustomization.write_text(yaml.safe_dump(content))


def _key(name: str) -> str:
    """Return a rule file's name as a ConfigMap may have it, and as Prometheus looks for it."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name.removesuffix(RULES_SUFFIX)).strip("-.")
    return f"{plain}{RULES_SUFFIX}"


def _annotate_images(part: Object, images: Mapping[str, str]) -> None:
    template = part["spec"]["template"]
    made_of = [images.get(container["image"], "") for container in template["spec"]["containers"]]
    if any(made_of):
        template["metadata"].setdefault("annotations", {})[IMAGE_ANNOTATION] = " ".join(made_of)
