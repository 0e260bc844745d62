"""Who may see and do what, from the access token alone (upv-node.md 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.sandbox.datasets.model import Dataset
from adapters.sandbox.realm import CLIENTS, Account

_CLIENT: Final = CLIENTS["dataset-explorer"]
AUDIENCE: Final = _CLIENT.audience
_METADATA: Final = (
    "name",
    "version",
    "previousId",
    "description",
    "provenance",
    "purpose",
    "type",
    "collectionMethod",
)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody signed in; whoever is not is None."""

    id: str
    name: str
    email: str
    roles: frozenset[str]
    groups: frozenset[str]

    @classmethod
    def of_claims(cls, claims: Mapping[str, Any]) -> User:
        roles = claims["resource_access"].get(AUDIENCE, {}).get("roles", ())
        groups = frozenset(claims.get("groups", ()))
        return cls(claims["sub"], claims["name"], claims["email"], frozenset(roles), groups)

    @classmethod
    def of_account(cls, account: Account) -> User:
        roles = frozenset(account.roles_at(_CLIENT))
        return cls(account.id, account.name, account.email, roles, frozenset(account.groups))

    @property
    def is_superadmin(self) -> bool:
        return "superadmin_datasets" in self.roles

    @property
    def may_create(self) -> bool:
        return self.is_superadmin or "admin_datasets" in self.roles

    @property
    def may_use(self) -> bool:
        return self.may_create or "use_datasets" in self.roles

    @property
    def may_make_projects(self) -> bool:
        return "admin_projects" in self.roles

    @property
    def projects(self) -> list[str]:
        """The projects the account is joined to."""
        return sorted(_behind("PROJECT-", self.groups))

    def administers(self, project: str) -> bool:
        return self.may_make_projects or project in _behind("ADMINS-PROJECT-", self.groups)


def _behind(prefix: str, groups: frozenset[str]) -> set[str]:
    return {group.removeprefix(prefix) for group in groups if group.startswith(prefix)}


def owns(user: User | None, dataset: Dataset) -> bool:
    """The author, with the role to create, or the node's own people."""
    if user is None:
        return False
    return user.is_superadmin or (user.may_create and user.id == dataset.author_id)


def belongs(user: User | None, dataset: Dataset) -> bool:
    """Joined to the dataset's project, or an owner: who sees the author's name."""
    return user is not None and (owns(user, dataset) or dataset.project in user.projects)


def may_read(user: User | None, dataset: Dataset) -> bool:
    """Whether the details are shown."""
    if owns(user, dataset) or dataset.public:
        return True
    is_settled = not dataset.draft and not dataset.invalidated
    return user is not None and is_settled and user.may_use and dataset.project in user.projects


def may_find(user: User | None, dataset: Dataset) -> bool:
    """Whether the list names it: its project counts, whatever the role (`list-ingester`)."""
    if owns(user, dataset):
        return True
    if dataset.draft or dataset.invalidated:
        return False
    return dataset.public or (user is not None and dataset.project in user.projects)


def editable(user: User | None, dataset: Dataset) -> list[str]:
    """`editablePropertiesByTheUser`."""
    if user is None or not owns(user, dataset):
        return []
    names: list[str] = []
    if dataset.draft:
        names += _METADATA if dataset.is_creating else ("draft", *_METADATA)
    elif user.is_superadmin:
        names += ("public", "publicUse") if dataset.public else ("public",)
    names.append("invalidated")
    if dataset.invalidated:
        names.append("invalidationReason")
    names += ("contactInfo", "license")
    if user.is_superadmin:
        names += ("authorId", "tags") if dataset.draft else ("authorId", "tags", "pids")
    return names


def actions(user: User | None, dataset: Dataset) -> list[str]:
    """`allowedActionsForTheUser`."""
    if user is None or not may_read(user, dataset):
        return []
    names: list[str] = []
    if _may_use(user, dataset):
        names.append("use")
    if user.is_superadmin or (owns(user, dataset) and dataset.is_creating):
        names.append("delete")
    if user.is_superadmin:
        names += (
            ["restartCreation"]
            if dataset.is_creating
            else ["checkIntegrity", "readjustFilePermissions", "recollectMetadata"]
        )
    if "admin_datasetAccess" in user.roles:
        names.append("viewAccessHistory")
    if owns(user, dataset):
        names.append("manageACL")
    return names


def _may_use(user: User, dataset: Dataset) -> bool:
    if dataset.is_creating or dataset.invalidated or not user.may_use:
        return False
    if dataset.draft:
        return owns(user, dataset)
    return belongs(user, dataset) or (dataset.public and dataset.public_use)
