"""What a token says of its bearer, in the words of the node's registration form (upv-node.md 3).

Read without checking a signature: for telling the person, never for deciding. The node decides.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from transfer.errors import NodeError
from transfer.node import Right

DATA_INGESTER = "Data ingester"
DATASET_MANAGER = "Dataset manager"
NODE_STAFF = "Node staff"
VALIDATED = "validated by the node"
_IN_WORDS = {
    "authorized-technical-data-manager": DATA_INGESTER,
    "dataset-administrator": DATASET_MANAGER,
    "data-scientists": "Data scientist",
    "clinical-staff": "Clinical staff",
    "application-developer": "Application developer",
    "cloud-services-and-security-management": NODE_STAFF,
    "validated_user": VALIDATED,
}
_PROJECT = "project "
_LONGEST_NAME = 64
_ROLE_TICKET = "role"
UPLOAD = "upload images and clinical data"
CREATE_DATASETS = "create datasets"
TO_PROJECT = "upload to "
"""How a right begins that is about one project, or about having none."""


def claims_of(token: str) -> Mapping[str, Any]:
    """What a JWT (RFC 7519) holds, its signature unchecked; empty when the token is opaque."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        content = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


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
        elif name.startswith("PROJECT-") and name.isprintable() and len(name) <= _LONGEST_NAME:
            words.add(f"{_PROJECT}{name.removeprefix('PROJECT-')}")
    return sorted(words)


def image_rights(claims: Mapping[str, Any], destinations: Sequence[str]) -> Sequence[Right]:
    """What the token for images lets its bearer do, and at the configured destinations
    ("PROJECT|SUBPROJECT")."""
    if not _tells(claims):
        return [
            Right(UPLOAD, None, "The node does not tell; the doctor and the first upload will.")
        ]
    roles = roles_of(claims)
    is_staff = NODE_STAFF in roles
    is_ingester = DATA_INGESTER in roles or is_staff
    rights = [
        Right(UPLOAD, True)
        if is_ingester
        else Right(
            UPLOAD,
            False,
            f'Ask the helpdesk for the role "{DATA_INGESTER}" on this account.',
            _ROLE_TICKET,
        )
    ]
    joined = [r.removeprefix(_PROJECT) for r in roles if r.startswith(_PROJECT)]
    if is_ingester:
        rights += [Right(f"{TO_PROJECT}project {code}", True) for code in joined]
    wanted = sorted({key.partition("|")[0] for key in destinations} - set(joined))
    if not is_staff and (wanted or not joined):
        rights += [
            Right(
                TO_PROJECT + (f"project {code}" if code else "any project yet"),
                False,
                f"Ask the helpdesk to join this account to {f'project {code}' if code else 'one'}.",
                _ROLE_TICKET,
            )
            for code in wanted or [""]
        ]
    is_validated = VALIDATED in roles
    rights.append(
        Right(
            "use the node as a validated account",
            is_validated,
            "" if is_validated else "Wait until the node has validated the account, or ask why.",
            "" if is_validated else _ROLE_TICKET,
        )
    )
    return rights


def dataset_rights(claims: Mapping[str, Any]) -> Sequence[Right]:
    """What the token for datasets lets its bearer do."""
    if not _tells(claims):
        return [Right(CREATE_DATASETS, None, "The node does not tell; creating one will.")]
    if may_manage_datasets(claims):
        return [Right(CREATE_DATASETS, True)]
    return [
        Right(
            CREATE_DATASETS,
            False,
            f'Ask the helpdesk for the role "{DATASET_MANAGER}" on this account; both roles are '
            "needed for the whole way from images to a published dataset.",
            _ROLE_TICKET,
        )
    ]


def may_manage_datasets(claims: Mapping[str, Any]) -> bool:
    """Whether a token for datasets names the role to create them, or the node's own people's."""
    access = claims.get("resource_access")
    service = access.get("dataset-service") if isinstance(access, dict) else None
    given = _texts(service.get("roles") if isinstance(service, dict) else None)
    return bool({"admin_datasets", "superadmin_datasets"} & set(given))


def no_dataset_rights(trouble: NodeError) -> Sequence[Right]:
    """The sign-in for datasets did not work: images still go, and this says why datasets do not."""
    return [
        Right(
            f"{CREATE_DATASETS} with this sign-in, while images still go: {_clause(trouble.what)}",
            None if trouble.retry.allowed else False,
            trouble.remedy,
        )
    ]


def _clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _tells(claims: Mapping[str, Any]) -> bool:
    return any(key in claims for key in ("groups", "realm_access", "resource_access"))


def _texts(value: object) -> Sequence[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
