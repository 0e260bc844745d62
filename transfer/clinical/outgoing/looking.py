"""The last look over clinical tables: does a cell that leaves still tell whose it is?

Under a method every cell that is not made anew is searched for the patient's identifiers, as the
headers of the images and the columns that stay here tell them; for everybody's Patient IDs and
UIDs; and for days that the policy takes away elsewhere. Where images go as they are, what they say
of the patient is what the table may say too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from transfer.clinical.columns import Role, column_told, telling
from transfer.clinical.identifying import identifying
from transfer.clinical.likeness import likeness
from transfer.clinical.outgoing.columns import How, OutgoingColumn, is_birth_column
from transfer.clinical.outgoing.dates import DatePolicy, day_in
from transfer.clinical.outgoing.eye import as_seen
from transfer.clinical.outgoing.going import patients_with_rows
from transfer.clinical.outgoing.identities import Identities
from transfer.clinical.outgoing.strangers import Strangers
from transfer.clinical.outgoing.written_dates import holds_birth, holds_date, holds_day_of
from transfer.deid.look.identifiers import Fact, Identifiers, Kind
from transfer.deid.look.judge import Place, judge
from transfer.deid.look.ordinary import ORDINARY
from transfer.deid.look.phrases import Index, birth_date, index_of
from transfer.deid.look.tokens import fold, tokens_of
from transfer.ledger.clinical import clinical_columns
from transfer.ledger.facts import facts_of
from transfer.ledger.findings import Finding
from transfer.quality.attributes import is_empty
from transfer.quality.rules.telling import pattern_of

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing, OutgoingTable, ReadRow

IDENTIFIER_RULE: Final = "DID-03"
KEY_RULE: Final = "DID-12"
_NAMED: Final = 1000
_SHORT: Final = 256
_DAY: Final = "date with its day"
_WORD: Final = Place(0, "LO")
_PROSE: Final = Place(0, "LT")
_REMADE: Final = (How.PATIENT, How.STUDY, How.DATE, How.MONTH, How.RELATIVE)
_LOST: Final = {How.STUDY: "study", **dict.fromkeys((How.DATE, How.MONTH, How.RELATIVE), "date")}
_KINDS: Final = {
    "names": Kind.NAME,
    "addresses": Kind.ADDRESS,
    "phone numbers": Kind.PHONE,
}
_REMEDY: Final = (
    "Take it out of the table and read it again; or leave the column out: eucaim-transfer clinical"
    " NAME --leave-out COLUMN"
)
_DATE_REMEDY: Final = (
    "Say that the column holds a date: eucaim-transfer clinical NAME --map COLUMN=other-date; or"
    " write the text without the day, or leave the column out with --leave-out COLUMN"
)


@dataclass(frozen=True, slots=True)
class Told:
    """Cells of a column that leave empty although something stands in the source: a Study that
    does not go (`study`), a date that cannot be read (`date`), no day 0 to count from (`day-0`), a
    month that would give the day away (`month`), a number that cannot be converted from its unit
    (`number`)."""

    table: str
    heading: str
    why: str
    cells: int
    first_row: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found."""

    findings: tuple[Finding, ...]
    told: tuple[Told, ...]


def look(out: Outgoing) -> Looked:
    """Look at everything that leaves, patient by patient. Blocking; memory is bounded by the rows
    of one patient."""
    looking = _Looking(out)
    looking.headings()
    for patient in patients_with_rows(out.ledger, 0):
        looking.patient(patient)
    looking.repeated_ids()
    return Looked(looking.findings(), looking.told())


@dataclass(slots=True)
class _Untold:
    cells: int = 0
    first: str = ""


@dataclass(slots=True)
class _Repeated:
    """How often a column says the Patient ID of its row, and for how many patients."""

    filled: int = 0
    same: int = 0
    patients: set[int] = field(default_factory=set)


class _Looking:
    def __init__(self, out: Outgoing) -> None:
        self._out = out
        self._strangers = Strangers(out.ledger)
        self._identities = Identities(out)
        # Few texts are said of one patient alone.
        self._anybodys = lru_cache(1 << 14)(self._of_anybody)
        self._is_whole = out.policy is DatePolicy.AS_IS
        self._found: list[Finding] = []
        self._more: Counter[str] = Counter()
        self._untold: dict[tuple[str, str, str], _Untold] = {}
        self._repeated: dict[tuple[str, int], _Repeated] = {}
        self._sources = {table.file: _Sources(out, table) for table in out.tables}

    # What is looked at ------------------------------------------------------------------

    def headings(self) -> None:
        """Headings, and the name of the dataset, which is part of every file's."""
        if self._out.method is None:
            return
        for table in self._out.tables:
            texts = [column.heading for column in table.columns]
            places = [n for n, text in enumerate(texts, 1) if self._is_telling(text)]
            named = identifying(
                self._out.ledger, [c.heading for c in table.columns if may_be_name(c)]
            )
            places += [n for n, text in enumerate(texts, 1) if text in named and n not in places]
            if places:
                told = ", ".join(map(str, sorted(places)))
                self._add(
                    IDENTIFIER_RULE,
                    table.key,
                    f"The heading of a clinical table holds an original identifier of a patient, or"
                    f" the day of a date: column {told} of what leaves.",
                    "Give the column another heading, and read the table again.",
                )
            if self._names_somebody(self._out.dataset):
                self._add(
                    IDENTIFIER_RULE,
                    table.key,
                    "The name of this transfer, which is part of the name of the file that leaves,"
                    " is an original identifier of a patient.",
                    "Make a new transfer under another name.",
                )

    def _is_telling(self, text: str) -> bool:
        return self._names_somebody(text) or bool(self._of_anybody(as_seen(text)))

    def _names_somebody(self, text: str) -> bool:
        """A day alone does not: the name that is suggested for a transfer ends with one."""
        seen = as_seen(text)
        return any(self._strangers.kinds(seen)) or bool(pattern_of(seen))

    def patient(self, patient: int) -> None:
        """All rows of one patient."""
        read = self._out.read_of(patient)
        if not read:
            return
        if fault := self._identities.fault_of(patient):
            self._add(KEY_RULE, read[0][1].key, *fault)
        index, days, births = self._known(patient, read)
        for table, row in read:
            made = self._out.made(table, row)
            hits: dict[str, list[str]] = {}
            for column, cell in zip(table.columns, made.cells, strict=True):
                if not cell:
                    self._count_lost(table, column, row)
                elif column.how in _REMADE:
                    if self._is_birth(column, table, row, births):
                        hits.setdefault(Kind.BIRTH_DATE.value, []).append(
                            self._sources[table.file].told(column)
                        )
                elif self._out.method is not None and not cell.isspace():
                    for kind in self._kinds(cell, index, days, births):
                        hits.setdefault(kind, []).append(self._sources[table.file].told(column))
                    self._count_repeated(table, column, row, cell)
            self._tell(row.key, hits)

    def repeated_ids(self) -> None:
        """Columns that repeat a Patient ID too short to be recognised cell by cell."""
        for table in self._out.tables:
            for column in table.columns:
                seen = self._repeated.get((table.key, column.place))
                if seen is None or len(seen.patients) < 2 or 2 * seen.same <= seen.filled:
                    continue
                told = self._sources[table.file].told(column)
                self._add(
                    IDENTIFIER_RULE,
                    table.key,
                    f"In the clinical table {told} repeats the original Patient ID.",
                    _REMEDY,
                )

    # How --------------------------------------------------------------------------------

    def _is_birth(
        self, column: OutgoingColumn, table: OutgoingTable, row: ReadRow, births: frozenset[str]
    ) -> bool:
        """Whether a date of which nothing else is known is the day of birth."""
        if self._is_whole or not births or column.role is not Role.OTHER_DATE:
            return False
        return self._sources[table.file].day(column.place, row.cells) in births

    def _kinds(
        self, cell: str, index: Index, days: frozenset[str], births: frozenset[str]
    ) -> Iterator[str]:
        cell = as_seen(cell)
        found = dict.fromkeys(_judged(cell, index))
        if holds_birth(cell, births):
            found[Kind.BIRTH_DATE.value] = None
        of_anybody = self._anybodys if len(cell) <= _SHORT else self._of_anybody
        found.update(dict.fromkeys(of_anybody(cell)))
        if not self._is_whole and holds_day_of(cell, days):
            found[_DAY] = None
        yield from found

    def _of_anybody(self, cell: str) -> tuple[str, ...]:
        """What a cell holds whoever's row it stands in."""
        kinds = tuple(self._strangers.kinds(cell))
        return kinds if self._is_whole or not holds_date(cell) else (*kinds, _DAY)

    def _known(
        self, patient: int, read: Sequence[tuple[OutgoingTable, ReadRow]]
    ) -> tuple[Index, frozenset[str], frozenset[str]]:
        """What is searched for in the rows of a patient; days that tables tell, and days of birth,
        as YYYYMMDD."""
        if self._out.method is None:
            return Index(), frozenset(), frozenset()
        ledger = self._out.ledger
        found = ledger.row("SELECT original_id, original_name FROM patient WHERE id = ?", patient)
        assert found is not None, "rows are linked to patients of this ledger"
        facts = [Fact(Kind.PATIENT_ID, str(found[0])), Fact(Kind.NAME, str(found[1]))]
        facts += [Fact(Kind(kind), text) for kind, text in facts_of(ledger, patient)]
        days = {
            str(date)
            for (date,) in ledger.rows("SELECT study_date FROM study WHERE patient_id = ?", patient)
        }
        for table, row in read:
            facts.append(Fact(Kind.PATIENT_ID, row.patient))
            facts += self._sources[table.file].facts(row.cells)
            days.update(self._sources[table.file].days(row.cells))
        facts = [fact._replace(text=fact.text.strip()) for fact in facts if fact.text.strip()]
        born = (birth_date(fact.text) for fact in facts if fact.kind is Kind.BIRTH_DATE)
        births = frozenset(f"{day:%Y%m%d}" for day in born if day is not None)
        return index_of(Identifiers(facts).facts), frozenset(days), births

    def _count_lost(self, table: OutgoingTable, column: OutgoingColumn, row: ReadRow) -> None:
        if is_empty(row.cells[column.place]):
            return
        why = _LOST.get(column.how, "number")
        if why == "date" and self._sources[table.file].is_date(column, row.cells):
            why = "month" if column.how is How.MONTH else "day-0"
        lost = self._untold.setdefault((table.name, column.heading, why), _Untold())
        lost.cells += 1
        lost.first = lost.first or row.key

    def _count_repeated(
        self, table: OutgoingTable, column: OutgoingColumn, row: ReadRow, cell: str
    ) -> None:
        seen = self._repeated.setdefault((table.key, column.place), _Repeated())
        seen.filled += 1
        if _likeness(cell.strip()[:64]) == _likeness(row.patient.strip()[:64]):
            seen.same += 1
            if len(seen.patients) < 2:
                seen.patients.add(row.patient_row)

    # What is said -----------------------------------------------------------------------

    def _tell(self, key: str, hits: dict[str, list[str]]) -> None:
        if not hits:
            return
        said = "; ".join(f"{', '.join(places)} ({kind})" for kind, places in hits.items())
        is_date = hits.keys() == {_DAY}
        what = "the day of a date" if is_date else "an original identifier of a patient"
        self._add(
            IDENTIFIER_RULE,
            key,
            f"Row {key} of the clinical table would leave with {what}: {said}.",
            _DATE_REMEDY if is_date else _REMEDY,
        )

    def _add(self, rule: str, key: str, message: str, remedy: str) -> None:
        if sum(finding.rule == rule for finding in self._found[-_NAMED:]) >= _NAMED:
            self._more[rule] += 1
        else:
            self._found.append(Finding(rule, "block", "table", key, message, remedy))

    def findings(self) -> tuple[Finding, ...]:
        more = [
            Finding(
                rule,
                "block",
                "dataset",
                "clinical",
                f"There are {n:,} more rows of this kind ({rule}).",
                "Mend those that are named first, then look again.",
                n,
            )
            for rule, n in sorted(self._more.items())
        ]
        return (*self._found, *more)

    def told(self) -> tuple[Told, ...]:
        return tuple(Told(*key, lost.cells, lost.first) for key, lost in self._untold.items())


class _Sources:
    """What a table says that does not leave: identifiers to search for, and whole dates."""

    def __init__(self, out: Outgoing, table: OutgoingTable) -> None:
        read = clinical_columns(out.ledger, table.file)
        self._columns = out.read_as(table)
        self._told = {c.place: column_told(c.place, c.heading) for c in read}
        staying = {column.place for column in table.columns_left_out}
        self._kinds = {
            c.place: _KINDS.get(kind, Kind.OTHER_ID)
            for c in read
            if c.place in staying and (kind := telling(c.heading))
        }
        self._births = [c.place for c in read if is_birth_column(c)]
        self._dates = [
            c.place for c in read if any(o.place == c.place for o in _dated(table.columns))
        ]

    def told(self, column: OutgoingColumn) -> str:
        """A column in a message."""
        return self._told[column.place]

    def facts(self, cells: Sequence[str]) -> Iterator[Fact]:
        """Identifiers that columns hold which stay here."""
        for place, kind in self._kinds.items():
            if not is_empty(cells[place]):
                yield Fact(kind, cells[place][:256])
        for place in self._births:
            if born := self.day(place, cells):
                yield Fact(Kind.BIRTH_DATE, born)

    def days(self, cells: Sequence[str]) -> Iterator[str]:
        """The dates of a row, as YYYYMMDD."""
        for place in self._dates:
            if day := self.day(place, cells):
                yield day

    def day(self, place: int, cells: Sequence[str]) -> str:
        """The date that stands at a place, as YYYYMMDD; empty where none can be read."""
        day = day_in(cells[place], self._columns.order(place))
        return "" if day is None else f"{day:%Y%m%d}"

    def is_date(self, column: OutgoingColumn, cells: Sequence[str]) -> bool:
        """Whether the source of a cell can be read as a date."""
        return bool(self.day(column.place, cells))


def _dated(columns: Sequence[OutgoingColumn]) -> Iterator[OutgoingColumn]:
    return (c for c in columns if c.how in (How.DATE, How.MONTH, How.RELATIVE))


def may_be_name(column: OutgoingColumn) -> bool:
    """Whether a heading of which nothing is known may be a person's name, as the first row of a
    table without headings would be; a word of the field is none."""
    return column.role is None and fold(column.heading) not in ORDINARY


_likeness: Final = lru_cache(1 << 14)(likeness)
_tokens: Final = lru_cache(1 << 14)(tokens_of)


def _judged(cell: str, index: Index) -> Iterator[str]:
    """Identifiers of the patient in a cell; running text is what has blanks in it."""
    tokens = _tokens(cell) if len(cell) <= _SHORT else tokens_of(cell)
    if index.by_needle.keys().isdisjoint(tokens) and not index.unspaced:
        return
    place = _PROSE if " " in cell.strip() else _WORD
    for kind in judge(place, [cell], index):
        yield kind.value
