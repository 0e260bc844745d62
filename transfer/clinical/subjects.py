"""All rows of the tables, patient by patient: what rules on clinical values look at, in one pass.

Rows that do not leave say nothing about those that do: of patients who are left out, and what a
person keeps back. Rows whose patient is not known yet are passed on as they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

from transfer.ledger.ages import PatientStudies, studies_of_patients
from transfer.ledger.clinical import table_width
from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
_ROWS_AT_ONCE: Final = 10_000


class SubjectRow(NamedTuple):
    """One row that has a value for each heading, its cells as they were written."""

    row: int
    file: int
    cells: list[str]

    @property
    def key(self) -> str:
        return f"R{self.row}"


@dataclass(frozen=True, slots=True)
class Subject:
    """The rows of one Patient ID, in their order. `patient` is the row of the patient, None where
    the images do not know that ID; then there are no `studies` either.

    `is_rest`: there are so many rows of this ID that they come in several pieces, and this is not
    the first.
    """

    patient: int | None
    studies: tuple[tuple[int, str, str], ...] = field(repr=False)
    patient_id: str = field(repr=False)
    rows: list[SubjectRow] = field(repr=False)
    is_rest: bool = False


def subjects(ledger: Ledger, files: Collection[int]) -> Iterator[Subject]:
    """Whom these tables name: those of the images by row, then the others by their ID. Memory does
    not grow with them."""
    widths = {file: table_width(ledger, file) for file in files}
    kept_back = {str(one) for (one,) in ledger.rows("SELECT patient FROM clinical_kept_back")}
    going = studies_of_patients(ledger)
    images: PatientStudies | None = next(going, None)
    for patient, rows in groupby(_linked(ledger), key=lambda row: int(row[0])):
        while images is not None and images.patient < patient:
            images = next(going, None)
        if images is None:
            break
        if images.patient == patient:
            kept = _kept(rows, widths, kept_back)
            yield from _pieces(patient, images.studies, kept)
    for patient_id, rows in groupby(_unlinked(ledger), key=lambda row: str(row[1])):
        kept = _kept(rows, widths, kept_back)
        if patient_id.strip():
            yield from _pieces(None, (), kept)
        else:
            # Rows without an ID are nobody's, and each for itself.
            yield from (Subject(None, (), patient_id, [row]) for _, row in kept)


def _kept(
    rows: Iterator[tuple[Any, ...]], widths: dict[int, int], kept_back: set[str]
) -> Iterator[tuple[str, SubjectRow]]:
    for _, patient_id, row, file, width, cells in rows:
        if width == widths.get(file) and patient_id not in kept_back:
            yield patient_id, SubjectRow(row, file, json.loads(cells))


def _pieces(
    patient: int | None,
    studies: tuple[tuple[int, str, str], ...],
    rows: Iterator[tuple[str, SubjectRow]],
) -> Iterator[Subject]:
    piece: list[SubjectRow] = []
    patient_id, is_rest = "", False
    for patient_id, row in rows:
        if len(piece) == _ROWS_AT_ONCE:
            yield Subject(patient, studies, patient_id, piece, is_rest)
            piece, is_rest = [], True
        piece.append(row)
    if piece:
        yield Subject(patient, studies, patient_id, piece, is_rest)


def _linked(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    patient = row = 0
    while page := ledger.rows(
        "SELECT patient_id, patient, id, file_id, width, cells FROM clinical_row"
        " WHERE patient_id IS NOT NULL AND (patient_id, id) > (?, ?)"
        " ORDER BY patient_id, id LIMIT ?",
        patient,
        row,
        _PAGE,
    ):
        yield from page
        patient, row = page[-1][0], page[-1][2]


def _unlinked(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    # By the index of Patient IDs; the rows of one ID are few, and put in order as they come.
    patient_id, timepoint, row = "", "", 0
    while page := ledger.rows(
        "SELECT 0, patient, id, file_id, width, cells, timepoint FROM clinical_row"
        " WHERE (patient, timepoint, id) > (?, ?, ?) AND patient_id IS NULL"
        " ORDER BY patient, timepoint, id LIMIT ?",
        patient_id,
        timepoint,
        row,
        _PAGE,
    ):
        yield from (one[:6] for one in page)
        patient_id, row, timepoint = page[-1][1], page[-1][2], page[-1][6]
