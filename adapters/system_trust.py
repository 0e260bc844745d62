"""The certificates that this system trusts, read once for a context.

truststore does the same at every connection, and holds a lock during the handshake: requests in
threads would all wait for one server that says nothing.
"""

from __future__ import annotations

import re
import ssl
import sys
from pathlib import Path
from typing import Final

# Where distributions keep the bundle; a Python that was built elsewhere looks in other places.
BUNDLES: Final = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/ca-bundle.pem"),
    Path("/etc/ssl/cert.pem"),
)
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.[0-9]")


def system_context() -> ssl.SSLContext:
    """A client context that trusts what the system trusts, and nothing where it trusts nothing."""
    if sys.platform != "linux":
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if _knows_the_place():
        context.set_default_verify_paths()
    elif found := next((bundle for bundle in BUNDLES if bundle.is_file()), None):
        context.load_verify_locations(cafile=found)
    return context


def _knows_the_place() -> bool:
    """Whether OpenSSL's own places, or those of SSL_CERT_FILE and SSL_CERT_DIR, hold anything."""
    known = ssl.get_default_verify_paths()
    if known.cafile:
        return True
    folder = Path(known.capath) if known.capath else None
    if folder is None or not folder.is_dir():
        return False
    return any(_HASHED.fullmatch(entry.name) for entry in folder.iterdir())
