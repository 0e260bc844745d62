"""Steps 4 to 10 of the EUCAIM handbook on the Health-RI node, as text for the screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.addresses import ACCOUNT_LINKS, GUIDE, HELPDESK, HELPDESK_LINKS, of_own_node
from transfer.journey.steps import Journey, JourneyStep, Stages

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile

_SERVICE = "https://www.health-ri.nl/en/services/xnat"
_STEPS = (
    JourneyStep(
        id="deidentify",
        number=4,
        title="De-identify",
        text=(
            "On this route images are anonymised on their way by a CTP script, which Health-RI "
            "hands out, or by a profile; no CTP is needed, and pixel data pass through. Look here "
            "at each header before and after, at the texts that stay, and at what was stopped and "
            "why."
        ),
        link="https://eucaim.gitbook.io/handbook/transfer",
        engine="deidentify",
    ),
    JourneyStep(
        id="account",
        number=5,
        title="Account and sign-in",
        text=(
            "Register as a EUCAIM user through LS-AAI. Sign in to XNAT in the browser once: the "
            "account exists there from then on. Take the SITE ID of your institution from the "
            "dashboard. Sign in here: where the node gives a token for the password, a transfer "
            "on its own needs nobody."
        ),
        link="https://xnat.health-ri.nl",
        engine="login",
        links=ACCOUNT_LINKS,
    ),
    JourneyStep(
        id="ticket",
        number=6,
        title="Ticket for the project",
        text=(
            'The helpdesk makes the project by a ticket with the title "Create XNAT project" in '
            "the group Reference nodes (else Technical support team). It names the project, the "
            "EUCAIM username that manages it, and a URL if there is one. Member is enough to send, "
            "only an owner can publish. It is composed here, to be copied, saved or sent. An "
            "answer is promised within 48 hours."
        ),
        link=HELPDESK,
        engine="ticket",
        links=HELPDESK_LINKS,
    ),
    JourneyStep(
        id="tool",
        number=7,
        title="A working tool",
        text=(
            "This program is the tool; it takes the place of CTP. The doctor looks at this "
            "machine, the way to the node (proxy, TLS 1.3, certificate), the sign-in, the node's "
            "version and your role in the project, and says of each what to do and whom to ask."
        ),
        link=GUIDE,
        engine="doctor",
        links=((_SERVICE, "The node's service page"),),
    ),
    JourneyStep(
        id="images",
        number=8,
        title="Send the images",
        text=(
            "Each Series goes to XNAT's prearchive; when a Study is whole it is archived, once. "
            "Sent means acknowledged, verified means that the archive's catalogue lists the SOP "
            "Instance UID."
        ),
        link="https://xnat.health-ri.nl",
        engine="upload",
    ),
    JourneyStep(
        id="clinical",
        number=9,
        title="Send the clinical data",
        text=(
            "The table is checked against the minimum sets and the images, gets the pseudonyms of "
            'the images, and goes to the resource "clinical": as CSV at the project, as JSON at '
            "each subject. Each file is read back and compared; nothing there is written over "
            "unless you say so. Only after the images are verified."
        ),
        link="https://xnat.readthedocs.io",
        engine="clinical",
    ),
    JourneyStep(
        id="dataset",
        number=10,
        title="Publish the dataset",
        text=(
            "Legal clearance and both signatures of the data transfer agreement come first. Then "
            "the project is the dataset: its title, description, keywords and investigator are "
            "looked over, its counts compared with what was sent, and an owner sets its "
            "accessibility: protected (data on request) or public. It is read back, and the "
            "catalogue's entry looked up."
        ),
        link="https://xnat.health-ri.nl",
        engine="publish",
    ),
)

# XNAT's own words: RECEIVING rows, the prearchive, the archive.
_STAGES = Stages(sending="receiving", sent="prearchive", committed="archived")


def journey(profile: NodeProfile) -> Journey:
    """The steps in the handbook's order; a node of one's own gets the same ones."""
    if profile.name == "health-ri":
        return Journey(title="Health-RI node", steps=_STEPS, stages=_STAGES)
    return Journey(
        title=f"Node {profile.name}",
        steps=tuple(of_own_node(step) for step in _STEPS),
        stages=_STAGES,
    )
