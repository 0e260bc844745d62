"""What data holders of the Health-RI node ask the helpdesk for, titles and groups to the letter.

Source: eucaim-requirements.md 13.1 and 13.5, upv-node.md 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.helpdesk.cases import NODES, SUPPORT, for_an_own_node
from adapters.helpdesk.fields import (
    CONTACT,
    DESCRIPTION,
    OTHERS,
    URL,
    USERNAME,
    VOLUME,
    name_of,
)
from transfer.tickets import TicketCase

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile

_PROJECT: Final = TicketCase(
    key="project",
    step="ticket",
    what="the project on the node",
    title="Create XNAT project",
    group=NODES,
    fallback_group=SUPPORT,
    opening="Please create this project on the XNAT of the Health-RI reference node, with this"
    " user as its owner.",
    fields=(
        name_of("project"),
        USERNAME,
        URL,
        DESCRIPTION,
        CONTACT,
        replace(OTHERS, hint="ada-l: Owner, bob-m: Member"),
        VOLUME,
    ),
)
_ANNEX: Final = replace(
    _PROJECT,
    key="project-annex",
    what="the same under the title of the handbook's annex",
    title="Create XNAT project in HealthRI",
    note="Take this title only if the helpdesk asks for it; the other one comes first.",
)


def ticket_cases(profile: NodeProfile) -> Sequence[TicketCase]:
    """The cases of the node; a node of one's own gets the same ones, and is told whose they are."""
    cases = (_PROJECT, _ANNEX)
    if profile.name == "health-ri":
        return cases
    return [for_an_own_node(case, profile.name) for case in cases]
