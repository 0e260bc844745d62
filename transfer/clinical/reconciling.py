"""Images and clinical table side by side: what of each has no counterpart, and what looks alike.

The same conditions as those of LNK-01 and LNK-02, a page at a time: lists may be of any length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from transfer.clinical.likeness import likenesses
from transfer.clinical.values import form_of
from transfer.ledger.clinical import row_number
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import settled_word
from transfer.ledger.links import (
    DIFFERENT,
    FIRST_OF_ITS_ID,
    LINK_RULE,
    LOOKS_LIKE,
    NOT_KEPT_BACK,
    OF_NO_PATIENT,
    SAME,
    UNSETTLED,
)
from transfer.ledger.timepoints import STUDY_GOES

PAGE: Final = 100

_LIKE: Final = f"{LOOKS_LIKE}{UNSETTLED}"
# What most rows are told apart by comes first: each condition costs a look into an index.
_PAIR: Final = (
    f"r.likeness <> '' AND {OF_NO_PATIENT} AND {FIRST_OF_ITS_ID} AND {NOT_KEPT_BACK}"
    f" AND EXISTS (SELECT 1 {_LIKE})"
)
_ROW: Final = (
    f"r.patient_id IS NULL AND trim(r.patient) <> '' AND NOT ({_PAIR}) AND {FIRST_OF_ITS_ID}"
    f" AND {NOT_KEPT_BACK}"
)
_ROWLESS: Final = "NOT EXISTS (SELECT 1 FROM clinical_row r WHERE r.patient_id = p.id)"
_GOES: Final = f"EXISTS (SELECT 1 FROM study s WHERE s.patient_id = p.id AND {STUDY_GOES})"  # noqa: S608 - a literal of ours
_PATIENT: Final = (
    f"{_ROWLESS} AND {_GOES} AND NOT EXISTS (SELECT 1 FROM patient_likeness m"  # noqa: S608 - literals of ours
    f" JOIN clinical_row r ON r.likeness = m.likeness WHERE m.patient_id = p.id AND {_PAIR})"
)
_LEFT_OUT: Final = (
    f"{_ROWLESS} AND NOT {_GOES} AND EXISTS (SELECT 1 FROM study s JOIN series e"  # noqa: S608 - literals of ours
    " ON e.study_id = s.id JOIN tally t ON t.series_id = e.id WHERE s.patient_id = p.id"
    " AND t.state = 'excluded' AND t.n > 0)"
)
_KEPT_BACK: Final = f"NOT ({NOT_KEPT_BACK}) AND {FIRST_OF_ITS_ID}"
_READ: Final = "EXISTS (SELECT 1 FROM clinical_row r WHERE r.patient = b.patient)"
_TOTALS: Final = (
    f"SELECT (SELECT count(*) FROM patient p WHERE {_PATIENT}),"  # noqa: S608 - literals of ours
    f" (SELECT count(*) FROM clinical_row r WHERE {_ROW}),"
    f" (SELECT count(*) FROM clinical_row r WHERE {_PAIR}),"
    f" (SELECT count(*) FROM patient p WHERE {_LEFT_OUT}),"
    f" (SELECT count(*) FROM clinical_kept_back b WHERE {_READ}),"
    f" (SELECT count(*) FROM clinical_link b WHERE {_READ}),"
    f" (SELECT count(*) FROM patient p WHERE {_GOES} AND NOT ({_ROWLESS})),"
    f" (SELECT count(*) FROM patient p WHERE {_GOES})"
)


class Part(StrEnum):
    """One of the three lists."""

    IMAGES = "images"
    ROWS = "rows"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Totals:
    """How much stands open in each list, and how much persons have settled: patients left out, IDs
    kept back, pairs answered. `linked` counts patients of the images who have rows, of `patients`
    who go."""

    images: int
    rows: int
    pairs: int
    left_out: int
    kept_back: int
    answered: int
    linked: int
    patients: int

    def open_of(self, part: Part) -> int:
        return {Part.IMAGES: self.images, Part.ROWS: self.rows, Part.PAIRS: self.pairs}[part]

    def settled_of(self, part: Part) -> int:
        settled = {
            Part.IMAGES: self.left_out,
            Part.ROWS: self.kept_back,
            Part.PAIRS: self.answered,
        }
        return settled[part]

    @property
    def is_clean(self) -> bool:
        return not (self.images or self.rows or self.pairs)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said about an entry; all empty where nobody did."""

    word: str = ""
    person: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of a list. `row` is the first with its Patient ID, in its file `number`; `rows` how many
    have that ID. `patient` is of the images, with `studies`, of which instances `sent` lie on the
    node; `patients` is how many look like the row. Forms may be told, the texts only to who asks.
    """

    row: int = 0
    number: int = 0
    rows: int = 0
    patient: int = 0
    studies: int = 0
    sent: int = 0
    patients: int = 0
    likenesses: tuple[str, ...] = ()
    row_form: str = ""
    patient_form: str = ""
    row_text: str = field(default="", repr=False)
    patient_text: str = field(default="", repr=False)
    said: Said = Said()

    @property
    def at(self) -> int:
        """Its place in the list: what follows is asked for by it."""
        return self.row or self.patient

    @property
    def key(self) -> str:
        return f"R{self.row}" if self.row else f"P{self.patient}"


def totals(ledger: Ledger) -> Totals:
    """Count everything. A few seconds where tables are large."""
    found = ledger.row(_TOTALS)
    assert found is not None, "counts are always there"
    return Totals(*found)


def entries(
    ledger: Ledger, part: Part, *, settled: bool = False, after: int = 0, limit: int = PAGE
) -> list[Entry]:
    """A page of a list, of what stands open or of what persons settled, behind a place in it."""
    if part is Part.IMAGES:
        return [
            _of_images(ledger, patient)
            for (patient,) in ledger.rows(
                f"SELECT p.id FROM patient p WHERE p.id > ?"  # noqa: S608 - literals of ours
                f" AND {_LEFT_OUT if settled else _PATIENT} ORDER BY p.id LIMIT ?",
                after,
                limit,
            )
        ]
    if part is Part.ROWS:
        return [
            _of_row(ledger, row, patient)
            for row, patient in ledger.rows(
                f"SELECT r.id, r.patient FROM clinical_row r WHERE r.id > ?"  # noqa: S608 - literals of ours
                f" AND {_KEPT_BACK if settled else _ROW} ORDER BY r.id LIMIT ?",
                after,
                limit,
            )
        ]
    found = ledger.rows(_ANSWERED if settled else _ALIKE, after, limit)
    return [_of_pair(ledger, *one) for one in found]


_ALIKE: Final = (
    f"SELECT r.id, r.patient, (SELECT min(k.patient_id) {_LIKE}), (SELECT count(*) {_LIKE}), NULL"  # noqa: S608 - literals of ours
    f" FROM clinical_row r WHERE r.id > ? AND {_PAIR} ORDER BY r.id LIMIT ?"
)
_ANSWERED: Final = (
    "SELECT r.id, r.patient, l.patient_id, 1, l.is_same FROM clinical_row r"  # noqa: S608 - literals of ours
    f" JOIN clinical_link l ON l.patient = r.patient WHERE r.id > ? AND {FIRST_OF_ITS_ID}"
    " ORDER BY r.id LIMIT ?"
)


def open_pairs(ledger: Ledger) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The row of each open pair of one patient, and in what its IDs differ."""
    after = 0
    while page := ledger.rows(_ALIKE, after, 10 * PAGE):
        for row, text, patient, patients, _ in page:
            if patients == 1:
                yield row, likenesses(text, _id_of(ledger, patient))
        after = page[-1][0]


def open_rows(ledger: Ledger) -> list[int]:
    """The first row of each ID that has no images."""
    return [
        int(row)
        for (row,) in ledger.rows(f"SELECT r.id FROM clinical_row r WHERE {_ROW} ORDER BY r.id")  # noqa: S608 - literals of ours
    ]


def open_patients(ledger: Ledger) -> list[int]:
    """Each patient whose images go without a row."""
    return [
        int(patient)
        for (patient,) in ledger.rows(
            f"SELECT p.id FROM patient p WHERE {_PATIENT} ORDER BY p.id"  # noqa: S608 - literals of ours
        )
    ]


def settled_ones(ledger: Ledger, part: Part) -> list[int]:
    """Everything of a list that persons have settled, by its place there."""
    found, after = list[int](), 0
    while page := entries(ledger, part, settled=True, after=after, limit=10 * PAGE):
        found += [entry.at for entry in page]
        after = page[-1].at
    return found


def _of_images(ledger: Ledger, patient: int) -> Entry:
    text = _id_of(ledger, patient)
    return Entry(
        patient=patient,
        studies=ledger.number("SELECT count(*) FROM study WHERE patient_id = ?", patient),
        sent=_sent(ledger, patient),
        patient_form=form_of(text),
        patient_text=text,
    )


def _of_row(ledger: Ledger, row: int, text: str) -> Entry:
    word = ledger.row("SELECT person, reason FROM clinical_kept_back WHERE patient = ?", text)
    return Entry(
        row=row,
        number=row_number(ledger, row),
        rows=_rows_of(ledger, text),
        row_form=form_of(text),
        row_text=text,
        said=Said("kept back", *map(str, word)) if word else Said(),
    )


def _of_pair(
    ledger: Ledger, row: int, text: str, patient: int, patients: int, is_same: int | None
) -> Entry:
    other = _id_of(ledger, patient)
    said = Said()
    if is_same is not None:
        word = settled_word(ledger, LINK_RULE, f"R{row}")
        by = (word.person, word.reason) if word else ("", "")
        said = Said(SAME if is_same else DIFFERENT, *by)
    return Entry(
        row=row,
        number=row_number(ledger, row),
        rows=_rows_of(ledger, text),
        patient=patient,
        studies=ledger.number("SELECT count(*) FROM study WHERE patient_id = ?", patient),
        patients=patients,
        likenesses=likenesses(text, other),
        row_form=form_of(text),
        patient_form=form_of(other),
        row_text=text,
        patient_text=other,
        said=said,
    )


def _id_of(ledger: Ledger, patient: int) -> str:
    found = ledger.row("SELECT original_id FROM patient WHERE id = ?", patient)
    return str(found[0]) if found else ""


def _rows_of(ledger: Ledger, text: str) -> int:
    return ledger.number("SELECT count(*) FROM clinical_row WHERE patient = ?", text)


def _sent(ledger: Ledger, patient: int) -> int:
    return ledger.number(
        "SELECT ifnull(sum(t.n), 0) FROM study s JOIN series e ON e.study_id = s.id"
        " JOIN tally t ON t.series_id = e.id WHERE s.patient_id = ?"
        " AND t.state IN ('sent', 'verified')",
        patient,
    )
