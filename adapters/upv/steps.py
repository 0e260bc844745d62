"""Steps 4 to 10 of the EUCAIM handbook on the UPV node, as text for the screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.addresses import (
    ACCOUNT_LINKS,
    GUIDE,
    HELPDESK,
    HELPDESK_LINKS,
    TOOL_LINKS,
    of_own_node,
)
from adapters.upv.clinical_ways import QP_SUBJECTS
from transfer.journey.steps import Journey, JourneyStep

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile

_STEPS = (
    JourneyStep(
        id="deidentify",
        number=4,
        title="De-identify",
        text=(
            "Names, dates and private data are taken out of the headers on this machine, by the "
            "profile or script that the transfer was made with; pixel data pass through. The "
            "same key gives the same pseudonyms in every delivery. Look here at each header "
            "before and after, at the texts that stay, and at what was stopped and why."
        ),
        link="https://eucaim.gitbook.io/handbook/transfer",
        engine="deidentify",
    ),
    JourneyStep(
        id="account",
        number=5,
        title="Account and sign-in",
        text=(
            "Register on the node through LS-AAI. Ask there for the role Data ingester, and for "
            "Dataset manager if you are to do step 10. Accept the terms in the browser. Add a "
            "password: User Account, Account security, Signing in. Take the SITE ID of your "
            "institution from the dashboard. Sign in here."
        ),
        link="https://eucaim-node.i3m.upv.es/",
        engine="login",
        links=ACCOUNT_LINKS,
    ),
    JourneyStep(
        id="ticket",
        number=6,
        title="Ticket for the project",
        text=(
            'The helpdesk makes the project by a ticket with the title "Create a data ingestion '
            'imaging biobank" in the group Reference nodes (else Technical support team). It names '
            "the biobank, the EUCAIM username that manages it, and a URL if there is one; "
            "subprojects and timepoints save a question. It is composed here, to be copied, saved "
            "or sent. An answer is promised within 48 hours."
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
            "This program is the tool. The doctor looks at this machine, the way to the node "
            "(proxy, TLS 1.3, certificate), the sign-in, your roles and the project, and says of "
            "each what to do and whom to ask."
        ),
        link=GUIDE,
        engine="doctor",
        links=TOOL_LINKS,
    ),
    JourneyStep(
        id="images",
        number=8,
        title="Send the images",
        text=(
            "Every SOP Instance goes to the node by STOW-RS and is then looked for by QIDO-RS: "
            "sent means acknowledged one by one, verified means that the node lists it."
        ),
        link="https://qpinsights.eucaim-node.i3m.upv.es/cases",
        engine="upload",
    ),
    JourneyStep(
        id="clinical",
        number=9,
        title="Send the clinical data",
        text=(
            "After the images are verified, the clinical table goes under the pseudonyms of the "
            "images: as an eForm for each subject, as a table, or as checked files that a person "
            "uploads in QP-Insights, whichever the node is configured for. Each subject has its "
            "own answer, and is read back where the node gives it back. Images alone are a "
            "choice too, recorded with its reason."
        ),
        link=QP_SUBJECTS,
        engine="clinical",
    ),
    JourneyStep(
        id="dataset",
        number=10,
        title="Create and release the dataset",
        text=(
            "Legal clearance and both signatures of the data transfer agreement come first; "
            "before them nothing is released. The dataset is born in QP-Insights: select the "
            "cases there and press Export dataset. It is picked up here and followed until the "
            "node has created it, its counts are compared with what was verified, and its "
            "metadata are filled in. Then it is released, which cannot be taken back; the "
            "platform validates and publishes it. Last comes its entry in the catalogue."
        ),
        link="https://eucaim-node.i3m.upv.es/dataset-service/datasets?invalidated=false",
        engine="publish",
        links=(("https://qpinsights.eucaim-node.i3m.upv.es/cases", "QP-Insights, cases"),),
    ),
)


def journey(profile: NodeProfile) -> Journey:
    """The steps in the handbook's order; a node of one's own gets the same ones."""
    if profile.name == "upv":
        return Journey(title="UPV reference node", steps=_STEPS)
    is_open = profile.options.get("auth", "none") == "none"
    return Journey(
        title=f"Node {profile.name}",
        steps=tuple(of_own_node(step, asks_for_nobody=is_open) for step in _STEPS),
    )
