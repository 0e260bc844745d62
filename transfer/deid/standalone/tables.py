"""Clinical tables beside the images: their identifiers replaced in step with the images'.

A table is a `*.csv` in UTF-8 with a heading; its first column is the Patient ID. Of
`dcm_studies_metadata.csv` the second is the Study Instance UID. A name with `_` in front marks a
table that is copied as it is. What is written follows RFC 4180. Source of these rules: Lethe
0.9.16, observed; where it aborts, this finds something and says what.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

from transfer.clinical.dialect import SAMPLE_CHARACTERS, LineTooLong, dialect_of, lines_of
from transfer.deid.look.identifiers import NOBODY, Fact, Identifiers, Kind
from transfer.deid.look.judge import Place, judge
from transfer.deid.look.phrases import index_of

STUDIES: Final = "dcm_studies_metadata.csv"
_SUFFIX: Final = ".csv"
_ROWS_NAMED: Final = 5
_COPY_BYTES: Final = 1024 * 1024
# Rows are texts with a value in each column; names of columns are judged as codes are.
_CELL: Final = Place(0, "LO")
_HEADING: Final = Place(0, "CS")


class TableKind(StrEnum):
    """What is done to a table, by its name."""

    CLINICAL = "clinical"
    STUDIES = "studies"
    COPIED = "copied"


class Problem(StrEnum):
    """What is found in a table; the codes stand in documents and never change."""

    NOT_UTF8 = "table-not-utf-8"
    EMPTY = "table-empty"
    UNREADABLE = "table-unreadable"
    BLANK_ROW = "table-blank-row"
    NO_ID = "table-row-without-id"
    NO_STUDY = "table-row-without-study-uid"
    NO_PSEUDONYM = "table-row-without-pseudonym"
    IDENTIFIER = "table-holds-identifier"
    NAME = "table-name-holds-identifier"


@dataclass(frozen=True, slots=True)
class Told:
    """What a problem means for the operator. `is_refusal`: the table is not written."""

    rule: str
    severity: str
    is_refusal: bool
    what: str
    remedy: str


SENTENCES: Final = {
    Problem.NOT_UTF8: Told(
        "TAB-02", "block", True, "The table is not encoded in UTF-8.",
        "Save it again as CSV UTF-8, then start over.",
    ),
    Problem.EMPTY: Told(
        "TAB-01", "block", True, "The table is empty.", "Fill it, or take it out of the folder.",
    ),
    Problem.UNREADABLE: Told(
        "TAB-01", "block", True, "The table cannot be read: a value or line in it does not end.",
        "Look for a quotation mark without its partner, and save the table again.",
    ),
    Problem.BLANK_ROW: Told(
        "TAB-03", "warn", False, "The table has blank lines; they are left out.", "Nothing to do.",
    ),
    Problem.NO_ID: Told(
        "LNK-01", "block", False, "Rows have no Patient ID, so they belong to nobody.",
        "Fill in the first column, or take these rows out, then start over.",
    ),
    Problem.NO_STUDY: Told(
        "LNK-01", "block", False, "Rows have no Study Instance UID in the second column.",
        "Fill in the second column, or take these rows out, then start over.",
    ),
    Problem.NO_PSEUDONYM: Told(
        "DID-12", "block", True, "The script gives no new identifier for some Patient IDs.",
        "See that the script and its lookup table know every patient of the table.",
    ),
    Problem.IDENTIFIER: Told(
        "DID-03", "block", True, "The table still holds an identifier of a patient.",
        "Take it out of the columns named, then start over.",
    ),
    Problem.NAME: Told(
        "DID-03", "block", True, "The name of the table holds an identifier of a patient.",
        "Give the file another name, then start over.",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableFinding:
    """A problem of one table: how many rows, and the numbers of the first. The heading is row 1;
    `column` counts from 1, zero where it is no column's."""

    problem: Problem
    column: int
    count: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TableResult:
    """What became of one table; the caller keeps what was written only if `is_good`."""

    rows: int
    findings: tuple[TableFinding, ...]

    @property
    def is_good(self) -> bool:
        return not any(SENTENCES[finding.problem].is_refusal for finding in self.findings)


class Pseudonyms(Protocol):
    """How a method names patients and studies anew."""

    @property
    def is_lethe(self) -> bool:
        """An empty ID has a pseudonym, and blanks around a Study Instance UID count."""
        ...

    def patient(self, patient_id: str) -> str | None:
        """The new Patient ID; None where the method has none for it."""
        ...

    def study(self, study_uid: str, patient_id: str) -> str | None:
        """The new Study Instance UID, of a patient by the original ID; None as above."""
        ...


KnownOf = Callable[[str], Identifiers]
"""The original identifiers of a patient, by the original Patient ID without blanks around it."""


@dataclass(frozen=True, slots=True)
class TableLook:
    """What tables are searched for: `of` in a patient's rows, `all_` in what is nobody's row."""

    of: KnownOf = lambda _: NOBODY
    all_: Identifiers = NOBODY


def table_kind(name: str) -> TableKind | None:
    """What is done to a file of this name; None: it is no table. Only small letters count."""
    if not name.endswith(_SUFFIX):
        return None
    if name.startswith("_"):
        return TableKind.COPIED
    return TableKind.STUDIES if name == STUDIES else TableKind.CLINICAL


def hash_table(
    source: BinaryIO,
    target: BinaryIO,
    kind: TableKind,
    pseudonyms: Pseudonyms,
    look: TableLook | None = None,
) -> TableResult:
    """Write a table with its identifiers replaced. Memory does not grow with its rows.

    Raises:
        OSError: the disk.
    """
    work = _Work(kind, pseudonyms, look or TableLook())
    try:
        if kind is TableKind.COPIED:
            work.copy(source, target)
        else:
            work.hash(source, target)
    except UnicodeDecodeError:
        work.find(Problem.NOT_UTF8, work.row)
    except (csv.Error, LineTooLong):
        work.find(Problem.UNREADABLE, work.row)
    return TableResult(work.rows, work.findings())


@dataclass(slots=True)
class _Work:
    kind: TableKind
    pseudonyms: Pseudonyms
    look: TableLook
    row: int = 0
    rows: int = 0
    counts: Counter[tuple[Problem, int]] = field(default_factory=Counter)
    where: dict[tuple[Problem, int], list[int]] = field(default_factory=dict)

    def find(self, problem: Problem, row: int, column: int = 0) -> None:
        key = (problem, column)
        self.counts[key] += 1
        named = self.where.setdefault(key, [])
        if len(named) < _ROWS_NAMED:
            named.append(row)

    def findings(self) -> tuple[TableFinding, ...]:
        return tuple(
            TableFinding(problem, column, count, tuple(self.where[problem, column]))
            for (problem, column), count in self.counts.items()
        )

    def copy(self, source: BinaryIO, target: BinaryIO) -> None:
        """As it is, byte for byte; searched for strong identifiers on the way."""
        while line := source.readline(_COPY_BYTES):
            self.row += 1
            target.write(line)
            self._search([line.decode("utf-8", "replace")], _HEADING, self.look.all_, named=False)
        self.rows = self.row

    def hash(self, source: BinaryIO, target: BinaryIO) -> None:
        text = io.TextIOWrapper(source, encoding="utf-8", newline="")
        out = io.TextIOWrapper(target, encoding="utf-8", newline="")
        try:
            self._rewrite(text, out)
        finally:
            # The files stay the caller's to close.
            text.detach()
            out.detach()

    def _rewrite(self, text: io.TextIOWrapper, out: io.TextIOWrapper) -> None:
        sample = text.read(SAMPLE_CHARACTERS)
        bom = codecs.BOM_UTF8.decode()
        mark = bom if sample.startswith(bom) else ""
        dialect = dialect_of(sample.removeprefix(mark))
        text.seek(0)
        text.read(len(mark))
        out.write(mark)
        reader = csv.reader(
            lines_of(text), delimiter=dialect.delimiter, quotechar=dialect.quotechar
        )
        writer = csv.writer(out, lineterminator="\r\n")
        for row in reader:
            self.row = reader.line_num
            if not row or (not self.pseudonyms.is_lethe and not any(map(str.strip, row))):
                self.find(Problem.BLANK_ROW, self.row)
            elif not self.rows:
                self.rows = 1
                self._search(row, _HEADING, self.look.all_)
                writer.writerow(row)
            else:
                self.rows += 1
                writer.writerow(self._hashed(row))
        if not self.rows:
            self.find(Problem.EMPTY, 0)

    def _hashed(self, row: list[str]) -> list[str]:
        original = row[0]
        trimmed = original.strip()
        known = self.look.of(trimmed)
        if trimmed:
            known = known.merge(Identifiers([Fact(Kind.PATIENT_ID, trimmed)]))
        done = 2 if self.kind is TableKind.STUDIES else 1
        self._search(row[done:], _CELL, known, first_column=done + 1)
        if not trimmed and not self.pseudonyms.is_lethe:
            self.find(Problem.NO_ID, self.row)
            patient: str | None = ""
        else:
            patient = self.pseudonyms.patient(original)
        new = [self._given(patient)]
        if self.kind is TableKind.STUDIES:
            new.append(self._study(row))
        return [*new, *row[done:]]

    def _study(self, row: list[str]) -> str:
        study_uid = row[1] if len(row) > 1 else ""
        is_named = len(row) > 1 if self.pseudonyms.is_lethe else bool(study_uid.strip())
        if not is_named:
            self.find(Problem.NO_STUDY, self.row)
            return ""
        if not row[0].strip() and not self.pseudonyms.is_lethe:
            return ""  # found already: it belongs to nobody
        return self._given(self.pseudonyms.study(study_uid, row[0]))

    def _given(self, new: str | None) -> str:
        if new is None:
            self.find(Problem.NO_PSEUDONYM, self.row)
        return new or ""

    def _search(
        self,
        cells: list[str],
        place: Place,
        known: Identifiers,
        *,
        first_column: int = 1,
        named: bool = True,
    ) -> None:
        index = index_of(known.facts)
        if not index.by_needle:
            return
        for column, cell in enumerate(cells, first_column):
            if any(True for _ in judge(place, [cell], index)):
                self.find(Problem.IDENTIFIER, self.row, column if named else 0)
