"""Kinds and what they are called."""

from kube_api_exporter.kinds import Kind, Resource, ResourceList


def test_a_kind_knows_its_paths() -> None:
    """The core group lies below /api, the others below /apis."""
    assert "/api/v1/pods" == Kind("", "v1", "pods", "Pod").path()
    assert "/apis/apps/v1/namespaces/a/deployments" == Kind("apps", "v1", "deployments", "Deployment").path(
        "a"
    )


def test_a_kind_s_word_holds_nothing_but_what_a_name_may() -> None:
    """It becomes part of names, and of source; an aggregated API server may call its kinds anything."""
    hostile = Kind("a-b.c", "v1", "xs", "x'];import os\n#")
    assert ("x___import_os__", "x___import_os___a_b_c") == (hostile.tag, hostile.long_tag)


def test_a_custom_resource_called_like_a_built_in_kind_has_its_group_in_its_tag() -> None:
    """Knative's Service does not mix with Kubernetes' own."""
    assert "service" == Kind("", "v1", "services", "Service").tag
    assert "service_serving_knative_dev" == Kind("serving.knative.dev", "v1", "services", "Service").tag
    assert "widget" == Kind("example.com", "v1", "widgets", "Widget").tag
    assert "ingress" == Kind("networking.k8s.io", "v1", "ingresses", "Ingress").tag
    assert "rc_example_com" == Kind("example.com", "v1", "rcs", "Rc").tag  # an old name of a built-in kind


def test_a_resource_answers_to_all_its_names() -> None:
    """Plural, singular, kind and short names, in any case."""
    resource = Resource("pods", "Pod", singularName="pod", shortNames=["po"])
    assert all(resource.answers_to(word) for word in ("pods", "pod", "Pod", "po", "PODS"))
    assert not resource.answers_to("node")


def test_what_cannot_be_watched_is_no_kind_for_us() -> None:
    """Subresources, and resources without list and watch, are passed over."""
    listed = ResourceList(
        "apps/v1",
        [
            Resource("deployments", "Deployment", verbs=["list", "watch", "get"]),
            Resource("deployments/scale", "Scale", verbs=["list", "watch"]),
            Resource("bindings", "Binding", verbs=["create"]),
        ],
    )
    assert ["deployments.apps"] == [kind.name for _, kind in listed.kinds()]
