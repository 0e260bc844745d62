"""A transfer whose patients, Studies and Series have names to be looked for, dates and findings."""

from __future__ import annotations

from tests.tui.ledgers import make_ledger
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding
from transfer.workspace import Home, Workspace

NAME = "lung-2024"
SURNAME = "Quintanilla"
# Markup, an escape sequence, a bell, an override of the reading order, a blank of no width.
HOSTILE = "[b]bold[/x] \x1b[31mred\x07 \u202eesrever\u202c \u200bend"

_PATIENTS = (
    (
        "HOSP-0001",
        (
            (
                "20240117",
                f"CT CHEST {SURNAME}",
                (("CT", "CHEST 2.5 MM", "CHEST", 3), ("SEG", "", "CHEST", 1)),
            ),
            ("20240321", "PET CONTROL", (("PT", "WHOLE BODY", "WHOLEBODY", 2),)),
        ),
    ),
    ("HOSP-0002", (("20230502", "MR PROSTATE", (("MR", "T2 TSE AX", "PROSTATE", 4),)),)),
    (
        "HOSP-0003",
        (
            ("20220610", "CT ABDOMEN", (("CT", "ARTERIAL", "ABDOMEN", 2),)),
            ("20220610", "CT LIVER", (("CT", "VENOUS", "LIVER", 2),)),
        ),
    ),
)


def make_tree(home: Home) -> Workspace:
    """P1: S1 (E1 CT of 3 instances, E2 SEG of 1) and S2 (E3 PT of 2). P2: S3 (E4 MR of 4). P3: S4
    and S5, both of one day. Each instance has 1 MB; E1 warns, S3 stops."""
    workspace = make_ledger(home, NAME)
    with Ledger.open(workspace.ledger) as ledger:
        with ledger.transaction():
            for original, studies in _PATIENTS:
                patient = ledger.write(
                    "INSERT INTO patient (original_id, original_name) VALUES (?, ?)",
                    original,
                    f"{SURNAME}^Ada",
                )
                for date, description, series in studies:
                    _add_study(ledger, patient, date, description, series)
        record_finding(
            ledger,
            Finding(
                *("IMG-03", "warn", "series", "E1", "Body Part Examined is unusual."),
                *("Look at it.", 3, "I1"),
            ),
        )
        record_finding(
            ledger,
            Finding(
                *("IMG-05", "block", "study", "S3", "Acquisition Date is missing."),
                *("Ask the department.", 4, "I7"),
            ),
        )
    return workspace


def _add_study(
    ledger: Ledger,
    patient: int,
    date: str,
    description: str,
    series: tuple[tuple[str, str, str, int], ...],
) -> None:
    study = ledger.write(
        "INSERT INTO study (patient_id, study_uid, study_date, description) VALUES (?, ?, ?, ?)",
        patient,
        f"1.2.3.{patient}.{date}.{description[:6].strip()}",
        date,
        description,
    )
    for modality, text, part, instances in series:
        row = ledger.write(
            "INSERT INTO series (study_id, series_uid, modality, series_number, description,"
            " body_part, manufacturer) VALUES (?, ?, ?, '1', ?, ?, 'ACME')",
            study,
            f"1.2.3.{study}.{modality}.{text}",
            modality,
            text,
            part,
        )
        for number in range(instances):
            _add_instance(ledger, row, number)


def _add_instance(ledger: Ledger, series: int, number: int) -> None:
    file = ledger.write(
        "INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict, kind)"
        " VALUES (?, 1000000, 0, 1, 'instance', 'instance')",
        f"{series}/{number}.dcm".encode(),
    )
    ledger.write(
        "INSERT INTO instance (file_id, file_bytes, file_mtime_ns, series_id, sop_instance_uid,"
        " sop_class_uid, transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes,"
        " state) VALUES (?, 1000000, 0, ?, ?, '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1',"
        " 0, 1, 1, 1000000, 'ready')",
        file,
        series,
        f"1.2.3.4.{series}.{number}",
    )


def put_hostile_texts(workspace: Workspace) -> None:
    """Every text that files give, in its most hostile form."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE patient SET original_id = original_id || ?", HOSTILE)
        ledger.write(
            "UPDATE study SET description = ?, study_date = substr(study_date || ?, 1, 20)",
            HOSTILE,
            HOSTILE,
        )
        ledger.write(
            "UPDATE series SET description = ?, modality = modality || ?, body_part = ?",
            HOSTILE,
            HOSTILE,
            HOSTILE,
        )
        ledger.write("UPDATE finding SET message = ?, remedy = ?", HOSTILE, HOSTILE)
