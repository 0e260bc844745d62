"""Clinical tables in the ledger: files, columns, rows as they were read, and their links.

Original identifiers and values: they stand here as patients and studies do, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
_COLUMNS: Final = (
    "id, path, sheet, size_bytes, mtime_ns, sha256, form, notes, problem, strangers, heading_row,"
    " data_rows"
)


@dataclass(frozen=True, slots=True)
class ClinicalFile:
    """A table. `sha256` is empty while it is being read; `problem` is why it could not be.

    `key` is that of its heading, R1 of the first table; its rows count on from there.
    """

    row: int
    path: bytes = field(repr=False)
    sheet: str = field(repr=False)
    size_bytes: int
    mtime_ns: int
    sha256: str
    form: str
    notes: tuple[str, ...]
    problem: str
    strangers: int
    heading_row: int
    data_rows: int

    @property
    def key(self) -> str:
        return f"R{self.heading_row}"


@dataclass(frozen=True, slots=True)
class ClinicalColumn:
    """A column; its place counts from 0. `role` is empty where it is not known.

    `date_order` is what a person said, else what its dates prove: `day-first`, `month-first`,
    `mixed` (both), `open` where some can be read both ways and none says how, else empty.
    """

    place: int
    heading: str = field(repr=False)
    role: str
    date_order: str


@dataclass(frozen=True, slots=True)
class ClinicalRow:
    """A row of a table, its cells as they were written. `width` is how many it had."""

    row: int
    patient: str = field(repr=False)
    timepoint: str = field(repr=False)
    width: int
    cells: tuple[str, ...] = field(repr=False)
    patient_row: int | None

    @property
    def key(self) -> str:
        return f"R{self.row}"

    def cell(self, place: int | None) -> str:
        """The cell at a place, without blanks around it; empty where the row has none."""
        if place is None or place >= len(self.cells):
            return ""
        return self.cells[place].strip()


def clinical_files(ledger: Ledger) -> list[ClinicalFile]:
    """All tables, in the order in which they were read."""
    return [
        ClinicalFile(row, path, sheet, size, mtime_ns, sha256, form, tuple(notes.split()), *rest)
        for row, path, sheet, size, mtime_ns, sha256, form, notes, *rest in ledger.rows(
            f"SELECT {_COLUMNS} FROM clinical_file ORDER BY id"  # noqa: S608 - a literal of ours
        )
    ]


def clinical_columns(ledger: Ledger, file: int) -> list[ClinicalColumn]:
    """The columns of a table, from left to right."""
    return [
        ClinicalColumn(*row)
        for row in ledger.rows(
            "SELECT number, heading, role, date_order FROM clinical_column WHERE file_id = ?"
            " ORDER BY number",
            file,
        )
    ]


def table_width(ledger: Ledger, file: int) -> int:
    """How many headings a table has."""
    return ledger.number("SELECT count(*) FROM clinical_column WHERE file_id = ?", file)


def clinical_rows(ledger: Ledger, file: int) -> Iterator[ClinicalRow]:
    """The rows of a table that have a value for each heading, page by page.

    In others nobody knows which value belongs to which column; TAB-03 names them.
    """
    after, width = 0, table_width(ledger, file)
    while page := ledger.rows(
        "SELECT id, patient, timepoint, width, cells, patient_id FROM clinical_row"
        " WHERE file_id = ? AND id > ? AND width = ? ORDER BY id LIMIT ?",
        file,
        after,
        width,
        _PAGE,
    ):
        for row, patient, timepoint, width, cells, patient_row in page:
            yield ClinicalRow(row, patient, timepoint, width, tuple(json.loads(cells)), patient_row)
        after = page[-1][0]


def row_number(ledger: Ledger, row: int) -> int:
    """The number of a row in its own file, as a spreadsheet shows it: the heading is row 1."""
    heading = ledger.number(
        "SELECT f.heading_row FROM clinical_row r JOIN clinical_file f ON f.id = r.file_id"
        " WHERE r.id = ?",
        row,
    )
    return row - heading + 1 if heading else row


def has_readable_table(ledger: Ledger) -> bool:
    """Whether any table was read and begins with PatientID, so that it can be linked."""
    return bool(
        ledger.number(
            "SELECT EXISTS (SELECT 1 FROM clinical_file f JOIN clinical_column c"
            " ON c.file_id = f.id WHERE f.problem = '' AND c.role = 'patient')"
        )
    )


def begin_table(ledger: Ledger, path: bytes, sheet: str, size_bytes: int, mtime_ns: int) -> int:
    """Forget what was read of a table and begin anew; its row. It counts as unread until
    `finish_table`."""
    with ledger.transaction():
        _forget_words(ledger)
        ledger.write("DELETE FROM clinical_file WHERE path = ? AND sheet = ?", path, sheet)
        last = ledger.number(
            "SELECT max(heading_row, ifnull((SELECT max(id) FROM clinical_row), 0))"
            " FROM clinical_file ORDER BY 1 DESC LIMIT 1"
        )
        # A heading counts as a row of its own, so that keys of the first table are its row numbers.
        return ledger.write(
            "INSERT INTO clinical_file (path, sheet, size_bytes, mtime_ns, sha256, form,"
            " heading_row) VALUES (?, ?, ?, ?, '', '', ?)",
            path,
            sheet,
            size_bytes,
            mtime_ns,
            last + 1,
        )


def _forget_words(ledger: Ledger) -> None:
    """What was said of rows was said of a table that is gone; the words themselves are kept."""
    ledger.write("DELETE FROM settled WHERE key GLOB 'R[0-9]*'")


def record_columns(
    ledger: Ledger, file: int, headings: Sequence[str], roles: Mapping[int, str]
) -> None:
    """Record the columns of a table."""
    with ledger.transaction():
        ledger.write("DELETE FROM clinical_column WHERE file_id = ?", file)
        ledger.write_many(
            "INSERT INTO clinical_column (file_id, number, heading, role) VALUES (?, ?, ?, ?)",
            [(file, n, heading, roles.get(n, "")) for n, heading in enumerate(headings)],
        )


def record_date_orders(ledger: Ledger, file: int, orders: Mapping[int, str]) -> None:
    """Record what the dates of columns prove about their order."""
    with ledger.transaction():
        ledger.write_many(
            "UPDATE clinical_column SET date_order = ? WHERE file_id = ? AND number = ?",
            [(order, file, place) for place, order in orders.items()],
        )


def record_rows(
    ledger: Ledger, file: int, page: Sequence[tuple[int, str, str, str, Sequence[str]]]
) -> None:
    """Record a page of rows: number, patient, likeness, timepoint, cells."""
    with ledger.transaction(durable=False):
        ledger.write_many(
            "INSERT INTO clinical_row (id, file_id, patient, likeness, timepoint, width, cells)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (number, file, patient, like, timepoint, len(cells), _document(cells))
                for number, patient, like, timepoint, cells in page
            ],
        )


def _document(cells: Sequence[str]) -> str:
    # Lone surrogates cannot be stored; in JSON they are written out.
    return json.dumps(list(cells), ensure_ascii=True, separators=(",", ":"))


def finish_table(
    ledger: Ledger,
    file: int,
    *,
    sha256: str,
    form: str = "",
    notes: Sequence[str] = (),
    problem: str = "",
    strangers: int = 0,
) -> None:
    """Record that a table was read to its end, or that it cannot be: then nothing of it is kept."""
    with ledger.transaction():
        if problem:
            ledger.write("DELETE FROM clinical_row WHERE file_id = ?", file)
            ledger.write("DELETE FROM clinical_column WHERE file_id = ?", file)
        ledger.write(
            "UPDATE clinical_file SET sha256 = ?, form = ?, notes = ?, problem = ?,"
            " strangers = ?, data_rows ="
            " (SELECT count(*) FROM clinical_row WHERE file_id = clinical_file.id)"
            " WHERE id = ?",
            sha256,
            form,
            " ".join(sorted(notes)),
            problem,
            strangers,
            file,
        )


def touch_table(ledger: Ledger, file: int, size_bytes: int, mtime_ns: int) -> None:
    """Record a new time of a table whose content is the same."""
    with ledger.transaction():
        ledger.write(
            "UPDATE clinical_file SET size_bytes = ?, mtime_ns = ? WHERE id = ?",
            size_bytes,
            mtime_ns,
            file,
        )


def forget_tables(ledger: Ledger, files: Sequence[int]) -> None:
    """Forget tables that are no longer ordered."""
    if files:
        with ledger.transaction():
            _forget_words(ledger)
            ledger.write_many("DELETE FROM clinical_file WHERE id = ?", [(f,) for f in files])
