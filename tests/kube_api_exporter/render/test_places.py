"""Names of families and labels by where a number stands."""

from kube_api_exporter.render.places import ELEMENT, Claims, Families, dotted


def test_lists_leave_the_name_and_become_labels() -> None:
    """status.containerStatuses[].restartCount is k8s_pod_status_restartCount with two labels."""
    element = Families("pod").root.child("status").child("containerStatuses").element()
    assert "k8s_pod_status_restartCount" == element.child("restartCount").family
    assert ("containerStatuses", "container") == (element.index_label, element.name_label)


def test_a_list_inside_a_list_of_the_same_name_has_labels_of_its_own() -> None:
    """No label name is used twice in a series."""
    place = Families("widget").root.child("items").element().child("items").element()
    assert ("items", "item", "items_2", "item_2") == place.labels


def test_a_list_called_like_an_identity_label_steps_aside() -> None:
    """`namespace` and `name` stay the object's."""
    element = Families("widget").root.child("name").element()
    assert "name_2" == element.index_label


def test_paths_that_read_alike_get_a_number() -> None:
    """`on-call` and `on_call` are two families, and it is counted."""
    families = Families("widget")
    spec = families.root.child("spec")
    assert "k8s_widget_spec_on_call" == spec.child("on-call").family
    assert "k8s_widget_spec_on_call_conflict2" == spec.child("on_call").family
    assert 1 == families.conflicts
    assert {"k8s_widget_spec_on_call": "k8s_widget_spec_on-call"} == families.utf8


def test_paths_told_apart_by_labels_share_a_family() -> None:
    """Containers and init containers have one restartCount."""
    families = Families("pod")
    status = families.root.child("status")
    names = {
        status.child(listed).element().child("restartCount").family
        for listed in ("containerStatuses", "initContainerStatuses")
    }
    assert {"k8s_pod_status_restartCount"} == names
    assert 0 == families.conflicts


def test_two_kinds_never_share_a_family() -> None:
    """The second kind to come to a name gets a number."""
    claims = Claims()
    first = Families("a_b", claims=claims).root.child("c").family
    second = Families("a", claims=claims).root.child("b").child("c").family
    assert ("k8s_a_b_c", "k8s_a_b_c_conflict2") == (first, second)


def test_two_kinds_with_one_word_share_no_family_either() -> None:
    """A name belongs to a kind, not to what the kind is called in it."""
    claims = Claims()
    kinds = ("gateways.a.com", "gateways.b.com", "gateways.a.com")
    names = [Families("gateway", kind=kind, claims=claims).root.child("c").family for kind in kinds]
    assert ["k8s_gateway_c", "k8s_gateway_c_conflict2", "k8s_gateway_c"] == names


def test_an_unwanted_path_has_no_family() -> None:
    """A path is judged without the marks of its lists."""
    families = Families("pod", keep=lambda path: path != "spec.containers.ports")
    containers = families.root.child("spec").child("containers").element()
    assert containers.child("ports").family is None
    assert containers.child("stdin").family == "k8s_pod_spec_stdin"


def test_a_path_is_written_as_people_do() -> None:
    """Lists are marked by brackets."""
    assert "a.b[].c" == dotted(("a", "b", ELEMENT, "c"))
    assert "a.b.c" == dotted(("a", "b", ELEMENT, "c"), mark="")
