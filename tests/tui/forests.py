"""Ledgers with as many patients, Studies and Series as one likes, made by SQL in a moment."""

# ruff: noqa: S608 - what is put together here are literals of ours; every value is a parameter

from __future__ import annotations

from transfer.ledger.connection import Ledger

_NUMBERS = "WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ?)"


def grow(ledger: Ledger, patients: int, *, studies: int = 1, series: int = 5) -> None:
    """`studies` per patient and `series` per Study, each of one instance of 1,000 bytes; CT and
    MR by turns, one Series in a hundred of the body part BREAST, the others CHEST."""
    with ledger.transaction():
        ledger.write(
            f"{_NUMBERS} INSERT INTO patient (original_id, original_name)"
            " SELECT 'HOSP-' || n, 'SURNAME' || n FROM k",
            patients,
        )
        ledger.write(
            f"{_NUMBERS} INSERT INTO study (patient_id, study_uid, study_date, description)"
            " SELECT (n - 1) / ? + 1, '1.2.' || n, 20200101 + n % 28, 'STAGING ' || n FROM k",
            patients * studies,
            studies,
        )
        total = patients * studies * series
        ledger.write(
            f"{_NUMBERS} INSERT INTO series (study_id, series_uid, modality, series_number,"
            " description, body_part, manufacturer) SELECT (n - 1) / ? + 1, '1.2.3.' || n,"
            " iif(n % 2, 'CT', 'MR'), n, 'THORAX ' || n, iif(n % 100, 'CHEST', 'BREAST'), 'X'"
            " FROM k",
            total,
            series,
        )
        ledger.write(
            f"{_NUMBERS} INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict,"
            " kind) SELECT CAST('IMG' || n AS BLOB), 1000, 0, 1, 'instance', 'instance' FROM k",
            total,
        )
        ledger.write(
            f"{_NUMBERS} INSERT INTO instance (file_id, file_bytes, file_mtime_ns, series_id,"
            " sop_instance_uid, sop_class_uid, transfer_syntax_uid, body_offset, has_part10,"
            " deidentified, size_bytes, state) SELECT n, 1000, 0, n, '1.2.3.4.' || n,"
            " '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', 0, 1, 1, 1000, 'ready' FROM k",
            total,
        )


def exclude(ledger: Ledger, *series: int) -> None:
    """These Series stay."""
    with ledger.transaction():
        ledger.write_many(
            "UPDATE instance SET state = 'excluded' WHERE series_id = ?", [(n,) for n in series]
        )
