"""Objects that nobody thought of: read back they are the same, and one changed leaf is that leaf."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from e2e.kubediff.leaves import is_told, leaves, located, meaning, others
from e2e.kubediff.running import Kubediff
from exporter_kit.api.client import ApiClient
from exporter_kit.api.place import Place
from kubediff import path
from kubediff.cache import Stored
from kubediff.defaults import table
from kubediff.judge import Judge, live
from kubediff.live import Cluster
from kubediff.manifests import Manifest, Source
from kubediff.results import Difference, Subject
from kubediff.secrecy import Secrecy

Object = dict[str, Any]
WORDS = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,10}[A-Za-z0-9]", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
QUANTITIES = st.sampled_from(("1", "1000m", "0.5", ".5", "2Gi", "2048Mi", "1e3", "1500M", 2, "0", "0.0001"))
PORTS = st.integers(1, 65535)
PROBES = st.fixed_dictionaries(
    {"httpGet": st.fixed_dictionaries({"port": PORTS | st.just("http")}, optional={"path": st.just("/x")})},
    optional={"initialDelaySeconds": st.integers(0, 9), "timeoutSeconds": st.integers(1, 9)},
)


def some(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """Return mappings in which each of these may be or not."""
    return st.fixed_dictionaries({}, optional=parts)


def unique(element: st.SearchStrategy[Object], *keys: str) -> st.SearchStrategy[list[Object]]:
    """Return lists in which no two elements have the same keys."""
    return st.lists(element, max_size=3, unique_by=lambda each: tuple(each.get(key) for key in keys))


LABELS = st.dictionaries(WORDS, WORDS, max_size=3)
VARIABLES = unique(st.fixed_dictionaries({"name": KEYS}, optional={"value": TEXTS}), "name")
CONTAINER = st.fixed_dictionaries(
    {"name": st.just("app"), "image": st.sampled_from(("app", "app:1", "r.example/app:latest"))},
    optional={
        "args": st.lists(TEXTS, max_size=3),
        "env": VARIABLES,
        "ports": unique(st.fixed_dictionaries({"containerPort": PORTS}), "containerPort"),
        "resources": some(
            limits=st.fixed_dictionaries({}, optional={"memory": st.just("4Gi"), "cpu": QUANTITIES})
        ),
        "livenessProbe": PROBES,
        "securityContext": some(runAsNonRoot=st.booleans(), capabilities=some(drop=st.just(["ALL"]))),
    },
)
POD = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINER, min_size=1, max_size=1)},
    optional={
        "serviceAccountName": WORDS,
        "hostNetwork": st.just(value=False),
        "nodeSelector": LABELS,
        "terminationGracePeriodSeconds": st.integers(0, 60),
        "tolerations": st.lists(st.just({"operator": "Exists"}), max_size=1),
        "volumes": st.just([{"name": "v", "emptyDir": {}}]),
    },
)
TEMPLATE = st.builds(lambda pod: {"metadata": {"labels": {"app": "it"}}, "spec": pod}, POD)


def kind_of(api_version: str, kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """Return objects of a kind."""
    head = {"apiVersion": st.just(api_version), "kind": st.just(kind)}
    metadata = st.fixed_dictionaries(
        {"name": st.just("it")}, optional={"labels": LABELS, "annotations": LABELS}
    )
    return st.fixed_dictionaries({**head, "metadata": metadata, **parts})


DEPLOYMENTS = kind_of(
    "apps/v1",
    "Deployment",
    spec=st.fixed_dictionaries(
        {"selector": st.just({"matchLabels": {"app": "it"}}), "template": TEMPLATE},
        optional={
            "replicas": st.integers(0, 3),
            "paused": st.booleans(),
            "strategy": st.sampled_from(({"type": "Recreate"}, {"rollingUpdate": {"maxSurge": "30%"}}, {})),
        },
    ),
)
SERVICES = kind_of(
    "v1",
    "Service",
    spec=st.fixed_dictionaries(
        {"ports": st.just([{"port": 80}]) | st.just([{"port": 80, "targetPort": "http", "protocol": "TCP"}])},
        optional={"selector": LABELS, "type": st.sampled_from(("ClusterIP", "NodePort"))},
    ),
)
CONFIG_MAPS = kind_of("v1", "ConfigMap", data=st.dictionaries(KEYS, TEXTS, max_size=4))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)
RECIPES = kind_of(
    "kitchen.example/v1",
    "Recipe",
    spec=some(
        serves=st.integers(0, 9),
        vegan=st.booleans(),
        weight=st.floats(-1e6, 1e6),
        steps=st.lists(some(do=TEXTS, minutes=st.integers(0, 9)), max_size=3),
        allergens=st.lists(WORDS, max_size=3, unique=True),
        amounts=st.dictionaries(KEYS, st.lists(st.integers(0, 9), max_size=3), max_size=3),
        notes=st.dictionaries(KEYS, ANYTHING, max_size=3),
    ),
)
LINKS = unique(
    st.fixed_dictionaries({"port": PORTS}, optional={"protocol": st.just("UDP"), "tls": st.booleans()}),
    "port",
)
FLEETS = kind_of(
    "example.org/v1",
    "Fleet",
    spec=st.fixed_dictionaries(
        {"ships": st.integers(0, 9)},
        optional={
            "flag": st.none() | TEXTS,
            "mode": st.sampled_from(("Idle", "Cruise")),
            "budget": QUANTITIES,
            "harbour": some(name=TEXTS, berth=st.integers(0, 9)),
            "watch": some(every=TEXTS, depth=some(metres=st.integers(0, 9))),
            "links": LINKS,
        },
    ),
)
OBJECTS = (DEPLOYMENTS, SERVICES, CONFIG_MAPS, RECIPES, FLEETS)
# The same ones each time: a gate that says another thing of the same commit is believed by nobody.
EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


class Server:
    """Creates objects as a dry run, and compares."""

    def __init__(self, kubediff: Kubediff) -> None:
        self._api = kubediff.api
        self._cluster = Cluster(ApiClient(Place(kubeconfig=kubediff.api.kubeconfig()), user_agent="any"))
        self._judge = Judge(table(), Secrecy(), scaled=lambda _: set())

    def create(self, found: Object) -> Any:
        """Return what would become of it, None if the server refuses it."""
        kind = self._cluster.kind(found["apiVersion"], found["kind"])
        assert kind
        return self._api.try_to_create(kind.path("default" if kind.namespaced else ""), found)

    def shape(self, found: Object) -> Any:
        """Return the shape of its kind."""
        kind = self._cluster.kind(found["apiVersion"], found["kind"])
        assert kind
        return self._cluster.shape(kind)

    def differences(self, want: Object, have: Any) -> list[Difference]:
        """Return what differs."""
        kind = self._cluster.kind(want["apiVersion"], want["kind"])
        assert kind
        subject = Subject(want["kind"], "default", "it", want["apiVersion"])
        manifest = Manifest(subject, Source("it", b""), Stored(1, 0, None, msgspec.json.encode(want)))
        raw = msgspec.Raw(json.dumps(have).encode())
        return self._judge.differences(manifest, kind, self.shape(want), live(raw)).differences


@pytest.fixture(scope="module")
def server(applied: Kubediff) -> Server:
    """Return a server that knows all kinds."""
    return Server(applied)


@EXAMPLES
@given(found=st.one_of(OBJECTS))
def test_what_was_brought_is_the_same(server: Server, found: Object) -> None:
    """An object that the server took has no drift when it is read back."""
    got = server.create(found)
    assume(got is not None)
    assert [] == server.differences(found, got)


@EXAMPLES
@given(found=st.one_of(OBJECTS), data=st.data())
def test_one_changed_leaf_is_that_leaf(server: Server, found: Object, data: st.DataObject) -> None:
    """An object in which one leaf is another one differs there and nowhere else."""
    got = server.create(found)
    assume(got is not None)
    named = ("apiVersion", "kind")
    told = [
        (at, value) for at, value in leaves(found) if at[0] not in named and at[:2] != ("metadata", "name")
    ]
    assume(told)
    at, value = data.draw(st.sampled_from(told))
    where = located(at, found, got, server.shape(found))
    assume(where is not None)
    for other in others(value):
        changed = json.loads(json.dumps(found))
        inner = changed
        for step in at[:-1]:
            inner = inner[step]
        inner[at[-1]] = other
        there = server.create(changed)
        if there is not None and meaning(there) != meaning(got):
            assert where
            differences = server.differences(found, there)
            said = [each.path for each in differences]
            if where[0] and where[0].kind == "value":  # another value of a set: one is gone, one has come
                above = path.text(where[0].up)
                assert said
                assert [] == [each for each in said if not each.startswith(f"{above}[")]
                return
            assert is_told(differences, path.text(where[0]), by=""), f"{path.text(where[0])}: {said}"
            return
