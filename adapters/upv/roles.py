"""A token's groups and roles in the words of the node's registration form (upv-node.md 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DATA_INGESTER = "Data ingester"
_IN_WORDS = {
    "authorized-technical-data-manager": DATA_INGESTER,
    "dataset-administrator": "Dataset manager",
    "data-scientists": "Data scientist",
    "clinical-staff": "Clinical staff",
    "application-developer": "Application developer",
    "cloud-services-and-security-management": "Node staff",
    "validated_user": "validated by the node",
}


def roles_of(claims: Mapping[str, Any]) -> Sequence[str]:
    """Roles and projects, sorted, those without a meaning here left out.

    `groups` is absent, not empty, when there are none; Keycloak may write groups as paths.
    """
    realm = claims.get("realm_access")
    named = [
        *_texts(claims.get("groups")),
        *_texts(realm.get("roles") if isinstance(realm, dict) else None),
    ]
    words = set()
    for name in (entry.removeprefix("/") for entry in named):
        if name in _IN_WORDS:
            words.add(_IN_WORDS[name])
        elif name.startswith("PROJECT-"):
            words.add(f"project {name.removeprefix('PROJECT-')}")
    return sorted(words)


def _texts(value: object) -> Sequence[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
