"""Identifiers in the columns of a clinical table (EUCAIM's requirements, TAB-05)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from transfer.clinical.columns import DATES, Role, telling
from transfer.clinical.subjects import Subject, SubjectRow
from transfer.ledger.clinical import clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.facts import facts_of
from transfer.quality.cells import Cell, read_cells
from transfer.quality.national import NumberColumn, surely_national
from transfer.quality.rule import Choice, Dimension, Found, Level, Rule, Severity
from transfer.quality.rules.rowed import RowRule, Said, Tables

RULE: Final = "TAB-05"
LEAVE_OUT: Final = "leave-out"
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,}")
_PHONE: Final = re.compile(r"\+\d{1,3}[ -]?(?:\d[ -]?){7,12}\d")
_CALLED: Final = re.compile(
    r"\b(?:tel|tele?f(?:on[oe]?)?|telephone|tlfn?o?|tfno|phone|mobile|m[oó]vil|handy|gsm|fax)\b"
    r"[.:]{0,2} ?\(?\+?\d[\d ()./-]{6,}",
    re.IGNORECASE,
)
_GROUPED: Final = re.compile(
    r"[6-9]\d\d[ -]\d{3}[ -]\d{3}|[6-9]\d\d?(?:[ -]\d{2}){3}|[6-9]\d[ -]\d{3}[ -]\d{2}[ -]\d{2}"
    r"|0\d(?:[ .-]\d{2}){4}|\(0\d{1,4}\) ?\d{3,4}[ -]?\d{3,5}|0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}"
)
_OWN: Final = (Role.PATIENT, Role.STUDY, *DATES)
_KINDS: Final = ("name", "other ID", "accession number", "order or visit number", "address",
                 "phone number", "birth date")  # fmt: skip
_CELL_LIMIT: Final = 4096
_SHORTEST: Final = 3
_REMEMBERED: Final = 16_384
_CACHED: Final = 64
"""Characters of a cell that is remembered: values of lists are short, free text is not."""
_ID: Final = re.compile(r"(?=.*\d)(?![+-]?\d*[.,]\d+$)[^\s@]{6,64}")


def telling_columns(ledger: Ledger) -> frozenset[tuple[int, int]]:
    """Columns that do not leave, by the row of their table and their place: they seem to hold
    identifiers, and nobody has said that they are harmless."""
    files = {file.key: file.row for file in clinical_files(ledger)}
    rows = ledger.rows(
        "SELECT f.key, f.cells FROM finding f LEFT JOIN settled s ON s.rule = f.rule"
        " AND s.key = f.key WHERE f.rule = ? AND (f.standing <> 'answered' OR s.value = ?)",
        RULE,
        LEAVE_OUT,
    )
    return frozenset(
        (files[key], cell.place)
        for key, cells in rows
        if key in files
        for cell in read_cells(cells)
    )


@dataclass(slots=True)
class _Told:
    """Which identifiers a column holds, and the first row that shows it; 0 where its heading
    does."""

    kind: str
    row: int = 0


@dataclass(slots=True)
class Telling:
    """The judge of TAB-05. A column that a person leaves out tells nobody anything."""

    tables: Tables
    _told: dict[int, dict[int, _Told]] = field(init=False)
    _open: dict[int, list[int]] = field(init=False)
    _numbers: dict[tuple[int, int], NumberColumn] = field(default_factory=dict)
    _first: dict[tuple[int, int], int] = field(default_factory=dict)
    _ids: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._told, self._open = {}, {}
        for file, facts in self.tables.by_file.items():
            told = self._told[file] = {}
            self._open[file] = []
            for column in facts.columns:
                if column.place in facts.left_out or column.role == Role.PATIENT:
                    continue
                if kind := telling(column.heading):
                    told[column.place] = _Told(kind)
                elif column.role not in _OWN:
                    self._open[file].append(column.place)
                    self._numbers[file, column.place] = NumberColumn()

    def see(self, subject: Subject) -> Iterable[Said]:
        known = None if subject.patient is None else self._known(subject.patient)
        for row in subject.rows:
            found = [
                (place, kind)
                for place in self._open[row.file]
                if len(cell := row.cells[place]) >= _SHORTEST
                and (kind := self._kind(row, place, cell[:_CELL_LIMIT], known))
            ]
            for place, kind in found:
                self._told[row.file][place] = _Told(kind, row.row)
                self._open[row.file].remove(place)
        return ()

    def _kind(self, row: SubjectRow, place: int, cell: str, known: Any) -> str:
        if kind := (pattern_of(cell) if len(cell) > _CACHED else _known_pattern(cell)):
            return kind
        text = cell.strip()
        numbers = self._numbers[row.file, place]
        if text and numbers.is_open:
            numbers.see(text)
            self._first.setdefault((row.file, place), row.row)
        if known is not None and _tells(known, cell):
            return "what the images tell of the patient"
        if self.tables.now.method and _ID.fullmatch(text) and self._is_patient(text):
            return "Patient IDs of the images"
        return ""

    def _is_patient(self, text: str) -> bool:
        if text not in self._ids:
            if len(self._ids) >= _REMEMBERED:
                self._ids.clear()
            found = self.tables.ledger.row("SELECT 1 FROM patient WHERE original_id = ?", text)
            self._ids[text] = found is not None
        return self._ids[text]

    def _known(self, patient: int) -> Any:
        """What the images tell of a patient and a table must not; None where it is nothing."""
        from transfer.deid.look.identifiers import Fact, Identifiers, Kind
        from transfer.deid.look.phrases import index_of

        ledger = self.tables.ledger
        rows = ledger.rows(
            "SELECT p.original_id, p.original_name, ifnull(n.birth_date, '') FROM patient p"
            " LEFT JOIN person n ON n.patient_id = p.id WHERE p.id = ? LIMIT 20",
            patient,
        )
        facts = [Fact(Kind(k), text) for k, text in facts_of(ledger, patient) if k in _KINDS]
        for original_id, name, birth_date in rows:
            facts += [Fact(Kind.NAME, str(name))] if name else []
            facts += [Fact(Kind.BIRTH_DATE, str(birth_date))] if birth_date else []
            # Where files go as they are, this ID is the one that the node gets.
            facts += [Fact(Kind.PATIENT_ID, str(original_id))] if self.tables.now.method else []
        index = index_of(Identifiers(facts).facts)
        return index if index.by_needle else None

    def end(self) -> Iterable[Said]:
        for (file, place), numbers in self._numbers.items():
            if numbers.kind and place in self._open[file]:
                self._told[file][place] = _Told(numbers.kind, self._first[file, place])
        for file, told in self._told.items():
            if told:
                yield RULE, self._found(file, told)

    def _found(self, file: int, told: dict[int, _Told]) -> Found:
        facts = self.tables.by_file[file]
        said = [
            f"{facts.told(place)} ({told[place].kind}"
            + (f", row {told[place].row} for one)" if told[place].row else ")")
            for place in sorted(told)
        ]
        rows = [one.row for one in told.values() if one.row]
        return Found(
            facts.file.key,
            Level.TABLE,
            Severity.ASK,
            f"The clinical table seems to hold identifiers beside PatientID: {'; '.join(said)}.",
            n=len(told),
            example=f"R{min(rows)}" if rows else "",
            cells=tuple(Cell(place, told[place].kind) for place in sorted(told)),
        )


def pattern_of(cell: str) -> str:
    """What a text holds that has a form of its own: a mail address, a phone or national number."""
    if "@" in cell and _MAIL.search(cell):
        return "an e-mail address"
    if ("+" in cell and _PHONE.search(cell)) or _CALLED.search(cell):
        return "a phone number"
    if _GROUPED.fullmatch(cell.strip()):
        return "a phone number"
    return surely_national(cell)


@lru_cache(maxsize=65_536)
def _known_pattern(cell: str) -> str:
    return pattern_of(cell)


@lru_cache(maxsize=65_536)
def _tokens(cell: str) -> frozenset[str]:
    from transfer.deid.look.tokens import tokens_of

    return frozenset(tokens_of(cell))


def _tells(known: Any, cell: str) -> bool:
    # Most cells share no word with the patient, which is told at once.
    is_plain = len(cell) <= _CACHED and (cell.isascii() or not known.unspaced)
    if is_plain and known.by_needle.keys().isdisjoint(_tokens(cell)):
        return False
    from transfer.deid.look.judge import Place, judge

    return any(True for _ in judge(Place(0, "LO"), [cell], known))


RULES: Final[tuple[Rule, ...]] = (
    RowRule(
        id=RULE,
        title="No other identifier in the table",
        dimension=Dimension.PRIVATE,
        severities=(Severity.ASK,),
        remedy="Take these columns out of the table, or answer leave-out, or answer that they name"
        " nobody.",
        choices=(
            Choice(LEAVE_OUT, "These columns do not leave"),
            Choice("harmless", "These columns name nobody; they may go"),
        ),
        judged_by=Telling,
    ),
)
