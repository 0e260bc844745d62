"""Who may see a project of XNAT: asked and set through xnatpy's session. Blocking: for threads.

Source: xnat-rest.md 4, accessibility; xnatpy 0.8.1 has no method of its own for it (2.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.xnat.wire import segment
from transfer.errors import DatasetGone, NotAllowed
from transfer.publication.values import Visibility

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

PRIVATE: Final = "private"
_LEVELS: Final = (PRIVATE, "protected", "public")

VISIBILITIES: Final = (
    Visibility(
        key="protected",
        title="protected (data on request)",
        gives_away=(
            "Every account of the server, and where the site lets guests in anybody on the"
            " internet, sees that the project exists, its title, description, keywords and"
            " investigators, and how much it holds, and can ask for access. The images and files"
            " stay with the members of the project."
        ),
    ),
    Visibility(
        key="public",
        title="public (data for everybody)",
        gives_away=(
            "Every account of the server, and where the site lets guests in anybody on the"
            " internet, can look at, analyse and download all images and files of the project, the"
            " clinical data too. Taking it back does not bring back what was downloaded meanwhile."
        ),
        asks_twice=True,
    ),
)


class AccessRefused(NotAllowed):
    """The node answered a change of accessibility with 403; it does not say why."""


def level_of(xnat: BaseXNATSession, project: str, node: str) -> str:
    """`private`, `protected` or `public`.

    Raises:
        DatasetGone: there is no such project, or not for this account.
        ValueError: the answer is none of the three.
    """
    from xnat.exceptions import XNATResponseError

    try:
        told: str = xnat.get(_path(project)).text.strip()
    except XNATResponseError as refused:
        if refused.status_code == 404:
            raise gone(project, node) from refused
        raise
    if told not in _LEVELS:
        # XNAT answers with nothing where it failed to find out.
        raise ValueError("no level of accessibility")
    return told


def set_level(xnat: BaseXNATSession, project: str, level: str, node: str) -> None:
    """Ask for it; whether it is so, only `level_of` tells.

    Raises:
        AccessRefused, DatasetGone
    """
    from xnat.exceptions import XNATResponseError

    try:
        xnat.put(f"{_path(project)}/{segment(level)}")
    except XNATResponseError as refused:
        if refused.status_code == 403:
            raise AccessRefused(
                f"The node does not let this account set the accessibility of project {project}.",
                "Either the account is no owner of it, or the site forbids projects that are not"
                " private: ask the project's owner, then the node's administrator.",
                node=node,
            ) from refused
        if refused.status_code == 404:
            raise gone(project, node) from refused
        raise


def gone(project: str, node: str) -> DatasetGone:
    return DatasetGone(
        f"The node knows no project {project}, or does not show it to this account.",
        "Look whether the account is the right one and still a member. XNAT never gives the ID of"
        " a deleted project again; the helpdesk makes another project.",
        node=node,
    )


def _path(project: str) -> str:
    return f"/data/projects/{segment(project)}/accessibility"
