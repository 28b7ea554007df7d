"""Every image the manifests, the workloads and the scenarios name, and what each is made of."""

from collections.abc import Iterable

from alertdrill.model import Value

NONROOT = "65532:65532"
NOBODY = "65534:65534"


class Program(Value, frozen=True, kw_only=True):
    """A third party's program, out of a Debian package, under the path it has in its own image."""

    package: str
    path: str
    in_image: str
    folder: str = ""  # where it keeps its data
    reads: tuple[str, ...] = ()  # files beside it that Debian's build wants, and upstream's has in itself


class Image(Value, frozen=True, kw_only=True):
    """An image by its full name; `layers` are names of stages in layers.py, from the bottom up."""

    name: str
    layers: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = NONROOT
    folder: str = "/"


PROGRAMS = {
    "prometheus": Program(
        package="prometheus",
        path="usr/bin/prometheus",
        in_image="usr/bin/prometheus",
        folder="prometheus/",
    ),
    "alertmanager": Program(
        package="prometheus-alertmanager",
        path="usr/bin/prometheus-alertmanager",
        in_image="usr/bin/alertmanager",
        folder="alertmanager/",
        reads=(
            "usr/share/prometheus/alertmanager/default.tmpl",
            "usr/share/prometheus/alertmanager/email.tmpl",
        ),
    ),
    "node-exporter": Program(
        package="prometheus-node-exporter",
        path="usr/bin/prometheus-node-exporter",
        in_image="usr/bin/node_exporter",
    ),
}

PREFIX = "alertdrill/"  # our own images, before they have a name in a registry
OURS = ("base", "dependencies", "code")
# Built from exporter/ everywhere.
OWN = (
    Image(
        name="alertdrill/kube-api-exporter:dev",
        layers=OURS,
        entrypoint=("/usr/local/bin/kube-api-exporter",),
    ),
    Image(name="alertdrill/prom-run:dev", layers=OURS, entrypoint=("/usr/local/bin/prom-run",)),
    Image(name="alertdrill/kubediff:dev", layers=OURS, entrypoint=("/usr/local/bin/prom-run",)),
    Image(
        name="alertdrill/terradiff:dev",
        layers=(*OURS, "tofu"),
        entrypoint=("/usr/local/bin/prom-run",),
    ),
    Image(name="alertdrill/workload:dev", layers=("base",), command=("python3",), user=NOBODY),
)
# tofu takes minutes to build where it can't be pulled, so only a lab that is asked to has this image.
TERRADIFF = OWN[3]


def own(*, tofu: bool) -> tuple[Image, ...]:
    """Return the images of ours that a lab has, with or without the one that holds tofu."""
    return OWN if tofu else tuple(image for image in OWN if image is not TERRADIFF)


# What others' rules read, for a lab that is asked to have it; the part of manifests/components of that name.
# Pulled, or made here: its program is built from its module, which takes minutes, once.
COMPONENTS = {
    "kube-state-metrics": Image(
        name="registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.18.0",
        layers=("base", "kube-state-metrics"),
        entrypoint=("/kube-state-metrics",),
        user=NOBODY,
    ),
}


def of_components(names: Iterable[str]) -> tuple[Image, ...]:
    """Return the images of the parts that a lab was asked to have."""
    return tuple(COMPONENTS[name] for name in sorted(set(names)))


# Pulled where a registry answers; where none does, made here under the same names and entry points.
THIRD_PARTY = (
    Image(
        name="quay.io/prometheus/prometheus:v3.5.3",
        layers=("base", "prometheus"),
        entrypoint=("/bin/prometheus",),
        command=("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"),
        user=NOBODY,
        folder="/prometheus",
    ),
    Image(
        name="quay.io/prometheus/alertmanager:v0.33.1",
        layers=("base", "alertmanager"),
        entrypoint=("/bin/alertmanager",),
        command=("--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"),
        user=NOBODY,
        folder="/alertmanager",
    ),
    Image(
        name="quay.io/prometheus/node-exporter:v1.11.1",
        layers=("base", "node-exporter"),
        entrypoint=("/bin/node_exporter",),
        user=NOBODY,
    ),
    Image(
        name="registry.k8s.io/git-sync/git-sync:v4.5.0",
        layers=("base", "dependencies", "code", "git"),
        entrypoint=("/usr/local/bin/git-sync",),
        user="65533:65533",
        folder="/tmp",  # noqa: S108  # where upstream's image starts
    ),
)
