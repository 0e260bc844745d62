"""What all files of a patient tell of who that is: searched for in each of that patient's files.

Original identifiers: they stand here as the patient's name and ID do, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.prepared import is_unprepared

MOST: Final = 1000
"""How many facts of one patient are searched for; no real patient comes near."""

Fact = tuple[str, str]
"""Kind and text, as `transfer.deid.look.identifiers` names them."""

_UNREAD: Final = "i.facts_of_ns IS NOT i.file_mtime_ns"


@dataclass(frozen=True, slots=True)
class Ungathered:
    """One instance whose file was not asked yet; size in bytes."""

    row: int
    patient_row: int
    path: bytes = field(repr=False)
    file_bytes: int
    mtime_ns: int


def count_ungathered(ledger: Ledger, run: int) -> int:
    """How many instances that are to be de-identified were not asked yet."""
    condition = f"{is_unprepared(ledger)} AND {_UNREAD}"
    return ledger.number(f"SELECT count(*) FROM instance i WHERE {condition}", run)  # noqa: S608 - literals of ours


def ungathered(ledger: Ledger, run: int, page: int = 512) -> Iterator[Ungathered]:
    """Those instances, Series by Series."""
    series = row = 0
    condition = f"{is_unprepared(ledger)} AND {_UNREAD}"
    while True:
        found = ledger.rows(
            "SELECT i.series_id, i.id, s.patient_id, f.path, i.file_bytes, i.file_mtime_ns"  # noqa: S608 - a literal of ours
            " FROM instance i JOIN series e ON e.id = i.series_id"
            " JOIN study s ON s.id = e.study_id JOIN source_file f ON f.id = i.file_id"
            f" WHERE {condition} AND (i.series_id, i.id) > (?, ?)"
            " ORDER BY i.series_id, i.id LIMIT ?",
            run,
            series,
            row,
            page,
        )
        for _, row, patient, path, size_bytes, mtime_ns in found:
            yield Ungathered(row, patient, path, size_bytes, mtime_ns)
        if len(found) < page:
            return
        series = found[-1][0]


def record_facts(ledger: Ledger, page: Sequence[tuple[Ungathered, Collection[Fact]]]) -> None:
    """Record what a page of files told, all or nothing.

    A patient of whom something new is told is looked through again: what was prepared without
    knowing it, and has not gone, counts as not prepared.
    """
    with ledger.transaction(durable=False):
        # The slices of a Series tell the same again and again.
        told: dict[int, set[Fact]] = {}
        for one, facts in page:
            told.setdefault(one.patient_row, set()).update(facts)
        grown = [patient for patient, facts in told.items() if _add(ledger, patient, facts)]
        for patient in grown:
            ledger.write(
                "UPDATE instance SET head_sha256 = NULL, out_traits_id = NULL"
                " WHERE state = 'ready' AND series_id IN"
                " (SELECT e.id FROM series e JOIN study s ON s.id = e.study_id"
                " WHERE s.patient_id = ?) AND NOT EXISTS"
                " (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')",
                patient,
            )
        ledger.write_many(
            "UPDATE instance SET facts_of_ns = ? WHERE id = ?",
            [(one.mtime_ns, one.row) for one, _ in page],
        )


def _add(ledger: Ledger, patient: int, facts: Collection[Fact]) -> bool:
    """Whether any of these is new."""
    is_new = False
    for kind, text in sorted(facts):
        ledger.write("INSERT OR IGNORE INTO patient_fact VALUES (?, ?, ?)", patient, kind, text)
        is_new = bool(ledger.number("SELECT changes()")) or is_new
    return is_new


def facts_of(ledger: Ledger, patient: int) -> tuple[Fact, ...]:
    """What is known of a patient, in a fixed order."""
    return tuple(
        (kind, text)
        for kind, text in ledger.rows(
            "SELECT kind, text FROM patient_fact WHERE patient_id = ? ORDER BY kind, text LIMIT ?",
            patient,
            MOST,
        )
    )
