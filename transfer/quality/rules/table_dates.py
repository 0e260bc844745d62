"""The judge of dates as tables write them (REL-07)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.clinical.columns import DATES
from transfer.clinical.people import DATE_RULE
from transfer.clinical.subjects import Subject
from transfer.clinical.values import form_of, written_date
from transfer.ledger.clinical import ClinicalColumn
from transfer.quality.attributes import BLANK
from transfer.quality.cells import Cell
from transfer.quality.rule import Found, Level, Severity
from transfer.quality.rules.rowed import Said, TableFacts, Tables

_ALLOWED: Final = ("a date, 2024-01-31",)
_DATED: Final = frozenset(role.value for role in DATES)


@dataclass(slots=True)
class TableDates:
    """Names rows with something in a column of dates that is none, and counts what is written
    otherwise than EUCAIM does. A column that is left out is not looked at."""

    tables: Tables
    _dated: dict[int, list[ClinicalColumn]] = field(init=False)
    _converted: dict[int, dict[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        self._dated = {
            file: [c for c in facts.columns if c.role in _DATED and c.place not in facts.left_out]
            for file, facts in self.tables.by_file.items()
        }
        self._converted = {file: {} for file in self._dated}

    def see(self, subject: Subject) -> Iterable[Said]:
        for row in subject.rows:
            facts, converted = self.tables.by_file[row.file], self._converted[row.file]
            faults: list[Cell] = []
            for column in self._dated[row.file]:
                text = row.cells[column.place].strip()
                if text.lower() in BLANK:
                    continue
                written = written_date(text, facts.read.order(column.place))
                if written.date is None and not written.is_open:
                    faults.append(Cell(column.place, form_of(text), _ALLOWED))
                elif written.date is not None and not written.is_iso:
                    converted[column.place] = converted.get(column.place, 0) + 1
            if faults:
                said = ", ".join(f"{facts.told(cell.place)} ({cell.form})" for cell in faults)
                yield (
                    DATE_RULE,
                    Found(
                        row.key,
                        Level.TABLE,
                        Severity.BLOCK,
                        f"Row {row.row} has no readable date in {said}.",
                        "Write dates as 2024-01-31, or leave the value empty.",
                        len(faults),
                        cells=tuple(faults),
                    ),
                )

    def end(self) -> Iterable[Said]:
        for file, dated in self._dated.items():
            facts = self.tables.by_file[file]
            asked = [c for c in dated if c.date_order in ("open", "mixed")]
            if asked:
                yield DATE_RULE, _which_order(facts, asked)
            else:
                yield from _converted(facts, self._converted[file])


def _converted(facts: TableFacts, converted: dict[int, int]) -> Iterator[Said]:
    if converted:
        names = ", ".join(facts.told(place) for place in sorted(converted))
        yield (
            DATE_RULE,
            Found(
                facts.file.key,
                Level.TABLE,
                Severity.INFO,
                f"Dates of {names} are converted to the form 2024-01-31.",
                "Nothing to do.",
                sum(converted.values()),
            ),
        )


def _which_order(facts: TableFacts, asked: list[ClinicalColumn]) -> Found:
    is_mixed = any(c.date_order == "mixed" for c in asked)
    why = (
        "some dates begin with the day and some with the month"
        if is_mixed
        else "nothing tells whether the day or the month comes first"
    )
    return Found(
        facts.file.key,
        Level.TABLE,
        Severity.ASK,
        f"Dates of {', '.join(facts.told(c.place) for c in asked)} are ambiguous: {why}. Which"
        " order?",
        "Answer day-first or month-first, or write them as 2024-01-31.",
        len(asked),
        cells=tuple(Cell(c.place, "a date", _ALLOWED) for c in asked),
    )
