"""What tickets ask for, field by field. Limits: upv-node.md 2.2, 4.1 and 6."""

from __future__ import annotations

from typing import Final

from transfer.tickets import TicketField

_PERSON_OR_PLACE: Final = 120

USERNAME: Final = TicketField(
    "username",
    "EUCAIM username of who manages it",
    "3-24 of a-z, 0-9, -",
    is_required=True,
    pattern=r"[0-9a-z-]{3,24}",
    fault="must have 3 to 24 characters: small letters, digits and hyphens",
    most_letters=24,
    question="Which EUCAIM user will manage it?",
    names_staff=True,
)
URL: Final = TicketField(
    "url",
    "URL",
    "if there is one",
    pattern=r"https?://[^\s<>\"]+",
    fault="must be a web address that begins with https:// or http://",
    most_letters=400,
    names_staff=True,
)
CODE: Final = TicketField(
    "code",
    "Project code wished for",
    "2-20 letters, digits, -",
    pattern=r"[A-Za-z0-9-]{2,20}",
    fault="must have 2 to 20 characters: letters, digits and hyphens",
    most_letters=20,
)
SUBPROJECTS: Final = TicketField(
    "subprojects",
    "Subprojects",
    "each 3-50 long, commas",
    pattern=r"[^,]{3,50}(,[^,]{3,50})*",
    fault="must have 3 to 50 characters each, with commas between them",
    most_letters=400,
)
DESCRIPTION: Final = TicketField(
    "description", "Description", "at most 80 characters", most_letters=80
)
TIMEPOINTS: Final = TicketField(
    "timepoints",
    "Timepoints of the project",
    "else Diagnosis alone",
    most_letters=400,
)
SITE_CODE: Final = TicketField(
    "site_code", "Code of the site", "at most 16 characters", most_letters=16, names_staff=True
)
SITE_NAME: Final = TicketField(
    "site_name", "Name of the site", "at most 50 characters", most_letters=50, names_staff=True
)
COUNTRY: Final = TicketField("country", "Country of the site", most_letters=50, names_staff=True)
CONTACT: Final = TicketField(
    "contact",
    "Contact of the site",
    "who, and how to reach",
    most_letters=_PERSON_OR_PLACE,
    names_staff=True,
)
OTHERS: Final = TicketField(
    "others",
    "Who else needs which role",
    "ada-l: Dataset manager",
    most_letters=400,
    names_staff=True,
)
VOLUME: Final = TicketField(
    "volume", "Expected volume", "patients, studies, GB: counts only", most_letters=_PERSON_OR_PLACE
)
ORGANISATION: Final = TicketField(
    "organisation",
    "Organisation",
    "the hospital or institute",
    is_required=True,
    most_letters=_PERSON_OR_PLACE,
    question="Which organisation?",
    names_staff=True,
)
DATASET: Final = TicketField(
    "dataset",
    "Identifier of the dataset",
    "as the federated search knows it; on UPV its UUID",
    is_required=True,
    most_letters=128,
    question="Which dataset?",
)
REPORT: Final = TicketField(
    "report",
    "Digest of the report",
    "write the report first: e of the journey",
    most_letters=400,
)
"""Proves a copy of the evidence: kept outside the folder, where nobody can make it anew."""


def name_of(what: str) -> TicketField:
    """The name of what the ticket asks for: `biobank`, `project`."""
    return TicketField(
        "name",
        f"Name of the {what}",
        "as people are to know it",
        is_required=True,
        most_letters=128,
        question=f"What is the {what} called?",
    )
