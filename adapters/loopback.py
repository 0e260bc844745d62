"""Whether a node is the sandbox of this machine: what a sandbox's legal record counts on.

The address alone does not say so: a tunnel to a real node ends on loopback as well. But nobody
issues certificates for 127.0.0.1 beyond the machine, so that a server there, whose certificate only
the throw-away CA of the sandbox vouches for, is the sandbox.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from adapters.profiles import NodeProfile

CA_NAME: Final = "eucaim-transfer sandbox CA"
_LARGEST_CA_BYTES: Final = 64 * 1024


def is_sandbox(profile: NodeProfile) -> bool:
    """Every address of the profile is a loopback address, and its CA file is the sandbox's alone.

    Reads the CA file: call in a thread where an event loop runs.
    """
    addresses = [
        value
        for key, value in profile.options.items()
        if isinstance(value, str) and value and (key == "url" or key.endswith("_url"))
    ]
    are_here = bool(addresses) and all(_is_loopback(address) for address in addresses)
    return are_here and profile.ca_file is not None and _is_throw_away(profile.ca_file)


def _is_loopback(address: str) -> bool:
    """A literal address: what a name means is up to others."""
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _is_throw_away(ca_file: Path) -> bool:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        with open(ca_file, "rb") as file:
            found = x509.load_pem_x509_certificates(file.read(_LARGEST_CA_BYTES))
    except (OSError, ValueError):
        return False
    names = [
        [str(part.value) for part in one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        for one in found
    ]
    return bool(names) and all(name == [CA_NAME] for name in names)
