"""A serving certificate is approved for a node that asks for itself, and for nobody else."""

import base64
import ipaddress
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from alertdrill.lab.clusters import certificates

NODES = {
    "one": {"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
    "two": {"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.2"}]}},
}
KEY = ec.generate_private_key(ec.SECP256R1())


def request(
    *,
    username: str = "system:node:one",
    common_name: str = "system:node:one",
    organization: str = "system:nodes",
    names: tuple[str, ...] = ("one", "10.0.0.1"),
    groups: tuple[str, ...] = ("system:nodes", "system:authenticated"),
    usages: tuple[str, ...] = ("digital signature", "server auth"),
    signer: str = certificates.SIGNER,
) -> dict[str, Any]:
    """Return a certificate request as the API server shows it; by default an honest one of node one."""
    subject = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName(list(map(general, names))), critical=False
        )
    pem = builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)
    spec = {
        "signerName": signer,
        "username": username,
        "groups": list(groups),
        "usages": list(usages),
        "request": base64.b64encode(pem).decode(),
    }
    return {"metadata": {"name": "csr-1"}, "spec": spec, "status": {}}


def general(name: str) -> x509.GeneralName:
    """Return a name as it stands in a request: an address or a host."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def test_a_node_that_asks_for_itself_is_served() -> None:
    """Nothing speaks against a node's own names and addresses."""
    assert "" == certificates.objection(request(), NODES)
    assert "" == certificates.objection(request(names=("10.0.0.1",)), NODES)


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        pytest.param({"username": "eve"}, "made by eve, which is no node", id="a user"),
        pytest.param({"username": "system:node:three"}, "no node of this cluster", id="an unknown node"),
        pytest.param(
            {"username": "system:node:two"}, "its subject is not the node's", id="another's subject"
        ),
        pytest.param({"groups": ("system:authenticated",)}, "not in the group", id="no node's group"),
        pytest.param({"organization": "system:masters"}, "its subject is not", id="an administrator's group"),
        pytest.param({"common_name": "admin"}, "its subject is not", id="another name"),
        pytest.param({"names": ("one", "10.0.0.2")}, "names 10.0.0.2, which", id="another's address"),
        pytest.param({"names": ("kubernetes.default.svc",)}, "names kubernetes.default.svc", id="the API"),
        pytest.param({"usages": ("server auth", "client auth")}, "asks for client auth as well", id="usage"),
    ],
)
def test_who_asks_for_more_is_not_served(lie: dict[str, Any], says: str) -> None:
    """Every way to ask for somebody else's certificate is seen."""
    assert says in certificates.objection(request(**lie), NODES)


def test_only_requests_for_serving_are_looked_at() -> None:
    """Client certificates have an approver of their own."""
    honest = request()
    assert [honest] == certificates.serving([request(signer="kubernetes.io/kube-apiserver-client"), honest])
