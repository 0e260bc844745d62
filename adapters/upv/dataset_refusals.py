"""What the dataset-service refuses, in the operator's words (upv-node.md 2.5).

Its own words are text of a server: shortened, on one line, with nothing in it that moves a cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.statuses import refuse_status
from adapters.upv.clinical_answer import is_page, read_json, shown
from adapters.upv.roles import DATASET_MANAGER, may_manage_datasets
from transfer.errors import (
    NEVER,
    DatasetGone,
    DatasetRefused,
    NodeError,
    NodeFault,
    NotAllowed,
    SignInExpired,
    SignInRefused,
)

_TOKEN_FAULT: Final = "invalid access token"  # noqa: S105 - what the service says of one
_NO_RIGHT: Final = "unauthorized user"
_ABSENT: Final = "not found"
"""Of a dataset or project; an address that is none is quoted behind it."""
_AUDIENCE: Final = "audience"
_CLUSTER: Final = "error launching dataset creation job"
_SUPPORT: Final = "if it is right, tell the node's support the time and this answer."
_ROLE: Final = "The ticket for it: eucaim-transfer ticket NAME --case role."


def said_in(body: bytes) -> str:
    """The service's own words for no; empty where there are none, as on an ingress's page."""
    document = read_json(body)
    said = document.get("error") if isinstance(document, dict) else None
    return shown(said) if isinstance(said, str) else ""


def is_token_fault(body: bytes) -> bool:
    """Of a 401: whether another token may help. Whoever lacks a right gets the same status, and is
    told apart by the text alone."""
    return not said_in(body).lower().startswith(_NO_RIGHT)


def token_refused(body: bytes, node: str) -> NodeError:
    """A new token is refused like the one before."""
    said = said_in(body)
    if _AUDIENCE in said.lower():
        return SignInRefused(
            "The sign-in for datasets is not one for the dataset-service.",
            f"Set dataset_client_id of [nodes.{node}] in config.toml to the client that the "
            "node's support names, and sign in again.",
            node=node,
        )
    if said.lower().startswith(_TOKEN_FAULT):
        return SignInExpired(
            "The dataset-service does not accept the sign-in, not even a renewed one"
            f"{_quoted(said)}.",
            f"Run eucaim-transfer login {node}, then go on. If it stays so, check the clock of "
            "this machine.",
            node=node,
        )
    return refuse_status(401, node=node)


def not_allowed(claims: Mapping[str, Any], node: str) -> NotAllowed:
    """`unauthorized user`: the role is missing, or the dataset is somebody else's."""
    if may_manage_datasets(claims):
        return NotAllowed(
            "The node does not let this account do this: the dataset, or its project, is not the "
            "account's own.",
            "Sign in as the account that made the dataset, or ask the helpdesk to join this "
            f"account to the project. {_ROLE}",
            node=node,
        )
    return NotAllowed(
        f'The account lacks the role "{DATASET_MANAGER}" (admin_datasets), which step 10 needs.',
        f"Ask the helpdesk for that role, sign in again once it is given, then go on. {_ROLE}",
        node=node,
    )


def refused_answer(
    status: int,
    body: bytes,
    retry_after: str | None,
    node: str,
    *,
    claims: Mapping[str, Any] | None = None,
) -> NodeError:
    """The error for an answer that is no success, to a question about datasets."""
    said = said_in(body)
    if status == 401:
        return not_allowed(claims or {}, node)
    if status == 404 and said.lower() == _ABSENT:
        return DatasetGone(
            "The node knows no such dataset.",
            "Look whether it was deleted, and at the datasets that the account has there: "
            "eucaim-transfer dataset NAME.",
            node=node,
        )
    if status == 400 and said:
        return DatasetRefused(
            f"The node refuses{_quoted(said)} (HTTP 400).", "Correct it, then go on.", node=node
        )
    if 200 <= status < 300:
        return no_answer(node, is_page=is_page(body))
    if status >= 500 and said:
        return NodeFault(
            f"The dataset-service could not carry it out{_quoted(said)} (HTTP {status}).",
            "Try again later; if it stays so, tell the node's support the time and this answer.",
            node=node,
        )
    return refuse_status(status, node=node, retry_after=retry_after)


def creation_refused(
    status: int, body: bytes, retry_after: str | None, size_bytes: int, node: str
) -> NodeError:
    """The error for a creation that was not answered with 201. None of them is worth repeating as
    it is, but for an ingress that was busy; then the outcome is not known."""
    said = said_in(body)
    if status == 413:
        return DatasetRefused(
            "The list of studies is larger than the node's front door lets through: "
            f"{size_bytes / 1e6:.1f} MB in one request (HTTP 413). Nothing was created.",
            "Where the node sets no limit of its own it is 1 MB, about 2,000 studies. Ask the "
            "node's support to raise it for the dataset-service, or export the dataset in "
            "QP-Insights, or make several datasets.",
            node=node,
        )
    if status == 400 and said:
        return DatasetRefused(
            f"The node will not create the dataset{_quoted(said)} (HTTP 400). Nothing was created.",
            "Correct the metadata, the index or the clinical file, then create it again.",
            node=node,
        )
    if status == 500 and said.lower().startswith(_CLUSTER):
        return DatasetRefused(
            f"The node's cluster did not start the creation{_quoted(said)} (HTTP 500). Nothing "
            "was created.",
            "Tell the node's support the time and this answer; create the dataset again when "
            "they say so.",
            node=node,
        )
    if status == 500 and said:
        return DatasetRefused(
            f"The node could not create the dataset{_quoted(said)} (HTTP 500).",
            "Doing the same again would fail again. The likely causes: something in the index or "
            "the clinical file that the node does not expect, a version of more than 16 "
            "characters, an account joined to no project, or trouble with the node's tracer or "
            "cluster. Look at the files; if they are right, tell the node's support the time and "
            "this answer.",
            node=node,
        )
    if status >= 500:
        refused = refuse_status(status, node=node, retry_after=retry_after)
        if isinstance(refused, NodeFault):
            return NodeFault(refused.what, refused.remedy, node=node, retry=NEVER)
        return refused
    return refused_answer(status, body, retry_after, node)


def change_refused(status: int, body: bytes, retry_after: str | None, node: str) -> NodeError:
    """The error for a PATCH that was not taken. A 500 was undone by the service: it undoes what
    its tracer could not be told of (upv-node.md 2.7)."""
    said = said_in(body)
    if status >= 500 and said:
        return NodeFault(
            f"The node could not carry out the change{_quoted(said)} (HTTP {status}).",
            "Its tracer, which is told of each change, may be in trouble; then the change was "
            "undone. Go on later; if it stays so, tell the node's support the time and this "
            "answer.",
            node=node,
        )
    return refused_answer(status, body, retry_after, node)


def no_answer(node: str, *, is_page: bool = False) -> NodeFault:
    """A success that says nothing that can be used."""
    what = "A web page came" if is_page else "Something that cannot be read came"
    return NodeFault(
        f"{what} instead of an answer about datasets.",
        f"Check dataset_service_url of [nodes.{node}] in config.toml; {_SUPPORT}",
        node=node,
    )


def _quoted(said: str) -> str:
    return f': "{said}"' if said else ""
