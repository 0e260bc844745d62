"""Steps 4 to 10 of the EUCAIM handbook on the UPV node, as text for the screens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.addresses import ACCOUNT_LINKS
from transfer.journey.steps import Journey, JourneyStep

if TYPE_CHECKING:
    from adapters.profiles import NodeProfile

_UPV = "eucaim-node.i3m.upv.es"
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
            "Open a ticket in the group Reference nodes (else Technical support team) with the "
            'title "Create a data ingestion imaging biobank"; name the biobank, the EUCAIM '
            "username that manages it and a URL if there is one; add the subprojects and "
            "timepoints you need. The text is composed here."
        ),
        link="https://help.cancerimage.eu",
        engine="ticket",
    ),
    JourneyStep(
        id="tool",
        number=7,
        title="A working tool",
        text=(
            "This program is the tool. The doctor checks that this machine reaches the node over "
            "TLS 1.3, that the sign-in holds and that the disk has room."
        ),
        link="https://eucaim.gitbook.io/enduserguide/6-userguide4members",
        engine="doctor",
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
            "One table, first column PatientID, the pseudonyms as in the images. Not carried out "
            "by this version yet: upload it in QP-Insights, in the project, after the images are "
            "verified."
        ),
        link="https://qpinsights.eucaim-node.i3m.upv.es/cases/subjects",
    ),
    JourneyStep(
        id="dataset",
        number=10,
        title="Create and release the dataset",
        text=(
            "Legal clearance and both signatures of the data transfer agreement come first. Not "
            "carried out by this version yet: choose the cases in QP-Insights, press Export "
            "dataset, fill in the metadata, release it; the node validates and publishes."
        ),
        link="https://eucaim-node.i3m.upv.es/dataset-service/datasets?invalidated=false",
    ),
)


def journey(profile: NodeProfile) -> Journey:
    """The steps in the handbook's order; a node of one's own gets the same ones."""
    if profile.name == "upv":
        return Journey(title="UPV reference node", steps=_STEPS)
    # The addresses of the UPV node would lead the operator of another node astray.
    steps = tuple(replace(step, link="") if _UPV in step.link else step for step in _STEPS)
    return Journey(title=f"Node {profile.name}", steps=steps)
