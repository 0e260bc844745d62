"""What the ledger knows of one patient's way out: questions by row, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
FATE: Final = (
    "CASE WHEN i.state IN ('sent', 'verified') THEN i.state"
    " WHEN i.sent_at_utc IS NOT NULL OR b.state IN ('sending', 'unknown') THEN 'unsure'"
    " ELSE i.state END"
)
"""What is known of instance `i` in batch `b`: `unsure` where a request had no answer, or where the
node acknowledged what it does not list."""


class StudyRow(NamedTuple):
    """A Study of a patient, its names as they are kept."""

    row: int
    study_uid: str
    out_study_uid: bytes | str | None
    original_id: str
    pseudonym: bytes | str | None


class SeriesRow(NamedTuple):
    """A Series of a Study, its names as they are kept."""

    row: int
    series_uid: str
    out_series_uid: bytes | str | None


class FateCount(NamedTuple):
    """Instances of a Series of one fate."""

    fate: str
    n: int
    size_bytes: int
    first_sent_utc: str | None
    last_verified_utc: str | None


class InstanceRow(NamedTuple):
    """An instance, its names as they are kept; `path` is that of its file."""

    row: int
    sop_instance_uid: str
    out_sop_instance_uid: bytes | str | None
    fate: str
    sha256: str | None
    size_bytes: int
    sent_at_utc: str | None
    verified_at_utc: str | None
    path: bytes


class VolumeRow(NamedTuple):
    """A volume; `out_traits` is what its JSON says as it leaves, a document of traits."""

    row: int
    file: int
    patient: int | None
    traits: str
    out_traits: str
    state: str
    sha256: str
    json_sha256: str
    size_bytes: int
    sent_at_utc: str | None
    verified_at_utc: str | None
    handed_over_at_utc: str | None
    path: bytes


class ItemRow(NamedTuple):
    """A clinical item of which the node has, or may have, something."""

    row: int
    kind: str
    patient: int | None
    name: str
    state: str
    there_sha256: str
    size_bytes: int
    changed_at_utc: str


class TableRow(NamedTuple):
    """A row of a clinical table."""

    row: int
    patient: str
    is_kept_back: bool


def patient_of(ledger: Ledger, original_id: str) -> int | None:
    """The patient with exactly this ID."""
    found = ledger.row("SELECT id FROM patient WHERE original_id = ?", original_id)
    return int(found[0]) if found else None


def patients_named(ledger: Ledger, pseudonym: bytes | str) -> list[int]:
    """Patients who went under this name, as it is kept: sealed, or open after a purge."""
    return [
        int(row)
        for (row,) in ledger.rows(
            "SELECT id FROM patient WHERE pseudonym = ? AND pseudonym IS NOT NULL ORDER BY id",
            pseudonym,
        )
    ]


def patients_of_table_id(ledger: Ledger, text: str) -> list[int]:
    """The patients to whom a person's word links the rows with exactly this ID."""
    return [
        int(row)
        for (row,) in ledger.rows(
            "SELECT DISTINCT patient_id FROM clinical_row WHERE patient = ?"
            " AND patient_id IS NOT NULL ORDER BY patient_id",
            text,
        )
    ]


def all_patients(ledger: Ledger) -> Iterator[tuple[int, str, bytes | str | None]]:
    """Row, original ID and kept pseudonym of every patient."""
    last = 0
    while page := ledger.rows(
        "SELECT id, original_id, pseudonym FROM patient WHERE id > ? ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        yield from page
        last = page[-1][0]


def all_table_ids(ledger: Ledger) -> Iterator[tuple[int, str, int | None]]:
    """Row, ID and linked patient of every clinical row."""
    last = 0
    while page := ledger.rows(
        "SELECT id, patient, patient_id FROM clinical_row WHERE id > ? ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        yield from page
        last = page[-1][0]


def studies_of(ledger: Ledger, patient: int) -> list[StudyRow]:
    """The Studies of a patient, by row."""
    rows = ledger.rows(
        "SELECT s.id, s.study_uid, s.out_study_uid, p.original_id, p.pseudonym FROM study s"
        " JOIN patient p ON p.id = s.patient_id WHERE s.patient_id = ? ORDER BY s.id",
        patient,
    )
    return [StudyRow(*row) for row in rows]


def series_of(ledger: Ledger, study: int) -> list[SeriesRow]:
    """The Series of a Study, by row."""
    rows = ledger.rows(
        "SELECT id, series_uid, out_series_uid FROM series WHERE study_id = ? ORDER BY id", study
    )
    return [SeriesRow(*row) for row in rows]


def fates_of(ledger: Ledger, series: int) -> list[FateCount]:
    """What became of the instances of a Series, counted."""
    rows = ledger.rows(
        f"SELECT {FATE} AS fate, count(*), sum(i.size_bytes), min(i.sent_at_utc),"  # noqa: S608 - our own words
        " max(i.verified_at_utc) FROM instance i LEFT JOIN batch b ON b.id = i.batch_id"
        " WHERE i.series_id = ? GROUP BY fate ORDER BY fate",
        series,
    )
    return [FateCount(*row) for row in rows]


def instances_of_series(ledger: Ledger, series: int) -> Iterator[InstanceRow]:
    """Every instance of a Series, by row."""
    last = 0
    while page := ledger.rows(
        f"SELECT i.id, i.sop_instance_uid, i.out_sop_instance_uid, {FATE}, i.sha256,"  # noqa: S608 - our own words
        " i.size_bytes, i.sent_at_utc, i.verified_at_utc, f.path FROM instance i"
        " JOIN source_file f ON f.id = i.file_id LEFT JOIN batch b ON b.id = i.batch_id"
        " WHERE i.series_id = ? AND i.id > ? ORDER BY i.id LIMIT ?",
        series,
        last,
        _PAGE,
    ):
        yield from (InstanceRow(*row) for row in page)
        last = page[-1][0]


def all_volumes(ledger: Ledger) -> Iterator[VolumeRow]:
    """Every volume, by row."""
    last = 0
    while page := ledger.rows(
        "SELECT v.id, v.file_id, v.patient_id, v.traits, ifnull(v.out_traits, ''), v.state,"
        " v.sha256, v.json_sha256, v.size_bytes, v.sent_at_utc, v.verified_at_utc,"
        " v.handed_over_at_utc, f.path FROM volume v JOIN source_file f ON f.id = v.file_id"
        " WHERE v.id > ? ORDER BY v.id LIMIT ?",
        last,
        _PAGE,
    ):
        yield from (VolumeRow(*row) for row in page)
        last = page[-1][0]


def items_of(ledger: Ledger, patients: Sequence[int]) -> list[ItemRow]:
    """The documents of these subjects of which the node has, or may have, something."""
    found: list[ItemRow] = []
    for patient in patients:
        found += [
            ItemRow(*row)
            for row in ledger.rows(
                _ITEMS + " WHERE kind = 'subject' AND patient_id = ? AND"
                " (there_sha256 <> '' OR attempts > 0) ORDER BY id",
                patient,
            )
        ]
    return found


def shared_files(ledger: Ledger) -> list[ItemRow]:
    """Whole files on the node, which hold many subjects."""
    rows = ledger.rows(
        _ITEMS + " WHERE kind = 'file' AND (there_sha256 <> '' OR attempts > 0) ORDER BY id"
    )
    return [ItemRow(*row) for row in rows]


_ITEMS: Final = (
    "SELECT id, kind, patient_id, name, state, there_sha256, size_bytes, changed_at_utc"
    " FROM clinical_item"
)


def table_rows(ledger: Ledger, patients: Sequence[int], text: str) -> Iterator[TableRow]:
    """Rows that are linked to these patients, or bear exactly this ID."""
    seen: set[int] = set()
    for condition, value in [
        *(("r.patient_id = ?", patient) for patient in patients),
        ("r.patient = ?", text),
    ]:
        last = 0
        while page := ledger.rows(
            "SELECT r.id, r.patient, EXISTS (SELECT 1 FROM clinical_kept_back b"  # noqa: S608 - literals of ours
            f" WHERE b.patient = r.patient) FROM clinical_row r WHERE {condition}"
            " AND r.id > ? ORDER BY r.id LIMIT ?",
            value,
            last,
            _PAGE,
        ):
            for row, patient, is_kept_back in page:
                if row not in seen:
                    seen.add(row)
                    yield TableRow(row, patient, bool(is_kept_back))
            last = page[-1][0]


def rows_removed(ledger: Ledger, patients: Sequence[int]) -> int:
    """How many clinical rows these patients had before originals were removed."""
    return sum(
        ledger.number("SELECT n FROM rows_removed WHERE patient_id = ?", patient)
        for patient in patients
    )


def dataset_facts(ledger: Ledger) -> tuple[Any, ...] | None:
    """Id, name, version, stage, visibility, persistent identifiers (JSON) and page of the dataset
    that the transfer became."""
    return ledger.row(
        "SELECT dataset_id, name, version, stage, visibility, pids, link FROM publication"
    )
