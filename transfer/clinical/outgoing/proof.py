"""What was written, read once more and held against the ledger before it is sent.

Reads the bytes as a stranger would and computes nothing the way they were made: a relative day is
proved by the day 0 that it and its original date imply, which has to be one and the same for all
that leaves of a patient, studies included (EUCAIM's requirements, REL-03 and REL-04); an identity
by the key (DID-12); and no Patient ID or whole date of the row's source stands in it (DID-03).
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn

from transfer.clinical.columns import Role
from transfer.clinical.leaving import ClinicalSubject
from transfer.clinical.mapping import Unit
from transfer.clinical.outgoing.columns import How
from transfer.clinical.outgoing.dates import DatePolicy, day_in
from transfer.clinical.values import whole
from transfer.dates import day_of
from transfer.errors import StepBlocked

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing, OutgoingTable, ReadRow

_UNKNOWN: Final = -(2**31)
_LONG_ID: Final = 6
_PAGE: Final = 2000
_REMEDY: Final = (
    "Nothing was sent. Do not send this table by hand either. Start over; if this comes back, tell"
    " the makers of this program."
)
# Those whose day 0 is known by dates, so that table and studies have to agree.
_BY_DATES: Final = ("diagnosis", "day 0", "first study")


def prove(out: Outgoing, table: OutgoingTable, source: BinaryIO) -> None:
    """Prove the bytes of `write_csv`. Blocking; memory is a few bytes a patient.

    Raises:
        StepBlocked: they are not what they should be; it names the rule and the row key.
        OSError: by `source`.
    """
    proof = _Proof(out, table)
    text = io.TextIOWrapper(source, encoding="utf-8", newline="")
    try:
        rows = csv.reader(text, strict=True)
        if next(rows, None) != [column.heading for column in table.columns]:
            _refuse("TAB-01", table.key, "the heading is another one")
        read = out.read(table)
        for cells in rows:
            of = next(read, None)
            if of is None:
                _refuse("TAB-03", table.key, "there are more rows than leave")
            proof.row(of, cells)
        if next(read, None) is not None:
            _refuse("TAB-03", table.key, "rows are missing")
    except (UnicodeDecodeError, csv.Error):
        _refuse("TAB-02", table.key, "it cannot be read again")
    finally:
        text.detach()  # the file stays the caller's to close
    proof.studies()


def prove_subject(out: Outgoing, patient_row: int, subject: ClinicalSubject) -> None:
    """Prove what leaves of one subject. Raises StepBlocked as `prove`."""
    key = f"P{patient_row}"
    if subject.pseudonym != out.going.whose(patient_row).pseudonym:
        _refuse("DID-12", key, "the subject bears another pseudonym than the images")
    of_table = {table.stem: table for table in out.tables}
    read = out.read_of(patient_row)
    for said in subject.tables:
        table = of_table[said.name]
        rows = [row for of, row in read if of is table]
        if len(rows) != len(said.rows):
            _refuse("TAB-03", key, "it has another number of rows")
        proof = _Proof(out, table, patient_row)
        for row, cells in zip(rows, said.rows, strict=True):
            proof.row(row, cells)
        proof.studies()


class _Proof:
    """One table, row by row; then the studies of its patients."""

    def __init__(self, out: Outgoing, table: OutgoingTable, first: int = 1) -> None:
        self._out = out
        self._first = first
        self._table = table
        self._columns = out.read_as(table)
        # Day 0 of each patient, from the `first` on, as what was written implies it.
        self._days_0 = array("l")
        is_weeks = self._columns.unit(Role.RELATIVE_DAY) is Unit.WEEKS
        self._days_of_unit = 7 if is_weeks else 1
        self._by_key = out.by_key
        self._original = lru_cache(1024)(self._original_of)
        self._pseudonym = lru_cache(1024)(self._pseudonym_of)
        self._study_uid = lru_cache(1024)(self._study_uid_of)

    def row(self, read: ReadRow, cells: Sequence[str]) -> None:
        """Prove one row. Raises StepBlocked."""
        if len(cells) != len(self._table.columns):
            _refuse("TAB-03", read.key, "it has another number of values than the heading")
        for column, cell in zip(self._table.columns, cells, strict=True):
            source = read.cells[column.place]
            match column.how:
                case How.PATIENT:
                    self._identity(read, cell)
                case How.RELATIVE:
                    self._relative(read, column.place, cell)
                case How.STUDY:
                    self._study(read, source, cell)
                case How.DATE:
                    self._date(read, column.place, cell)
                case How.MONTH:
                    self._month(read, column.place, cell)
                case How.NUMBER if column.role is Role.RELATIVE_DAY:
                    self._given_day(read, source, cell)
        if self._out.method is not None:
            self._no_original(read, cells)

    def studies(self) -> None:
        """Prove that relative days of studies count from the same day. Raises StepBlocked."""
        last = self._first + len(self._days_0) - 1
        for low in range(self._first, last + 1, _PAGE):
            for row, date, days, origin in self._out.ledger.rows(
                "SELECT s.patient_id, s.study_date, d.days, d.source FROM study s"
                " JOIN study_day d ON d.study_id = s.id WHERE s.patient_id BETWEEN ? AND ?",
                low,
                min(low + _PAGE - 1, last),
            ):
                day = day_of(date)
                known = self._days_0[row - self._first]
                if known == _UNKNOWN or day is None or origin not in _BY_DATES:
                    continue
                if day.toordinal() - days != known:
                    _refuse("REL-03", f"P{row}", "its studies count from another day")

    def _identity(self, read: ReadRow, cell: str) -> None:
        if not cell or cell != self._out.going.whose(read.patient_row).pseudonym:
            _refuse("DID-12", read.key, "it bears another pseudonym than the images")
        given = self._pseudonym(read.patient_row)
        if given is not None and given != cell:
            _refuse("DID-12", read.key, "the key gives it another pseudonym")

    def _study(self, read: ReadRow, source: str, cell: str) -> None:
        uid = source.strip()
        if cell != (self._out.going.whose(read.patient_row).studies(uid) or ""):
            _refuse("DID-12", read.key, "its Study has another UID than in the images")
        given = self._study_uid(read.patient_row, uid) if cell else None
        if given is not None and given != cell:
            _refuse("DID-12", read.key, "the key gives its Study another UID")

    def _original_of(self, patient: int) -> str:
        found = self._out.ledger.row("SELECT original_id FROM patient WHERE id = ?", patient)
        assert found is not None, "rows are linked to patients of this ledger"
        return str(found[0])

    def _pseudonym_of(self, patient: int) -> str | None:
        return None if self._by_key is None else self._by_key.patient(self._original(patient))

    def _study_uid_of(self, patient: int, uid: str) -> str | None:
        return None if self._by_key is None else self._by_key.study(uid, self._original(patient))

    def _relative(self, read: ReadRow, place: int, cell: str) -> None:
        day = day_in(read.cells[place], self._columns.order(place))
        if not cell:
            if day is not None and self._out.going.whose(read.patient_row).baseline is not None:
                _refuse("REL-03", read.key, "a relative day is missing")
            return
        days = whole(cell)
        if day is None or days is None or cell != str(days):
            _refuse("REL-02", read.key, "a relative day is no whole number")
        self._counts_from(read, day.toordinal() - days)

    def _counts_from(self, read: ReadRow, day_0: int) -> None:
        place = read.patient_row - self._first
        if place >= len(self._days_0):
            self._days_0.extend([_UNKNOWN] * (place + 1 - len(self._days_0)))
        known = self._days_0[place]
        if known == _UNKNOWN:
            self._days_0[place] = day_0
        elif known != day_0:
            _refuse("REL-04", read.key, "its relative days count from two days")

    def _date(self, read: ReadRow, place: int, cell: str) -> None:
        day = day_in(read.cells[place], self._columns.order(place))
        if cell != ("" if day is None else day.isoformat()):
            _refuse("REL-07", read.key, "a date is another one")

    def _month(self, read: ReadRow, place: int, cell: str) -> None:
        day = day_in(read.cells[place], self._columns.order(place))
        if self._out.hides_months(read.patient_row):
            day = None
        if cell != ("" if day is None else f"{day.year:04}-{day.month:02}-01"):
            _refuse("REL-05", read.key, "a date did not leave as the first of its month")

    def _given_day(self, read: ReadRow, source: str, cell: str) -> None:
        before, after = whole(source), whole(cell)
        if before is None or after is None:
            is_same = cell.strip() == source.strip().replace(",", ".")
        else:
            is_same = after == before * self._days_of_unit
        if not is_same:
            _refuse("REL-03", read.key, "a relative day of the table is another one")

    def _no_original(self, read: ReadRow, cells: Sequence[str]) -> None:
        original = read.patient.strip()
        text = "\n".join(cells)
        if original == cells[0] or (
            len(original) >= _LONG_ID and not original.isalpha() and original in text
        ):
            _refuse("DID-03", read.key, "the original Patient ID stands in it")
        if self._out.policy is DatePolicy.AS_IS:
            return
        for column in self._table.columns:
            if column.how in (How.MONTH, How.RELATIVE):
                place = column.place
                day = day_in(read.cells[place], self._columns.order(place))
                if day is not None and day.day != 1 and day.isoformat() in text:
                    _refuse("DID-03", read.key, "an original date stands in it")


def _refuse(rule: str, key: str, what: str) -> NoReturn:
    raise StepBlocked(
        f"What was about to be sent is not what it should be ({rule}, {key}): {what}.", _REMEDY
    )
