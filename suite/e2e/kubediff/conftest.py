"""One API server for each way of bringing objects into a cluster, with all samples and spellings in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alertdrill.machine import process
from e2e.exporter.apiserver import ApiServer
from e2e.kubediff.running import Kubediff

HERE = Path(__file__).parent
MANIFESTS = (HERE / "samples", HERE / "spellings", HERE / "definitions")
# Read before all others, as no kind is served before its own definition is known.
DEFINITIONS = (HERE / "samples" / "extensions.yaml", *sorted((HERE / "definitions").glob("*.yaml")))
DEFINED = ("things.example.com", "fleets.example.org", "recipes.kitchen.example")
WAYS = ("apply", "apply --server-side", "create", "replace", "helm")
Cluster = Callable[[str], Kubediff]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return what makes a cluster whose objects came in one way; each is made once."""
    made: dict[str, Kubediff] = {}

    def make(way: str) -> Kubediff:
        if way not in made:
            folder = tmp_path_factory.mktemp("control-plane")
            server = ApiServer(folder / "server")
            servers.append(server)
            server.start()
            made[way] = Kubediff(server, folder)
            bring(made[way], way)
        return made[way]

    servers: list[ApiServer] = []
    with process.interruptible():
        try:
            yield make
        finally:
            for server in servers:
                server.kill()


def bring(kubediff: Kubediff, way: str) -> None:
    """Bring everything into the cluster; definitions first, as no kind is served before its own is known."""
    verb, *words = {"helm": ["create", "--field-manager=helm"], "replace": ["create"]}.get(way, way.split())
    kubediff.kubectl(verb, *words, *(f"--filename={file}" for file in DEFINITIONS))
    kubediff.kubectl("wait", "--for=condition=Established", *(f"crd/{name}" for name in DEFINED))
    every = (file for folder in MANIFESTS for file in sorted(folder.glob("*.yaml")))
    files = [file for file in every if file not in DEFINITIONS]
    for file in files:
        kubediff.kubectl(verb, *words, "-f", file)
    if way == "replace":
        # A Job's template can't be replaced by one without the labels that it got.
        for file in (file for file in files if file.stem not in {"batch", "workloads"}):
            kubediff.kubectl("replace", "-f", file)


@pytest.fixture(scope="session")
def applied(cluster: Cluster) -> Kubediff:
    """Return a cluster to which everything was applied by the server."""
    return cluster("apply --server-side")
