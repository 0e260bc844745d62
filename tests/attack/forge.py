"""Certificates and chains as somebody who wants to be taken for the node would make them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
HERE = ("localhost", "127.0.0.1")
_GOOD_DAYS = (-1.0, 30.0)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Holder:
    """A certificate with the key that belongs to it."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(_PEM)


def issue(
    by: Holder | None,
    *,
    called: str = "the node",
    names: Sequence[str] | None = HERE,
    days: tuple[float, float] = _GOOD_DAYS,
    is_ca: bool = False,
    key: Key | None = None,
    permits: Sequence[str] = (),
    excludes: Sequence[str] = (),
    for_client: bool = False,
) -> Holder:
    """A certificate that is sound but for what is said here; without `by` it vouches for itself.
    `names` None: no names but the subject's common name."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = _named(called)
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if not is_ca:
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if for_client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if names is not None:
            alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
    if permits or excludes:
        limits = x509.NameConstraints(
            [_general(name) for name in permits] or None,
            [_general(name) for name in excludes] or None,
        )
        builder = builder.add_extension(limits, critical=True)
    return Holder(builder.sign((by.key if by else key), hashes.SHA256()), key)


def signed_by_sha1(by: Holder, folder: Path) -> Holder:
    """A server's certificate under a signature that can be forged; `cryptography` makes none."""
    key = rsa.generate_private_key(65537, 2048)
    files = {name: folder / name for name in ("key", "ca", "ca-key", "request", "more", "made")}
    files["key"].write_bytes(_private(key))
    files["ca"].write_bytes(by.pem)
    files["ca-key"].write_bytes(_private(by.key))
    files["more"].write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    asked = ("req", "-new", "-key", files["key"], "-subj", "/CN=the node", "-out", files["request"])
    signed: tuple[object, ...] = (
        "x509",
        "-req",
        "-sha1",
        "-in",
        files["request"],
        "-CA",
        files["ca"],
    )
    signed += ("-CAkey", files["ca-key"], "-CAcreateserial", "-extfile", files["more"])
    for words in (asked, (*signed, "-out", files["made"])):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    return Holder(x509.load_pem_x509_certificate(files["made"].read_bytes()), key)


def trust_file(folder: Path, *roots: Holder) -> Path:
    """A file for `ca_file`."""
    file = folder / "ca.pem"
    file.write_bytes(b"".join(root.pem for root in roots))
    return file


def showing(
    folder: Path,
    *chain: Holder,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (ssl.TLSVersion.TLSv1_3,) * 2,
) -> ssl.SSLContext:
    """A server's context that shows this chain, the leaf first, however weak it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = versions
    file = folder / "shown.pem"
    file.touch(0o600)
    file.write_bytes(b"".join(one.pem for one in chain) + _private(chain[0].key))
    context.load_cert_chain(file)
    return context


def _private(key: Key) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(_PEM, form, serialization.NoEncryption())


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general(name: str) -> x509.GeneralName:
    """ "dns:127.0.0.1" is that text as a host's name, not as an address."""
    if name.startswith("dns:"):
        return x509.DNSName(name[4:])
    try:
        return x509.IPAddress(ipaddress.ip_network(name) if "/" in name else _address(name))
    except ValueError:
        return x509.DNSName(name)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(name)
