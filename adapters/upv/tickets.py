"""What data holders of the UPV node ask the helpdesk for, titles and groups to the letter.

Source: eucaim-requirements.md 13.1, upv-node.md 6 and 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.helpdesk.cases import NODES, SUPPORT, for_an_own_node
from adapters.helpdesk.fields import (
    CODE,
    CONTACT,
    COUNTRY,
    DESCRIPTION,
    OTHERS,
    SITE_CODE,
    SITE_NAME,
    SUBPROJECTS,
    TIMEPOINTS,
    URL,
    USERNAME,
    VOLUME,
    name_of,
)
from adapters.upv.question import QUESTION
from transfer.tickets import TicketCase, TicketField

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile

_PROJECT: Final = TicketCase(
    key="project",
    step="ticket",
    what="the project on the node",
    title="Create a data ingestion imaging biobank",
    group=NODES,
    fallback_group=SUPPORT,
    opening="Please create this imaging biobank for data ingestion on the UPV reference node.",
    fields=(
        name_of("biobank"),
        USERNAME,
        URL,
        CODE,
        SUBPROJECTS,
        DESCRIPTION,
        TIMEPOINTS,
        SITE_CODE,
        SITE_NAME,
        COUNTRY,
        CONTACT,
        OTHERS,
        VOLUME,
    ),
)
_ANNEX: Final = replace(
    _PROJECT,
    key="project-annex",
    what="the same under the title of the handbook's annex",
    title="Create a data ingestion project in UPV",
    opening="Please create this project for data ingestion on the UPV reference node.",
    note="Take this title only if the helpdesk asks for it; the other one comes first.",
)
_CONFIGURATION: Final = TicketCase(
    key="configuration",
    step="tool",
    what="how QP-Insights takes images by DICOMweb",
    title="DICOMweb access to QP-Insights",
    group=NODES,
    fallback_group=SUPPORT,
    opening=QUESTION,
    fields=(
        replace(USERNAME, label="EUCAIM username", is_required=False, question=""),
        TicketField("project", "Project", "if it is there already", most_letters=80),
    ),
    note="The answer belongs into config.toml: dicomweb_url of the node, and stow_query or"
    " stow_headers.",
)


def ticket_cases(profile: NodeProfile) -> Sequence[TicketCase]:
    """The cases of the node; a node of one's own gets the same ones, and is told whose they are."""
    cases = (_PROJECT, _ANNEX, _CONFIGURATION)
    if profile.name == "upv":
        return cases
    return [for_an_own_node(case, profile.name) for case in cases]
