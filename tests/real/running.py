"""Small things that tests of running servers share."""

from __future__ import annotations

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from adapters.sandbox.tokens import BadToken


def trusting_client(ca_file: Path) -> ssl.SSLContext:
    """A client's context that knows one authority and nothing else."""
    return ssl.create_default_context(cafile=str(ca_file))


def ask(ca_file: Path, url: str) -> Any:
    """The JSON at an address."""
    with httpx.Client(verify=trusting_client(ca_file), trust_env=False) as http:
        return http.get(url).raise_for_status().json()


def verified(token: str, key_set: Any) -> dict[str, Any]:
    """The claims of an RS256 JWT that one of the keys (RFC 7517) has signed.

    Raises:
        BadToken: none of them has.
    """
    body, _, signature = token.rpartition(".")
    for key in key_set["keys"]:
        if key["kty"] != "RSA":
            continue
        numbers = (int.from_bytes(_decode(key[name])) for name in ("e", "n"))
        public = rsa.RSAPublicNumbers(*numbers).public_key()
        try:
            public.verify(_decode(signature), body.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            continue
        claims: dict[str, Any] = json.loads(_decode(body.partition(".")[2]))
        return claims
    raise BadToken


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
