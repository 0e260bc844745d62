"""What a server's certificate says of itself, whether it is to be trusted or not."""

from __future__ import annotations

import datetime as dt
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.probe.target import shown

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate; its texts are the other side's, made harmless. `fingerprint`: SHA-256 of
    its DER form, hex."""

    subject: str
    issuer: str
    names: Sequence[str]
    begins: dt.datetime
    ends: dt.datetime
    fingerprint: str

    def days_left(self, now_s: float) -> int:
        """Whole days until it ends; negative when it has ended."""
        return int((self.ends.timestamp() - now_s) // 86_400)


def chain_of(secured: ssl.SSLObject) -> Sequence[Certificate]:
    """The certificates that the server sent, its own first; those that cannot be read left out."""
    found = []
    for der in _sent(secured):
        try:
            found.append(read_certificate(der))
        except ValueError:
            continue
    return found


def read_certificate(der: bytes) -> Certificate:
    """Raises:
    ValueError: this is no certificate, or one outside RFC 5280.
    """
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            # What it says of odd certificates belongs on no screen.
            warnings.simplefilter("ignore")
            return _read(der)
    except (
        TypeError,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as problem:
        raise ValueError("no certificate that can be read") from problem


def _read(der: bytes) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    certificate = x509.load_der_x509_certificate(der)
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = [shown(str(getattr(name, "value", ""))) for name in alternative.value]
    except x509.ExtensionNotFound:
        names = []
    return Certificate(
        subject=_in_words(certificate.subject),
        issuer=_in_words(certificate.issuer),
        names=names,
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _in_words(name: x509.Name) -> str:
    """Organisation and common name, as far as they differ; else whatever the name holds."""
    from cryptography.x509.oid import NameOID

    wanted = (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)
    parts = [str(a.value) for oid in wanted for a in name.get_attributes_for_oid(oid)]
    return shown(", ".join(dict.fromkeys(parts)) or name.rfc4514_string()) or "no name"


def _sent(secured: ssl.SSLObject) -> Sequence[bytes]:
    public: Any = getattr(secured, "get_unverified_chain", None)
    if public is not None:
        # Python 3.13 and later.
        return list(public())
    inner: Any = getattr(getattr(secured, "_sslobj", None), "get_unverified_chain", None)
    chain = inner() if inner is not None else None
    if chain:
        return [ssl.PEM_cert_to_DER_cert(entry.public_bytes()) for entry in chain]
    alone = secured.getpeercert(binary_form=True)
    return [alone] if alone else []
