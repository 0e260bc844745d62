"""Who may come in: the sign-in that the stand-in node asks for at every service of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Literal

from adapters.sandbox.faults import Faults
from adapters.sandbox.issuer import INGESTER, Issuer
from adapters.sandbox.tokens import BadToken

Auth = Literal["bearer", "basic", "none"]
CheckBearer = Callable[[str, str], object]
"""Raises BadToken unless an Authorization header (first) is good for an audience (second)."""
_AUDIENCE = "qpinsights-backend"


class Door:
    """Lets in who is signed in through the client for images and clinical data."""

    def __init__(
        self, issuer: Issuer, faults: Faults, auth: Auth, bearer: CheckBearer | None = None
    ) -> None:
        self._issuer = issuer
        self._faults = faults
        self._auth = auth
        self._check_bearer = bearer or issuer.check

    def lets_in(self, authorization: str) -> bool:
        """Whether this header is good now; tokens may run out at this very request."""
        drawn = self._faults.draw("issuer", ("expire", "expire-session"))
        if drawn:
            self._issuer.expire(sessions="expire-session" in drawn)
        if self._auth == "none":
            return True
        if self._auth == "basic":
            return _basic_credentials(authorization) == (INGESTER.username, INGESTER.password)
        try:
            self._check_bearer(authorization, _AUDIENCE)
        except BadToken:
            return False
        return True


def _basic_credentials(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password
