"""A throw-away certificate authority: good server certificates, and bad ones on purpose."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """One certificate on disk with its key (mode 0600), both PEM."""

    certificate: Path
    key: Path

    def context(
        self, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, *, maximum: int | None = None
    ) -> ssl.SSLContext:
        """A server context that offers HTTP/1.1 alone.

        `maximum` makes a server that is too old on purpose, as tests of the TLS policy need.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = minimum
        if maximum is not None:
            context.maximum_version = ssl.TLSVersion(maximum)
        context.load_cert_chain(self.certificate, self.key)
        context.set_alpn_protocols(["http/1.1"])
        return context


class ThrowAwayCa:
    """An authority that lives as long as its folder; its own key never touches the disk."""

    def __init__(self, folder: Path, name: str = "eucaim-transfer sandbox CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        now = dt.datetime.now(dt.UTC)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 400 * _DAY)
            .not_valid_after(now + 400 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        label: str = "server",
        *,
        names: Sequence[str] = LOOPBACK,
        valid_from: dt.timedelta = -_DAY,
        valid_for: dt.timedelta = 30 * _DAY,
        for_client: bool = False,
    ) -> ServerCertificate:
        """A certificate for `names` (host names and addresses); `valid_from` is from now."""
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if for_client else ExtendedKeyUsageOID.SERVER_AUTH
        key = ec.generate_private_key(ec.SECP256R1())
        begin = dt.datetime.now(dt.UTC) + valid_from
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name("eucaim-transfer sandbox"))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + valid_for)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False
            )
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(authority_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate_file = self._folder / f"{label}.pem"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file = self._folder / f"{label}.key.pem"
        _write_private(
            key_file,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
        return ServerCertificate(certificate_file, key_file)

    def issue_wrong_name(self) -> ServerCertificate:
        """Right in everything but the name: it belongs to another host."""
        return self.issue("wrong-name", names=("another-host.example",))

    def issue_expired(self) -> ServerCertificate:
        """Ran out yesterday."""
        return self.issue("expired", valid_from=-10 * _DAY, valid_for=9 * _DAY)

    def issue_not_yet_valid(self) -> ServerCertificate:
        """Begins tomorrow."""
        return self.issue("not-yet-valid", valid_from=_DAY)


def issue_from_unknown_ca(folder: Path) -> ServerCertificate:
    """A good certificate from an authority that nobody has heard of."""
    return ThrowAwayCa(folder, "an unknown authority").issue()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
