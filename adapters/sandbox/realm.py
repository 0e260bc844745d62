"""Who is in the stand-in's realm, through which clients, and how it says no (Keycloak 26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

REALM_ROLES = (
    "validated_user",
    "offline_access",
    "uma_authorization",
    "default-roles-eucaim-node",
)


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the realm; `groups` are what the node's registration form gives."""

    username: str
    password: str
    groups: Sequence[str] = ()
    is_set_up: bool = True


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the realm: whom its tokens are for, and which grants it may use.

    `has_redirects`: a browser may come back to any address of the node's own origin.
    """

    audience: str
    roles: Sequence[str] = ()
    has_password_grant: bool = True
    has_redirects: bool = True


INGESTER = Account(
    "ingester",
    "ingester",
    ("authorized-technical-data-manager", "dataset-administrator", "PROJECT-SANDBOX"),
)
PENDING = Account("pending", "pending", is_set_up=False)
NEWCOMER = Account("newcomer", "newcomer")
"""Registered, with nothing granted yet."""
ACCOUNTS = (INGESTER, PENDING, NEWCOMER)
CLIENTS: Mapping[str, Client] = {
    "qpinsights": Client("qpinsights-backend", ("User",)),
    "dataset-explorer": Client("dataset-service", ("admin_datasets", "use_datasets")),
    "guacamole": Client("guacamole", has_password_grant=False, has_redirects=False),
}


class Refused(Exception):
    """An OAuth error, ready to be answered."""

    def __init__(self, error: str, words: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.words = words
        self.status = status

    def answer(self, headers: Mapping[str, str] | None = None) -> Response:
        document = {"error": self.error, "error_description": self.words}
        return JSONResponse(document, self.status, headers)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of an URL-encoded body; of two with one name the last."""
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
