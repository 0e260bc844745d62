"""Who is in the stand-in's realm, through which clients, and how it says no (Keycloak 26)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

    @property
    def id(self) -> str:
        """The `sub` of the account's tokens."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.username))

    @property
    def name(self) -> str:
        return f"{self.username.title()} Sandbox"

    @property
    def email(self) -> str:
        return f"{self.username}@hospital.example"

    def roles_at(self, client: Client) -> Sequence[str]:
        """The client's roles that the account's groups give, in the client's order."""
        given = {role for group in self.groups for role in client.roles.get(group, ())}
        order = dict.fromkeys(role for roles in client.roles.values() for role in roles)
        return [role for role in order if role in given]


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the realm: whom its tokens are for, and which grants it may use.

    `roles` are what each group of the realm may do at that audience. `has_redirects`: a browser may
    come back to any address of the node's own origin.
    """

    audience: str
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
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
STAFF = Account("staff", "staff", ("cloud-services-and-security-management",))
"""The node's own people: they publish."""
ACCOUNTS = (INGESTER, PENDING, NEWCOMER, STAFF)
_USE = ("use_datasets",)
_CREATE = ("admin_datasets", *_USE)
_EVERYTHING = (
    "superadmin_datasets",
    *_CREATE,
    "admin_projects",
    "admin_users",
    "admin_datasetAccess",
)
CLIENTS: Mapping[str, Client] = {
    "qpinsights": Client(
        "qpinsights-backend",
        {
            group: ("User",)
            for group in (
                "authorized-technical-data-manager",
                "dataset-administrator",
                "data-scientists",
                "cloud-services-and-security-management",
            )
        },
    ),
    "dataset-explorer": Client(
        "dataset-service",
        {
            "data-scientists": _USE,
            "dataset-administrator": _CREATE,
            "cloud-services-and-security-management": _EVERYTHING,
        },
    ),
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
