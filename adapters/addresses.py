"""Addresses of EUCAIM that data holders of every node open in their own browser.

Source: the links of EUCAIM's handbook and dashboard (eucaim-requirements.md 17). Shown as text;
the program itself never asks them for anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from transfer.journey.steps import JourneyStep

DASHBOARD: Final = "https://dashboard.eucaim.cancerimage.eu"
HELPDESK: Final = "https://help.cancerimage.eu"
REGISTRATION_GUIDE: Final = "https://drive.google.com/file/d/1EsFYxbzqpyYKggyeKrKKw3FkVecDby8P/view"
ACCOUNT_LINKS: Final = (
    (REGISTRATION_GUIDE, "Guide to registering"),
    (DASHBOARD, "Dashboard: SITE ID"),
    (HELPDESK, "Helpdesk"),
)
"""For step 5: (address, what is there)."""
HELPDESK_FORM: Final = "https://dashboard.eucaim.cancerimage.eu/helpdesk"
HELPDESK_LINKS: Final = ((HELPDESK_FORM, "Without an account there: the dashboard's form"),)
"""For step 6, beside the helpdesk itself."""
GUIDE: Final = "https://eucaim.gitbook.io/enduserguide/6-userguide4members"
TOOL_LINKS: Final = (
    ("https://bio.tools/data_ingestion_tool_upv_reference_node", "The node's own upload tool"),
)
"""For step 7 on the UPV node."""
_READING: Final = ("https://eucaim.gitbook.io/", "https://xnat.readthedocs.io")


def of_own_node(step: JourneyStep, *, asks_for_nobody: bool = False) -> JourneyStep:
    """A step as it is on a node of one's own: without the addresses at which something could be
    asked for or put on a reference node, since they would lead its operator astray.
    `asks_for_nobody`: the node has no sign-in."""
    is_settled = asks_for_nobody and step.engine == "login"
    return replace(
        step,
        link=step.link if step.link.startswith(_READING) else "",
        links=tuple(link for link in step.links if link[0].startswith(_READING)),
        settled="This node asks for no sign-in." if is_settled else "",
    )
