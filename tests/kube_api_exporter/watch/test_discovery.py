"""Words, kinds and schemas as the API server tells them."""

import json
from pathlib import Path
from typing import Any

import pytest

from exporter_kit.api.client import ApiClient
from exporter_kit.api.errors import ServerTrouble
from exporter_kit.api.place import Place
from kube_api_exporter.options import Options
from kube_api_exporter.watch import catalog as cataloguing
from kube_api_exporter.watch.catalog import Catalog
from kube_api_exporter.watch.discovery import Discovery, HalfKnown, UnknownKind

WATCHABLE = ["get", "list", "watch"]


def group(name: str, *resources: tuple[str, str]) -> dict[str, Any]:
    """Return a group's discovery document."""
    listed = [
        {"name": plural, "kind": kind, "namespaced": True, "verbs": WATCHABLE} for plural, kind in resources
    ]
    return {"groupVersion": f"{name}/v1", "resources": listed}


@pytest.fixture
def client(peer: Any, tmp_path: Path) -> ApiClient:
    """Return a client of a server with two groups that both have Services, and one that is down."""
    groups = {
        "apps": group("apps", ("deployments", "Deployment")),
        "example.com": group("example.com", ("services", "Service"), ("widgets", "Widget")),
    }
    versions = [
        {"name": name, "preferredVersion": {"groupVersion": f"{name}/v1"}} for name in (*groups, "down")
    ]
    peer.routes["/apis"] = lambda ask: ask.json({"groups": versions})
    peer.routes["/apis/down/v1"] = lambda ask: ask.refuse(503)
    for name, document in groups.items():
        peer.routes[f"/apis/{name}/v1"] = lambda ask, document=document: ask.json(document)
    return ApiClient(Place(peer.kubeconfig(tmp_path)))


def test_any_name_of_a_kind_finds_it(client: ApiClient) -> None:
    """Plural, kind, short name, with or without the group."""
    discovery = Discovery(client)
    for word in ("pods", "Pod", "po"):
        assert "pods" == discovery.find(word).name
    for word in ("deployments", "deployment.apps", "Deployment"):
        assert "deployments.apps" == discovery.find(word).name
    assert "services.example.com" == discovery.find("services.example.com").name


def test_a_group_that_is_down_hides_only_its_own_kinds(client: ApiClient) -> None:
    """Looking through all groups goes on past it."""
    assert "widgets.example.com" == Discovery(client).find("widgets").name


def test_a_kind_that_only_an_older_version_of_its_group_serves_is_found(peer: Any, client: ApiClient) -> None:
    """The preferred version need not serve everything; what both serve is read in the preferred one."""
    group_of = group("istio.io", ("gateways", "Gateway"))
    old = {
        **group("istio.io", ("gateways", "Gateway"), ("filters", "Filter")),
        "groupVersion": "istio.io/v1a",
    }
    peer.routes["/apis/istio.io/v1"] = lambda ask: ask.json(group_of)
    peer.routes["/apis/istio.io/v1a"] = lambda ask: ask.json(old)
    versions = [{"groupVersion": f"istio.io/{version}"} for version in ("v1", "v1a")]
    listed = {"groups": [{"name": "istio.io", "preferredVersion": versions[0], "versions": versions}]}
    peer.routes["/apis"] = lambda ask: ask.json(listed)
    found = [Discovery(client).find(word).api_version for word in ("filter", "filters.istio.io", "gateways")]
    assert ["istio.io/v1a", "istio.io/v1a", "istio.io/v1"] == found
    everything = [(kind.name, kind.version) for kind in Discovery(client).every() if kind.group == "istio.io"]
    assert [("filters.istio.io", "v1a"), ("gateways.istio.io", "v1")] == everything


def test_what_nobody_serves_is_said(client: ApiClient) -> None:
    """The sentence names the word, and who else might serve it but does not say."""
    unsure = "serves no kind 'gadgets' that can be listed and watched, but not all kinds are known: down: "
    with pytest.raises(UnknownKind, match=f"{unsure}/apis/down/v1: HTTP 503"):
        Discovery(client).find("gadgets")


def test_what_a_group_that_answers_does_not_serve_is_certain(client: ApiClient) -> None:
    """Nobody else is asked."""
    with pytest.raises(UnknownKind, match=r"serves no kind 'gadgets\.apps' that can be listed and watched$"):
        Discovery(client).find("gadgets.apps")


def test_all_is_known_by_half_while_a_group_does_not_answer(client: ApiClient) -> None:
    """The kinds of the others are there, and which group is missing is said."""
    with pytest.raises(HalfKnown, match="down: /apis/down/v1: HTTP 503") as caught:
        Discovery(client).every()
    assert "widgets.example.com" in [kind.name for kind in caught.value.kinds]


def test_all_is_every_kind_once(peer: Any, client: ApiClient) -> None:
    """Sorted, so that it is the same after every restart; a group that went away has none."""
    del peer.routes["/apis/down/v1"]
    names = [kind.name for kind in Discovery(client).every()]
    assert ["deployments.apps", "nodes", "pods", "services.example.com", "widgets.example.com"] == names


@pytest.mark.parametrize("words", [("gateways", "gateways.networking.istio.io"), ("all",)])
@pytest.mark.parametrize("backwards", [False, True])
def test_of_two_kinds_with_one_word_the_same_one_always_has_it_bare(
    peer: Any, client: ApiClient, *, words: tuple[str, ...], backwards: bool
) -> None:
    """Whichever reader comes first: Kubernetes' own, or the first by name; the other says its group."""
    names = ["gateway.networking.k8s.io", "networking.istio.io"]
    versions = [{"name": name, "preferredVersion": {"groupVersion": f"{name}/v1"}} for name in names]
    peer.routes["/apis"] = lambda ask: ask.json({"groups": versions})
    for name in names:
        document = group(name, ("gateways", "Gateway"))
        peer.routes[f"/apis/{name}/v1"] = lambda ask, document=document: ask.json(document)
    catalog = Catalog(client, Options(kinds=words))
    kinds = [catalog.kind(f"gateways.{name}") for name in names]
    if backwards:
        kinds.reverse()
    tags = {kind.group: catalog.renderer(kind).families.tag for kind in kinds}
    assert {names[0]: "gateway", names[1]: "gateway_networking_istio_io"} == tags


def test_a_kind_that_came_later_takes_nobodys_word(peer: Any, client: ApiClient) -> None:
    """What is exported keeps its names while we run, though a kind that sorts before it is installed."""
    catalog = Catalog(client, Options(kinds=("all",)))
    widgets = catalog.kind("widgets.example.com")
    assert "widget" == catalog.renderer(widgets).families.tag
    versions = [
        {"name": name, "preferredVersion": {"groupVersion": f"{name}/v1"}}
        for name in ("a.com", "example.com")
    ]
    peer.routes["/apis"] = lambda ask: ask.json({"groups": versions})
    peer.routes["/apis/a.com/v1"] = lambda ask: ask.json(group("a.com", ("widgets", "Widget")))
    catalog.forget(widgets)
    assert "widget_a_com" == catalog.renderer(catalog.kind("widgets.a.com")).families.tag
    assert "widget" == catalog.renderer(widgets).families.tag


def test_a_kind_without_a_schema_is_still_exported(client: ApiClient) -> None:
    """A server that publishes none costs speed, not numbers."""
    catalog = Catalog(client, Options())
    renderer = catalog.renderer(catalog.kind("pods"))
    seen = renderer.of_json(b'{"metadata":{"name":"a","namespace":"n"},"spec":{"priority":3}}')
    assert (
        b'k8s_pod_spec_priority{namespace="n",name="a"} 3\n' == renderer.pieces(seen)["k8s_pod_spec_priority"]
    )


def test_a_group_that_never_gives_its_schema_is_walked(
    peer: Any, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is starting is waited for; one that answers 503 for ever costs speed, not the kind."""
    peer.routes["/openapi/v3/api/v1"] = lambda ask: ask.refuse(503)
    catalog = Catalog(client, Options())
    pods = catalog.kind("pods")
    for _ in range(3):
        with pytest.raises(ServerTrouble):
            catalog.renderer(pods)
    monkeypatch.setattr(cataloguing, "SCHEMA_SECONDS", 0.0)
    seen = catalog.renderer(pods).of_json(b'{"metadata":{"name":"a","namespace":"n"},"spec":{"priority":3}}')
    assert not seen.typed


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_a_property_of_a_name_no_decoder_takes_is_walked(peer: Any, client: ApiClient, name: str) -> None:
    """It costs the object that holds it its speed, and the kind nothing."""
    odd = {"type": "object", "properties": {name: {"type": "integer"}}}
    spec = {"type": "object", "properties": {"odd": odd, "plain": {"type": "integer"}}}
    known = {"group": "", "version": "v1", "kind": "Pod"}
    schema = {
        "type": "object",
        "x-kubernetes-group-version-kind": [known],
        "properties": {"metadata": {"type": "object"}, "spec": spec},
    }
    document = {"components": {"schemas": {"io.k8s.api.core.v1.Pod": schema}}}
    peer.routes["/openapi/v3/api/v1"] = lambda ask: ask.json(document)
    catalog = Catalog(client, Options())
    renderer = catalog.renderer(catalog.kind("pods"))
    value = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"odd": {name: 1}, "plain": 2}}
    seen = renderer.of_json(json.dumps(value).encode())
    assert seen.typed
    pieces = renderer.pieces(seen)
    assert {"k8s_pod_spec_odd_a_b", "k8s_pod_spec_plain"} <= pieces.keys()


def test_a_changed_definition_has_another_fingerprint(peer: Any, client: ApiClient) -> None:
    """The server's own hash tells; without one nothing is concluded."""
    catalog = Catalog(client, Options())
    pods = catalog.kind("pods")
    assert catalog.fingerprint(pods) is None
    for said in ("one", "two"):
        index = {"paths": {"api/v1": {"serverRelativeURL": f"/openapi/v3/api/v1?hash={said}"}}}
        peer.routes["/openapi/v3"] = lambda ask, index=index: ask.json(index)
        assert f"/openapi/v3/api/v1?hash={said}" == catalog.fingerprint(pods)


def test_a_kind_is_learnt_anew_when_told_to_forget(peer: Any, client: ApiClient) -> None:
    """A renderer is kept until then."""
    catalog = Catalog(client, Options())
    pods = catalog.kind("pods")
    first = catalog.renderer(pods)
    assert first is catalog.renderer(pods)
    catalog.forget(pods)
    assert first is not catalog.renderer(pods)
    assert 2 == sum(ask.path == "/openapi/v3/api/v1" for ask in peer.asked)


def test_a_kind_goes_by_the_word_that_was_chosen(client: ApiClient) -> None:
    """A selector for a name that only the server knows counts for the kind it names."""
    options = Options(kinds=("Widget",), selectors=("Widget:app=web",))
    assert "widgets.example.com" == Catalog(client, options).kind("Widget").name
    assert "app=web" == options.label_selector("widgets.example.com")
