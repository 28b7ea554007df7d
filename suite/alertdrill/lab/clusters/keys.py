"""Keys and certificates of a control plane of our own: one authority, one server, one administrator."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from alertdrill.machine import cache

DAYS = 30
LEEWAY = dt.timedelta(hours=1)  # clocks differ


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate, as PEM files."""

    key: Path
    certificate: Path


@dataclass(frozen=True)
class Keys:
    """All that a control plane needs to be sure of itself."""

    authority: Pair
    server: Pair
    admin: Pair
    accounts: Path


def make(folder: Path) -> Keys:
    """Write a new set into a folder that only its owner reads."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("alertdrill", "", authority_key, None)
    keys = Keys(
        authority=_write(folder, "authority", authority_key, authority),
        server=_signed(folder, "server", ("alertdrill-server", ""), authority_key, authority),
        admin=_signed(folder, "admin", ("alertdrill-admin", "system:masters"), authority_key, authority),
        accounts=folder / "accounts.key",
    )
    cache.write_whole(keys.accounts, _pem(ec.generate_private_key(ec.SECP256R1())), mode=0o600)
    return keys


def _signed(
    folder: Path,
    name: str,
    subject: tuple[str, str],
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    return _write(folder, name, key, _certificate(*subject, key, (authority_key, authority)))


def _certificate(
    name: str,
    organization: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None,
) -> x509.Certificate:
    """Return a certificate for loopback, to serve and to call with; without an issuer, an authority's own."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    subject = x509.Name(attributes)
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        # Clients that are strict about RFC 5280, as Python is from 3.13 on, want these.
        .add_extension(_usage(authority=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[0].public_key())
        builder = builder.add_extension(signer, critical=False)
        own = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.SubjectAlternativeName(own), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Pair:
    pair = Pair(key=folder / f"{name}.key", certificate=folder / f"{name}.crt")
    cache.write_whole(pair.key, _pem(key), mode=0o600)
    cache.write_whole(pair.certificate, certificate.public_bytes(Encoding.PEM))
    return pair


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
