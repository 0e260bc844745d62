"""Whether a destination of the UPV node, PROJECT or PROJECT|SUBPROJECT, is there and is ours."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from adapters.probe.target import SUPPORT
from adapters.upv.options import Settings
from adapters.upv.roles import NODE_STAFF, UPLOAD
from transfer.errors import NodeError
from transfer.node import CheckResult, Identity
from transfer.values import ExitCode

_READ_S = 30.0


def project_of(destination: str) -> str:
    """The code of the project in a destination's key."""
    return destination.partition("|")[0]


async def where_is(
    destination: str, identity: Identity, client: httpx.AsyncClient, settings: Settings
) -> CheckResult:
    """Exists, as far as the dataset-service tells; ours, as far as the token does (its groups,
    upv-node.md 3). Whether it takes images only the first one shows."""
    project = project_of(destination)
    if await _is_unknown(project, client, settings):
        return CheckResult(
            "destination",
            "fail",
            f"The node knows no project {project}.",
            "Check the destination of the transfer; a new project is asked for by the ticket of "
            "step 6 (ticket NAME) and made by the node's administrators.",
            ExitCode.SIGN_IN,
            f"Asked the dataset-service for project {project}.",
            "HTTP 404",
            SUPPORT,
        )
    tried = f"Looked for project {project} in the token."
    is_told = any(right.what == UPLOAD and right.is_given is not None for right in identity.rights)
    if f"project {project}" in identity.roles or NODE_STAFF in identity.roles:
        return CheckResult(
            "destination",
            "ok",
            f"The account is joined to project {project}.",
            tried=tried,
            answer="among its groups",
        )
    if is_told:
        return CheckResult(
            "destination",
            "fail",
            f"The account is not joined to project {project}.",
            f"Ask the helpdesk to join this account to project {project}, then sign in again. The "
            "ticket for it: ticket NAME --case role.",
            ExitCode.SIGN_IN,
            tried,
            "not among its groups",
            SUPPORT,
        )
    return CheckResult(
        "destination",
        "ok",
        f"Not told whether the account may send to {destination}: the first image shows it.",
        tried=tried,
        answer="the sign-in tells no groups",
    )


async def _is_unknown(project: str, client: httpx.AsyncClient, settings: Settings) -> bool:
    """Whether the dataset-service says that there is no such project (an open call, upv-node.md
    2.1). Whatever else it says, or not says, is no ground for a finding."""
    if not settings.dataset_service_url:
        return False
    url = f"{settings.dataset_service_url}/projects/{quote(project, safe='')}"
    timeout = httpx.Timeout(_READ_S, connect=settings.connect_timeout_s)
    try:
        async with client.stream("GET", url, timeout=timeout) as response:
            return response.status_code == 404
    except (httpx.HTTPError, OSError, NodeError):
        return False
