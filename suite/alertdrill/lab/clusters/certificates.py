"""Approval of the certificates that kubelets serve with: of requests a node made for itself only."""

import base64
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from alertdrill.clock import NotYet, WallClock, wait_for
from alertdrill.errors import LabError
from alertdrill.kube import Kube

SIGNER = "kubernetes.io/kubelet-serving"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
USAGES = frozenset({"digital signature", "key encipherment", "server auth"})
SECONDS_MAX = 60.0


def approve(kube: Kube) -> None:
    """Wait until every node has a serving certificate of the cluster's, approving the honest requests."""
    nodes = {node["metadata"]["name"]: node for node in kube.get("nodes")}

    def every_node_served() -> bool:
        requests = serving(_listed(kube))
        for request in requests:
            if _is_pending(request):
                _decide(kube, request, nodes)
        # A kubelet may ask twice while it learns its addresses, and waits for the answer to the last.
        served = {_node(request) for request in requests if _is_issued(request)}
        waiting = {_node(request) for request in requests if not _is_issued(request)}
        if missing := (nodes.keys() - served) | waiting:
            raise NotYet(f"{', '.join(sorted(missing))} without one, {len(requests)} requests")
        return True

    wait_for(
        "the kubelets' serving certificates",
        every_node_served,
        deadline=SECONDS_MAX,
        clock=WallClock(),
        every=0.25,
    )


def serving(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of the requests that ask for a kubelet's serving certificate."""
    return [request for request in requests if request["spec"]["signerName"] == SIGNER]


def objection(request: dict[str, Any], nodes: dict[str, dict[str, Any]]) -> str:
    """Return why a request must not be approved, "" if nothing speaks against it.

    A node may ask for its own names and addresses only: else whoever may make requests could serve as any
    kubelet.
    """
    spec = request["spec"]
    prefix, _, name = spec["username"].rpartition(":")
    if prefix != "system:node" or name not in nodes:
        return f"it was made by {spec['username']}, which is no node of this cluster"
    if "system:nodes" not in spec.get("groups", []):
        return f"{spec['username']} is not in the group system:nodes"
    if foreign := set(spec["usages"]) - USAGES:
        return f"it asks for {', '.join(sorted(foreign))} as well"
    csr = x509.load_pem_x509_csr(base64.b64decode(spec["request"]))
    if _subject(csr) != (spec["username"], "system:nodes"):
        return "its subject is not the node's"
    own = {address["address"] for address in nodes[name]["status"]["addresses"]} | {name}
    if foreign := _alternative_names(csr) - own:
        return f"it names {', '.join(sorted(foreign))}, which the node is not"
    return ""


def _listed(kube: Kube) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = kube.read("listing certificate requests", REQUESTS, "items")
    return items


def _decide(kube: Kube, request: dict[str, Any], nodes: dict[str, dict[str, Any]]) -> None:
    name = request["metadata"]["name"]
    if why_not := objection(request, nodes):
        raise LabError(f"approving the serving certificate {name}: refused, {why_not}")
    kube.run(f"approving the serving certificate {name}", "certificate", "approve", name)


def _is_pending(request: dict[str, Any]) -> bool:
    return not request.get("status", {}).get("conditions")


def _node(request: dict[str, Any]) -> str:
    return str(request["spec"]["username"]).rpartition(":")[2]


def _is_issued(request: dict[str, Any]) -> bool:
    return bool(request.get("status", {}).get("certificate"))


def _subject(csr: x509.CertificateSigningRequest) -> tuple[str, str]:
    def value(oid: x509.ObjectIdentifier) -> str:
        return ",".join(str(attribute.value) for attribute in csr.subject.get_attributes_for_oid(oid))

    return value(NameOID.COMMON_NAME), value(NameOID.ORGANIZATION_NAME)


def _alternative_names(csr: x509.CertificateSigningRequest) -> set[str]:
    try:
        extension = csr.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return set()
    assert isinstance(extension.value, x509.SubjectAlternativeName)
    return {str(name.value) for name in extension.value}
