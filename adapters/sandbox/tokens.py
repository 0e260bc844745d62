"""Access tokens of the stand-in issuer: real JWTs (RFC 7519), signed RS256 as Keycloak does."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_ID = "sandbox"


class BadToken(Exception):
    """The text is no token that this process has signed; says why, in PyJWT's words."""


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sign(claims: Mapping[str, Any]) -> str:
    """A compact JWT of these claims; the key lives as long as the process."""
    head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
    body = f"{_encode_json(head)}.{_encode_json(claims)}"
    signature = _signing_key().sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{body}.{_encode(signature)}"


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token whose signature holds; time and audience are the caller's matter.

    Raises:
        BadToken: not ours, or altered.
    """
    body, _, signature = token.rpartition(".")
    head, dot, payload = body.partition(".")
    if not dot:
        raise BadToken("Not enough segments")
    try:
        json.loads(_decode_segment(head, "header"))
    except ValueError as error:
        raise BadToken(f"Invalid header string: {error}") from error
    claims_json, given = _decode_segment(payload, "payload"), _decode_segment(signature, "crypto")
    try:
        _signing_key().public_key().verify(
            given, body.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError) as error:
        raise BadToken("Signature verification failed") from error
    claims: dict[str, Any] = json.loads(claims_json)
    return claims


def key_set() -> dict[str, Any]:
    """The public key as a JWK set (RFC 7517)."""
    numbers = _signing_key().public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    key = {"kid": KEY_ID, "kty": "RSA", "alg": "RS256", "use": "sig"}
    return {"keys": [{**key, "n": _encode(modulus), "e": _encode(numbers.e.to_bytes(3, "big"))}]}


def _encode_json(document: Mapping[str, Any]) -> str:
    return _encode(json.dumps(document, separators=(",", ":")).encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode_segment(text: str, what: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BadToken(f"Invalid {what} padding") from error
