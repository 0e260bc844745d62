"""The sandbox's throw-away authority, for tests: any certificate, good or bad, in a moment."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.sandbox.ca import LOOPBACK, ServerCertificate, ThrowAwayCa

Issued = ServerCertificate


class Authority:
    """Writes its own certificate to `folder/ca.pem` and issues others beside it."""

    def __init__(self, folder: Path, common_name: str = "Throw-away CA of a test") -> None:
        self.folder = folder
        self._ca = ThrowAwayCa(folder, common_name)

    @property
    def ca_file(self) -> Path:
        return self._ca.file

    def issue(
        self,
        label: str = "server",
        *,
        names: Sequence[str] = LOOPBACK,
        valid_from_days: float = -1.0,
        valid_until_days: float = 30.0,
        for_client: bool = False,
    ) -> Issued:
        """A certificate for `names`, valid from and until so many days from now."""
        return self._ca.issue(
            label,
            names=names,
            valid_from=dt.timedelta(days=valid_from_days),
            valid_for=dt.timedelta(days=valid_until_days - valid_from_days),
            for_client=for_client,
        )


def self_signed(folder: Path) -> Issued:
    """A certificate for loopback that nobody but itself vouches for."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server by itself")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    issued = Issued(folder / "self-signed.pem", folder / "self-signed.key.pem")
    issued.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    issued.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return issued
