"""A table as it was read, a page at a time, with what the rules found in its cells.

What names a person is masked unless it is asked for: Patient IDs stand as pseudonyms or keys,
studies as keys, and of the other cells what the images tell of the patient is veiled. What is
printed may be kept in logs: there dates and free text are masked as well.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.columns import DATES, Role, column_told, telling
from transfer.clinical.values import number, written_date
from transfer.ledger.clinical import ClinicalColumn, ClinicalFile, clinical_columns
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.veil import NO_VEIL, VEILED, veils_of

PAGE: Final = 100
_FIGURES: Final = 6


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column: how it may be called, what it is for EUCAIM, and whether it names persons."""

    place: int
    told: str
    heading: str = field(repr=False)
    role: Role | None
    is_telling: bool = False
    is_left_out: bool = False

    @property
    def attribute(self) -> str:
        """EUCAIM's name of what it holds; empty where that is not known."""
        return ATTRIBUTES[self.role].title if self.role else ""

    @property
    def form(self) -> Form:
        """How its values are written."""
        return ATTRIBUTES[self.role].form if self.role else Form.TEXT


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row: its key's number, the number that a spreadsheet shows, and its cells as they may be
    shown. `patient` is the key of the patient of the images that it is linked to."""

    row: int
    number: int
    cells: tuple[str, ...] = field(repr=False)
    patient: str = ""
    is_kept_back: bool = False

    @property
    def key(self) -> str:
        return f"R{self.row}"


def preview_columns(
    ledger: Ledger, file: ClinicalFile, left_out: Collection[int] = ()
) -> list[PreviewColumn]:
    """The columns of a table, from left to right; `left_out`: places that do not leave."""
    return [
        PreviewColumn(
            column.place,
            column_told(column.place, column.heading).removeprefix("column "),
            column.heading,
            Role(column.role) if column.role else None,
            _names_persons(column),
            column.place in left_out,
        )
        for column in clinical_columns(ledger, file.row)
    ]


def _names_persons(column: ClinicalColumn) -> bool:
    if column.role in (Role.PATIENT, Role.STUDY, Role.BIRTH_DATE):
        return True
    return not column.role and bool(telling(column.heading))


def page_after(ledger: Ledger, file: ClinicalFile, row: int, limit: int = PAGE) -> list[Any]:
    """What is stored of the rows that follow one; see `preview_rows`."""
    return ledger.rows(
        "SELECT id, patient, cells, patient_id FROM clinical_row WHERE file_id = ? AND id > ?"
        " ORDER BY id LIMIT ?",
        file.row,
        row,
        limit,
    )


def page_before(ledger: Ledger, file: ClinicalFile, row: int, limit: int = PAGE) -> list[Any]:
    """What is stored of the rows that go before one."""
    found = ledger.rows(
        "SELECT id, patient, cells, patient_id FROM clinical_row WHERE file_id = ? AND id < ?"
        " ORDER BY id DESC LIMIT ?",
        file.row,
        row,
        limit,
    )
    return found[::-1]


def preview_rows(
    ledger: Ledger,
    file: ClinicalFile,
    columns: Sequence[PreviewColumn],
    stored: Sequence[Any],
    names: Names,
    *,
    reveals: bool = False,
    is_printed: bool = False,
) -> list[PreviewRow]:
    """Stored rows as they may be shown, or with `is_printed` written down."""
    read = [(row, patient, json.loads(cells), linked) for row, patient, cells, linked in stored]
    kept_back = _kept_back(ledger, {patient for _, patient, _, _ in read})
    mask = None if reveals else _Mask(ledger, columns, read, names, is_printed=is_printed)
    return [
        PreviewRow(
            row,
            row - file.heading_row + 1,
            tuple(cells) if mask is None else mask.over(cells, linked),
            f"P{linked}" if linked is not None else "",
            patient in kept_back,
        )
        for row, patient, cells, linked in read
    ]


def _kept_back(ledger: Ledger, patients: Iterable[str]) -> set[str]:
    return {
        str(patient)
        for (patient,) in ledger.rows(
            "SELECT patient FROM clinical_kept_back"
            " WHERE patient IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(patients)),
        )
    }


class _Mask:
    """Puts aside what names a person, in the cells of some rows."""

    def __init__(
        self,
        ledger: Ledger,
        columns: Sequence[PreviewColumn],
        read: Sequence[tuple[int, str, list[str], int | None]],
        names: Names,
        *,
        is_printed: bool,
    ) -> None:
        self._is_printed = is_printed
        self._columns = {column.place: column for column in columns}
        linked = sorted({patient for _, _, _, patient in read if patient is not None})
        self._veils = veils_of(ledger, linked)
        self._patients = _pseudonyms(ledger, linked, names)
        cells = {cell.strip() for _, _, row, _ in read for cell in row if cell.strip()}
        self._identifiers = _known(ledger, cells)
        self._studies = _study_keys(ledger, cells)

    def over(self, cells: Sequence[str], linked: int | None) -> tuple[str, ...]:
        """The cells of a row as they may be shown."""
        return tuple(self._one(place, cell, linked) for place, cell in enumerate(cells))

    def _one(self, place: int, cell: str, linked: int | None) -> str:
        text, column = cell.strip(), self._columns.get(place)
        if not text:
            return cell
        role = column.role if column else None
        if role is Role.PATIENT:
            return VEILED if linked is None else self._patients[linked]
        if role is Role.STUDY:
            return self._studies.get(text, VEILED)
        if column is None or column.is_telling or text in self._identifiers:
            return VEILED
        if self._is_printed and role in DATES:
            return VEILED
        if role is None and not self._may_stand(text, linked):
            return VEILED
        return (NO_VEIL if linked is None else self._veils.get(linked, NO_VEIL)).over(cell)

    def _may_stand(self, text: str, linked: int | None) -> bool:
        """Whether a cell of a column of which nobody knows what it holds may be shown."""
        if _could_be_a_persons(text):
            return False
        # Of a row whose patient nobody knows, nobody knows either which words are a name.
        return number(text) is not None or (linked is not None and not self._is_printed)


def _could_be_a_persons(text: str) -> bool:
    """A date may be one of birth, and a long number one that names a person."""
    written = written_date(text)
    is_date = written.date is not None or written.is_open
    return is_date or sum(map(str.isdecimal, text)) > _FIGURES


def _pseudonyms(ledger: Ledger, patients: Sequence[int], names: Names) -> dict[int, str]:
    return {
        row: names.pseudonym(sealed) or f"P{row}"
        for row, sealed in ledger.rows(
            "SELECT id, pseudonym FROM patient WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(list(patients)),
        )
    }


def _known(ledger: Ledger, cells: Iterable[str]) -> set[str]:
    """Which cells are the Patient ID of a patient of the images."""
    return {
        str(text)
        for (text,) in ledger.rows(
            "SELECT original_id FROM patient WHERE original_id IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(cells)),
        )
    }


def _study_keys(ledger: Ledger, cells: Iterable[str]) -> Mapping[str, str]:
    return {
        str(uid): f"S{row}"
        for uid, row in ledger.rows(
            "SELECT study_uid, id FROM study WHERE study_uid IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(cells)),
        )
    }
