"""Clinical tables as they leave, streamed from the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from transfer.clinical.columns import Role
from transfer.clinical.leaving import ClinicalSubject, SubjectTable
from transfer.clinical.outgoing.answered import staying_places
from transfer.clinical.outgoing.cells import Maker, Source, maker_of
from transfer.clinical.outgoing.columns import ColumnLeftOut, How, OutgoingColumn, columns_of
from transfer.clinical.outgoing.dates import (
    DatePolicy,
    day_in,
    meaning_of,
    policy_of,
    refuse_whole_dates,
)
from transfer.clinical.outgoing.edges import Edges
from transfer.clinical.outgoing.going import STAYS_NOT, Going, WhyRow, patients_with_rows
from transfer.clinical.outgoing.naming import dataset_of, stem_of
from transfer.clinical.outgoing.numbers import number_columns
from transfer.clinical.people import TableColumns
from transfer.errors import UsageError
from transfer.ledger.clinical import (
    ClinicalColumn,
    ClinicalFile,
    clinical_columns,
    clinical_files,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.mapping import read_mapping
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.quality.rules.age import capped_patients
from transfer.quality.rules.telling import telling_columns

if TYPE_CHECKING:
    from transfer.clinical.outgoing.looking import Looked, Told
    from transfer.deid.standalone.tables import Pseudonyms
    from transfer.prepare.method import OpenMethod

_PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row that leaves, as it was read; `patient` is its Patient ID as the table spells it."""

    row: int
    patient_row: int
    patient: str = field(repr=False)
    cells: Sequence[str] = field(repr=False)

    @property
    def key(self) -> str:
        return f"R{self.row}"


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """A row as it leaves; `key` is that of the row that it was made of."""

    key: str
    patient_row: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutgoingTable:
    """A table as it leaves. `file` is its row among those that were read, `width` how many
    headings it had there; `rows` how many leave, `left_out` how many do not, by reason."""

    stem: str
    file: int
    key: str
    width: int
    columns: tuple[OutgoingColumn, ...]
    columns_left_out: tuple[ColumnLeftOut, ...]
    rows: int
    left_out: Mapping[WhyRow, int]

    @property
    def name(self) -> str:
        """That of its file, as CSV."""
        return f"{self.stem}.csv"


def open_outgoing(
    ledger: Ledger, method: OpenMethod | None, policy: DatePolicy | None = None
) -> Outgoing:
    """The tables of a transfer as they leave. Blocking: links and date order are read once.

    Raises:
        UsageError: the transfer de-identifies and its method was not opened, or whole dates are
            wished for although it does.
    """
    if method is None and de_identifies(read_order(ledger)):
        raise UsageError(
            "This transfer de-identifies; its clinical table cannot leave without the same key.",
            "See what is wrong with the key: eucaim-transfer key show NAME",
        )
    policy = policy or policy_of(method)
    refuse_whole_dates(policy, method)
    return Outgoing(ledger, method, policy)


class Outgoing:
    """All of them. Used in the thread that opened the ledger, which is only read.

    The same ledger gives the same rows in the same order, each time they are asked for.
    """

    def __init__(self, ledger: Ledger, method: OpenMethod | None, policy: DatePolicy) -> None:
        self.ledger = ledger
        self.method = method
        self.policy = policy
        self.dataset = dataset_of(ledger)
        self.going = Going(ledger, is_method=method is not None, capped=capped_patients(ledger))
        self._makers: dict[int, tuple[Maker, ...]] = {}
        self._read_as: dict[int, TableColumns] = {}
        self.tables: Sequence[OutgoingTable] = tuple(self._tables())

    @property
    def patients(self) -> int:
        """How many subjects go: patients with images and rows."""
        return sum(self.going.origins.values())

    @property
    def baseline(self) -> str:
        """What relative days count from, in one sentence; empty where there are none."""
        return meaning_of(set(self.going.origins))

    def rows(self, table: OutgoingTable) -> Iterator[OutgoingRow]:
        """The rows of a table that leave, in the order in which they were read; page by page."""
        return (self.made(table, read) for read in self.read(table))

    def read(self, table: OutgoingTable) -> Iterator[ReadRow]:
        """The same rows as they were read."""
        after = 0
        while page := self.ledger.rows(
            "SELECT r.id, r.patient_id, r.patient, r.cells FROM clinical_row r"  # noqa: S608 - a literal of ours
            f" WHERE r.file_id = ? AND r.id > ? AND r.width = ? AND {STAYS_NOT}"
            " ORDER BY r.id LIMIT ?",
            table.file,
            after,
            table.width,
            _PAGE,
        ):
            for row, patient, spelt, document in page:
                if self.going.goes(patient):
                    yield ReadRow(row, patient, spelt, json.loads(document))
            after = page[-1][0]

    def subjects(self, after_patient_row: int = 0) -> Iterator[tuple[int, str, ClinicalSubject]]:
        """Every subject that goes, by patient row, with the key of the first row."""
        for patient in patients_with_rows(self.ledger, after_patient_row):
            if (found := self.subject(patient)) is not None:
                yield patient, *found

    def subject(self, patient: int) -> tuple[str, ClinicalSubject] | None:
        """One subject, with the key of the first row; None where nothing of it leaves. Every table
        is there, in one order, though a subject has no row in it."""
        rows = self.rows_of(patient)
        if not rows:
            return None
        tables = [
            SubjectTable(
                table.stem,
                [column.field for column in table.columns],
                [row.cells for of, row in rows if of is table],
            )
            for table in self.tables
        ]
        pseudonym = self.going.whose(patient).pseudonym
        return rows[0][1].key, ClinicalSubject(pseudonym, tables)

    def rows_of(self, patient: int) -> list[tuple[OutgoingTable, OutgoingRow]]:
        """The rows of one patient that leave, of all tables."""
        return [(table, self.made(table, read)) for table, read in self.read_of(patient)]

    def read_of(self, patient: int) -> list[tuple[OutgoingTable, ReadRow]]:
        """The same rows as they were read."""
        if not self.going.goes(patient):
            return []
        of = {table.file: table for table in self.tables}
        return [
            (of[file], ReadRow(row, patient, spelt, json.loads(document)))
            for row, file, width, spelt, document in self.ledger.rows(
                "SELECT r.id, r.file_id, r.width, r.patient, r.cells FROM clinical_row r"  # noqa: S608 - a literal of ours
                f" WHERE r.patient_id = ? AND {STAYS_NOT} ORDER BY r.id",
                patient,
            )
            if file in of and of[file].width == width
        ]

    def made(self, table: OutgoingTable, read: ReadRow) -> OutgoingRow:
        """What leaves of a row."""
        source, whose = Source(read.cells), self.going.whose(read.patient_row)
        cells = tuple(make(source, whose) for make in self._makers[table.file])
        if any(column.how is How.MONTH for column in table.columns) and self.hides_months(
            read.patient_row
        ):
            cells = tuple(
                "" if column.how is How.MONTH else cell
                for column, cell in zip(table.columns, cells, strict=True)
            )
        return OutgoingRow(read.key, read.patient_row, cells)

    def hides_months(self, patient: int) -> bool:
        """Whether the months of a patient stay here: with the relative days beside them, and the
        months of the images, they would give each day away. Relative days leave all the same."""
        return self._edges.give_days_away(patient)

    @cached_property
    def _edges(self) -> Edges:
        """Of all dates whose months leave, those of the Studies among them."""
        edges = self.going.edges_of_studies()
        for table in self.tables:
            order = self._read_as[table.file].order
            places = {c.place: order(c.place) for c in table.columns if c.how is How.MONTH}
            for read in self.read(table) if places else ():
                for place, of in places.items():
                    if (day := day_in(read.cells[place], of)) is not None:
                        edges.see(read.patient_row, day)
        return edges

    def read_as(self, table: OutgoingTable) -> TableColumns:
        """How the cells of a table were read: where what is, dates in which order, units."""
        return self._read_as[table.file]

    @cached_property
    def by_key(self) -> Pseudonyms | None:
        """The key's own word on identities, where there is one."""
        from transfer.clinical.outgoing.identities import proving_pseudonyms

        return None if self.method is None else proving_pseudonyms(self.ledger, self.method)

    def problems(self) -> tuple[Finding, ...]:
        """What forbids that these tables leave, found by looking at every cell that would (DID-03)
        and by asking the key for every identity (DID-12). Blocking; looked for once."""
        return self._looked.findings

    def told(self) -> tuple[Told, ...]:
        """Cells that leave empty although something stands in the source. Looked for once."""
        return self._looked.told

    @cached_property
    def _looked(self) -> Looked:
        from transfer.clinical.outgoing.looking import look

        return look(self)

    def _tables(self) -> Iterator[OutgoingTable]:
        found = telling_columns(self.ledger)
        number = 0
        for file in clinical_files(self.ledger):
            columns = clinical_columns(self.ledger, file.row)
            if not file.problem and any(column.role == Role.PATIENT for column in columns):
                number += 1
                yield self._table(file, stem_of(self.dataset, number), columns, found)

    def _table(
        self,
        file: ClinicalFile,
        stem: str,
        read: list[ClinicalColumn],
        found: frozenset[tuple[int, int]],
    ) -> OutgoingTable:
        telling = staying_places(self.ledger, file, read, found)
        mapping = read_mapping(self.ledger)
        numbers = number_columns(self.ledger, file, read)
        columns, left_out = columns_of(read, mapping, self.policy, telling, numbers)
        of = self._read_as[file.row] = TableColumns.of(self.ledger, file.row, file.key)
        heading = {column.place: column.heading for column in read}
        self._makers[file.row] = tuple(
            maker_of(column, of, mapping, heading[column.place]) for column in columns
        )
        rows, not_leaving = self.going.count_left_out(file.row, len(read))
        return OutgoingTable(
            stem, file.row, file.key, len(read), columns, left_out, rows, not_leaving
        )
