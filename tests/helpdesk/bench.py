"""A transfer with known patients, and a helpdesk that answers: what these tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.helpdesk.options import TOKEN, DeskSettings
from adapters.helpdesk.zammad import Helpdesk
from adapters.sandbox.helpdesk import CUSTOMER
from adapters.sandbox.server import Sandbox
from adapters.secrets import SecretStore
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, write_order
from transfer.tickets import TicketText

PATIENTS = (
    (1, "HOSP-0012345", "Etxeberría Quiñones^Maite", "19641124"),
    (2, "47110", "Li^Wei", "19420424"),
    (3, "AB-1", "Head^Max", "19500101"),
)
FACTS = ((1, "accession number", "RX19-4517574"), (1, "phone number", "+34 619965009"))
TITLE = "Create a data ingestion imaging biobank"


@contextmanager
def transfer_with_patients(folder: Path) -> Iterator[Ledger]:
    """A ledger that knows three patients, a study of each, and one source file."""
    with Ledger.create(folder / "ledger.sqlite") as ledger:
        write_order(ledger, Order("lung", "upv", Path("/data/export"), "LUNG|A"))
        with ledger.transaction():
            for row, original, name, born in PATIENTS:
                ledger.write("INSERT INTO patient VALUES (?, ?, ?, NULL)", row, original, name)
                ledger.write("INSERT INTO person VALUES (?, ?, ?, ?)", row, row, name, born)
                ledger.write(
                    "INSERT INTO study (id, patient_id, study_uid, study_date, description)"
                    " VALUES (?, ?, ?, '20240102', 'text')",
                    row,
                    row,
                    f"1.2.826.0.1.{row}",
                )
            for patient, kind, text in FACTS:
                ledger.write("INSERT INTO patient_fact VALUES (?, ?, ?)", patient, kind, text)
            ledger.write(
                "INSERT INTO source_file (path, size_bytes, mtime_ns, generation)"
                " VALUES (?, 1, 0, 1)",
                b"PAT/IMG00001.dcm",
            )
        yield ledger


def text_of(reference: str = "ET-AAAAAAAAAA", **changed: str) -> TicketText:
    """A ticket that is ready to go."""
    said = {
        "case": "project",
        "title": TITLE,
        "group": "Reference nodes",
        "fallback_group": "Technical support team",
        "body": f"Name of the biobank: Lung\n\nReference: {reference}\n",
        "reference": reference,
    }
    return TicketText(**{**said, **changed})


def desk_at(sandbox: Sandbox, folder: Path, token: str = CUSTOMER.token) -> Helpdesk:
    """A client of the stand-in; an empty token means none."""
    secrets = SecretStore(folder, environ={})
    if token:
        secrets.hold(TOKEN, token)
    return Helpdesk(settings_at(sandbox), secrets, environ={})


def settings_at(sandbox: Sandbox, read_timeout_s: float = 30.0) -> DeskSettings:
    """How the stand-in is reached."""
    return DeskSettings(
        url=sandbox.helpdesk_url, ca_file=sandbox.ca_file, read_timeout_s=read_timeout_s
    )
