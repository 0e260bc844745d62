"""The tickets that every node's data holders may need; titles and groups to the letter.

Source: eucaim-requirements.md 13.1 (rule HLP-01) and upv-node.md 6. What a kind of node adds stands
in its own package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from adapters.helpdesk.fields import DATASET, ORGANISATION, REPORT, URL, USERNAME
from transfer.tickets import TicketCase, TicketField

NODES: Final = "Reference nodes"
SUPPORT: Final = "Technical support team"
_OPTIONAL_USERNAME: Final = replace(
    USERNAME, label="EUCAIM username", is_required=False, question=""
)

TOOL: Final = TicketCase(
    key="tool",
    step="tool",
    what="trouble with this program",
    title="Trouble with eucaim-transfer",
    group=NODES,
    fallback_group=SUPPORT,
    opening="A data holder cannot go on with the transfer tool (step 7).",
    fields=(
        TicketField(
            "trouble",
            "What happens",
            "what was done, what came back",
            is_required=True,
            most_letters=1800,
            question="What happens?",
        ),
        TicketField("at_step", "Step", "doctor, login, upload …", most_letters=80),
        TicketField("error_code", "Error code", "exit code or HTTP status", most_letters=80),
        TicketField("version", "Version", is_required=True, most_letters=200),
        _OPTIONAL_USERNAME,
    ),
    note="The doctor's report helps: on its screen the key w keeps it with the transfer; by command"
    " doctor NAME --json > doctor.json, then --send --attach doctor.json.",
)
SITE_ID: Final = TicketCase(
    key="site-id",
    step="account",
    what="the dashboard shows no SITE ID",
    title="SITE ID missing in the dashboard",
    group="dashboard",
    fallback_group=SUPPORT,
    opening="The dashboard's profile page shows no SITE ID for our organisation. Please add it.",
    fields=(
        ORGANISATION,
        TicketField(
            "account",
            "LS-AAI account",
            "as the dashboard shows it",
            is_required=True,
            most_letters=120,
            question="Which LS-AAI account looks at the dashboard?",
            names_staff=True,
        ),
    ),
)
ROLE: Final = TicketCase(
    key="role",
    step="account",
    what="a role on the node is missing",
    title="Role missing on the reference node",
    group=NODES,
    fallback_group=SUPPORT,
    opening="An account lacks a role that it needs to send data. Please grant it.",
    fields=(
        replace(USERNAME, label="EUCAIM username", question="Whose role is missing?"),
        TicketField(
            "role",
            "Role",
            "Data ingester, Dataset manager, or both",
            is_required=True,
            most_letters=80,
            question="Which role is missing?",
        ),
        TicketField("node", "Node", is_required=True, most_letters=80),
        TicketField("project", "Project", "if the role is for one", most_letters=80),
    ),
)
CATALOGUE: Final = TicketCase(
    key="catalogue",
    step="dataset",
    what="an entry in the catalogue",
    title="Catalogue entry for a dataset",
    group="catalogue",
    fallback_group=SUPPORT,
    opening="Please add this dataset to the catalogue; its metadata are in the attached"
    " spreadsheet, with the same identifier.",
    fields=(
        DATASET,
        TicketField("dataset_name", "Name of the dataset", most_letters=128),
        replace(URL, key="dataset_url", label="URL of the dataset"),
        REPORT,
    ),
    note="First the report, whose digest goes into the text: key e of the journey, or report NAME."
    " Then the spreadsheet, for the attachment: key w of the catalogue's page, or catalogue NAME"
    " --xlsx FILE.xlsx, then --attach FILE.xlsx. The identifier cannot be changed once the entry is"
    " there.",
)
MAILING_LIST: Final = TicketCase(
    key="mailing-list",
    step="account",
    what="the mailing list of data holders",
    title="Mailing list of data holders",
    group="First line support",
    fallback_group=SUPPORT,
    opening="Please add our organisation to the mailing list of data holders.",
    fields=(
        ORGANISATION,
        TicketField("addresses", "E-mail addresses to add", most_letters=400, names_staff=True),
    ),
)
ETL: Final = TicketCase(
    key="etl",
    step="clinical",
    what="files for the ETL",
    title="Files for ETL ingestion",
    group="ETL ingestion support",
    fallback_group=SUPPORT,
    opening="The three CSV files for the ETL (clinical data, DICOM metadata, timepoints) are"
    " attached; all identifiers in them are pseudonyms.",
    fields=(DATASET, TicketField("dataset_name", "Name of the dataset", most_letters=128), REPORT),
    note="Attach the three files: --attach FILE.csv, once for each.",
)
WITHDRAWAL: Final = TicketCase(
    key="withdrawal",
    step="dataset",
    what="the withdrawal of one subject",
    title="Withdrawal of one subject's data",
    group=NODES,
    fallback_group=SUPPORT,
    opening="One subject's data are withdrawn. Please remove the images and clinical data named"
    " below from the node, and from every dataset, version and copy that holds them; tell us when"
    " that is done, and who had access meanwhile.",
    fields=(
        TicketField("subject", "Subject", is_required=True, most_letters=400),
        TicketField("node", "Node", is_required=True, most_letters=80),
        TicketField("project", "Project", most_letters=200),
        TicketField("went", "What went there", is_required=True, most_letters=400),
        TicketField("studies", "Studies", most_letters=4000),
        TicketField("dataset", "Dataset", most_letters=800),
    ),
    note="The whole list goes as an attachment: recall NAME PATIENT --csv FILE.csv, then --send"
    " --attach FILE.csv.",
)
_WITHDRAWN: Final = re.compile(r"withdrawal-([A-Z][0-9]{1,15})(?:\..*)?")

COMMON: Final[Sequence[TicketCase]] = (TOOL, SITE_ID, ROLE, CATALOGUE, MAILING_LIST, ETL)


def for_an_own_node(case: TicketCase, name: str) -> TicketCase:
    """A case of a kind, for a node that is not EUCAIM's: said beside the text."""
    note = (
        f"Title and group are those of EUCAIM's helpdesk; {name} is a node of your own, whose"
        " administrators may want another way."
    )
    return replace(case, note=note)


def withdrawal_of(key: str) -> TicketCase:
    """The case of one subject, by row key: each has its own fields and tickets, so that a second
    withdrawal need not wait for the first one's answer."""
    case = f"{WITHDRAWAL.key}-{key}"
    fields = tuple(replace(field, key=f"{case}.{field.key}") for field in WITHDRAWAL.fields)
    return replace(WITHDRAWAL, key=case, what=f"the withdrawal of {key}", fields=fields)


def withdrawals(keys: Iterable[str]) -> list[TicketCase]:
    """The cases of withdrawals that were begun, by keys of tickets and of their fields."""
    begun = dict.fromkeys(found[1] for key in keys if (found := _WITHDRAWN.fullmatch(key)))
    return [withdrawal_of(key) for key in begun]
