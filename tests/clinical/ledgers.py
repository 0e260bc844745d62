"""A ledger with patients and studies of given dates, without any image behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, write_order
from transfer.quality.attributes import PATIENT_AGE, PATIENT_ID, Traits
from transfer.quality.judging import write_traits

COUNT_STUDIES = "SELECT count(*) FROM study"


@contextmanager
def ledger_of(
    folder: Path,
    patients: Mapping[str, Sequence[str]],
    *,
    clinical: Path | None = None,
    age: str = "061Y",
    deid: str | None = None,
) -> Iterator[Ledger]:
    """Patients by ID, each with the dates of its studies; one CT instance a study.

    Patients and studies are numbered from 1 in the order given.
    """
    with Ledger.create(folder / "ledger.sqlite") as ledger:
        write_order(
            ledger,
            Order("thorax", "upv", folder, "THORAX|2024", clinical=clinical, deid=deid),
        )
        with ledger.transaction():
            for patient_id, dates in patients.items():
                add_patient(ledger, patient_id, dates, age)
        yield ledger


def add_patient(ledger: Ledger, patient_id: str, dates: Sequence[str], age: str) -> None:
    """A patient with studies of those dates, inside a transaction."""
    patient = ledger.write(
        "INSERT INTO patient (original_id, original_name) VALUES (?, '')", patient_id
    )
    document = write_traits(Traits({PATIENT_ID.tag: patient_id, PATIENT_AGE.tag: age}))
    ledger.write("INSERT OR IGNORE INTO traits (document) VALUES (?)", document)
    (traits,) = ledger.row("SELECT id FROM traits WHERE document = ?", document) or (None,)
    for date in dates:
        study = ledger.write(
            "INSERT INTO study (patient_id, study_uid, study_date, description)"
            " VALUES (?, ?, ?, 'TC TORAX')",
            patient,
            f"1.2.3.{patient}.{ledger.number(COUNT_STUDIES)}",
            date,
        )
        series = ledger.write(
            "INSERT INTO series (study_id, series_uid, modality, series_number, description,"
            " body_part, manufacturer) VALUES (?, ?, 'CT', '1', '', 'CHEST', 'ACME')",
            study,
            f"1.2.4.{study}",
        )
        file = ledger.write(
            "INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict, kind)"
            " VALUES (?, 1000, 1, 1, 'instance', 'dicom')",
            f"{study}.dcm".encode(),
        )
        ledger.write(
            "INSERT INTO instance (file_id, file_bytes, file_mtime_ns, series_id,"
            " sop_instance_uid, sop_class_uid, transfer_syntax_uid, body_offset, has_part10,"
            " deidentified, size_bytes, state, traits_id)"
            " VALUES (?, 1000, 1, ?, ?, '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', 132,"
            " 1, 0, 1000, 'ready', ?)",
            file,
            series,
            f"1.2.5.{study}",
            traits,
        )


def exclude_study(ledger: Ledger, study: int) -> None:
    """Take a study out of the dataset, as a person's choice does."""
    with ledger.transaction():
        ledger.write(
            "UPDATE instance SET state = 'excluded' WHERE series_id IN"
            " (SELECT id FROM series WHERE study_id = ?)",
            study,
        )
