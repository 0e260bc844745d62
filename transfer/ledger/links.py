"""Which row of a clinical table is which patient of the images: equal IDs, and persons' words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
LINK_RULE: Final = "LNK-02"
_FORM: Final = ("likeness", "2")
"""Setting, and which likeness is kept: what looks alike has been widened since the first."""
SAME: Final = "same"
DIFFERENT: Final = "different"

_LINKED: Final = """
  (SELECT ifnull((SELECT p.id FROM patient p WHERE p.original_id = clinical_row.patient
      AND clinical_row.patient <> ''),
    (SELECT l.patient_id FROM clinical_link l WHERE l.patient = clinical_row.patient
      AND l.is_same = 1)))
"""

FIRST_OF_ITS_ID: Final = (
    "NOT EXISTS (SELECT 1 FROM clinical_row f WHERE f.patient = r.patient AND f.id < r.id)"
)
"""Whether row `r` is the first with its Patient ID."""

OF_NO_PATIENT: Final = "NOT EXISTS (SELECT 1 FROM patient q WHERE q.original_id = r.patient)"
"""Whether no patient of the images has the Patient ID of row `r`."""

LOOKS_LIKE: Final = (
    "FROM patient_likeness k WHERE k.likeness = r.likeness AND NOT EXISTS"
    " (SELECT 1 FROM clinical_row o JOIN patient q ON q.original_id = o.patient"
    " WHERE q.id = k.patient_id)"
)
"""Patients `k` who look like row `r`; one whose own ID stands in the table is somebody else."""

UNSETTLED: Final = (
    " AND NOT EXISTS (SELECT 1 FROM clinical_link l WHERE l.patient = r.patient"
    " AND l.patient_id = k.patient_id)"
)
"""Behind it: of whom no person has said whether that is so."""

NOT_KEPT_BACK: Final = "NOT EXISTS (SELECT 1 FROM clinical_kept_back b WHERE b.patient = r.patient)"
"""Whether no person said that the rows with the Patient ID of row `r` stay here."""


class Alike(NamedTuple):
    """A table's ID and a patient's that look alike. `row` is the first with that ID, `patients` how
    many patients look like it."""

    row: int
    patient_row: int
    patients: int


def link_rows(ledger: Ledger, likeness: Callable[[str], str]) -> None:
    """Link every row to its patient: where both have the same ID, or a person said so."""
    _renew_likenesses(ledger, likeness)
    _add_likenesses(ledger, likeness)
    with ledger.transaction():
        _take_words(ledger)
        ledger.write(
            f"UPDATE clinical_row SET patient_id = {_LINKED} WHERE patient_id IS NOT {_LINKED}"  # noqa: S608 - literals of ours
        )


def _renew_likenesses(ledger: Ledger, likeness: Callable[[str], str]) -> None:
    """Make those anew that an earlier version kept: old and new ones are not alike."""
    if ledger.row("SELECT 1 FROM setting WHERE name = ? AND value = ?", *_FORM):
        return
    after = 0
    is_old = bool(ledger.number("SELECT EXISTS (SELECT 1 FROM patient_likeness)"))
    while is_old and (
        page := ledger.rows(
            "SELECT id, patient FROM clinical_row WHERE id > ? ORDER BY id LIMIT ?", after, _PAGE
        )
    ):
        with ledger.transaction(durable=False):
            ledger.write_many(
                "UPDATE clinical_row SET likeness = ? WHERE id = ?",
                [(likeness(patient), row) for row, patient in page],
            )
        after = page[-1][0]
    with ledger.transaction():
        ledger.write("DELETE FROM patient_likeness")
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", *_FORM)


def _add_likenesses(ledger: Ledger, likeness: Callable[[str], str]) -> None:
    while page := ledger.rows(
        "SELECT p.id, p.original_id FROM patient p WHERE NOT EXISTS"
        " (SELECT 1 FROM patient_likeness k WHERE k.patient_id = p.id) LIMIT ?",
        _PAGE,
    ):
        with ledger.transaction(durable=False):
            ledger.write_many(
                "INSERT INTO patient_likeness VALUES (?, ?)",
                [(row, likeness(original)) for row, original in page],
            )


def _take_words(ledger: Ledger) -> None:
    for alike in alike_pairs(ledger, unsettled_only=False):
        found = ledger.row(
            "SELECT value FROM settled WHERE rule = ? AND key = ? AND standing = 'answered'",
            LINK_RULE,
            f"R{alike.row}",
        )
        if found and found[0] in (SAME, DIFFERENT) and alike.patients == 1:
            if found[0] == SAME:
                # An ID is one patient's: what was said of another table's row counts no more.
                ledger.write(
                    "UPDATE clinical_link SET is_same = 0 WHERE patient_id <> ? AND patient ="
                    " (SELECT patient FROM clinical_row WHERE id = ?)",
                    alike.patient_row,
                    alike.row,
                )
            ledger.write(
                "INSERT OR REPLACE INTO clinical_link"
                " SELECT patient, ?, ? FROM clinical_row WHERE id = ?",
                alike.patient_row,
                found[0] == SAME,
                alike.row,
            )


def take_back_words(ledger: Ledger, rows: Sequence[int]) -> None:
    """Forget what persons said of the IDs of these rows, which is then asked about again. Links
    follow with `link_rows`."""
    with ledger.transaction():
        for row in rows:
            ledger.write(
                "DELETE FROM settled WHERE rule = ? AND key IN (SELECT 'R' || r.id"
                " FROM clinical_row r JOIN clinical_row o ON o.patient = r.patient"
                " WHERE o.id = ?)",
                LINK_RULE,
                row,
            )
            ledger.write(
                "DELETE FROM clinical_link WHERE patient ="
                " (SELECT patient FROM clinical_row WHERE id = ?)",
                row,
            )
        ledger.record_event("clinical", "A word on IDs that look alike was taken back.")


def alike_pairs(ledger: Ledger, *, unsettled_only: bool = True) -> Iterator[Alike]:
    """IDs of tables that are no patient's, but look like one's who has no row of the same ID."""
    alike = f"{LOOKS_LIKE}{UNSETTLED if unsettled_only else ''}"
    after = 0
    # By row, so that each page costs what it holds; grouped, each would cost the whole table.
    while page := ledger.rows(
        f"SELECT r.id, (SELECT min(k.patient_id) {alike}),"  # noqa: S608 - literals of ours
        f" (SELECT count(*) {alike}) FROM clinical_row r"
        f" WHERE r.id > ? AND r.likeness <> '' AND {OF_NO_PATIENT} AND {FIRST_OF_ITS_ID}"
        f" AND {NOT_KEPT_BACK} AND EXISTS (SELECT 1 {alike})"
        " ORDER BY r.id LIMIT ?",
        after,
        _PAGE,
    ):
        for row in page:
            yield Alike(*row)
        after = page[-1][0]


def patients_like(ledger: Ledger, row: int) -> list[int]:
    """All patients that look like the ID of a row."""
    return [
        int(patient)
        for (patient,) in ledger.rows(
            "SELECT k.patient_id FROM patient_likeness k JOIN clinical_row r"
            " ON r.likeness = k.likeness WHERE r.id = ?",
            row,
        )
    ]
