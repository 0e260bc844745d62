"""The judge of studies, episodes and timepoints as tables give them, and of whether the board of
timepoints agrees (TPT-01 to TPT-05 and TPT-07, as far as a table can be at fault)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from transfer.clinical.columns import Role, bare
from transfer.clinical.subjects import Subject, SubjectRow
from transfer.clinical.values import form_of, whole
from transfer.ledger.timepoints import EPISODES, has_begun
from transfer.quality.cells import Cell
from transfer.quality.rule import Found, Level, Severity
from transfer.quality.rules.rowed import Said, Tables, allowed
from transfer.sentences import count

_HELPING: Final = ("studydescription",)
"""Headings of what helps to fill in the table of timepoints and never leaves; its dates are
coarsened or left out with all others."""


@dataclass(frozen=True, slots=True)
class _OnBoard:
    """One study of a patient on the board; `number` is None while it is a question."""

    study: int
    uid: str
    episode: str
    number: int | None


@dataclass(slots=True)
class TableTimepoints:
    """The judge of these rules."""

    tables: Tables
    _is_asked: bool = field(init=False)
    _has_board: bool = field(init=False)
    _episodes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        roles = (Role.STUDY, Role.EPISODE, Role.TIMEPOINT)
        self._is_asked = any(map(self.tables.has, roles))
        self._has_board = has_begun(self.tables.ledger)
        self._episodes = self.tables.mapping.terms_of(Role.EPISODE)

    def see(self, subject: Subject) -> Iterable[Said]:
        if not self._is_asked:
            return
        numbered: dict[int, list[tuple[int, SubjectRow]]] = {}
        studies: dict[tuple[int, str], SubjectRow] = {}
        strangers: list[SubjectRow] = []
        for row in subject.rows:
            yield from self._episode(row)
            number = yield from self._number(row)
            if number is not None:
                numbered.setdefault(row.file, []).append((number, row))
            if (uid := self.tables.text(row, Role.STUDY)) and subject.patient is not None:
                yield from self._study(subject.patient, row, uid, studies, strangers)
        for of in numbered.values():
            yield from self._in_order(of)
        if subject.patient is not None and not subject.is_rest:
            yield from self._cover(subject, [one for of in numbered.values() for one in of])
            yield from self._unknown_studies(strangers)

    def _episode_of(self, row: SubjectRow) -> str:
        text = self.tables.text(row, Role.EPISODE)
        return self._episodes.get(text, text)

    def _episode(self, row: SubjectRow) -> Iterator[Said]:
        text = self._episode_of(row)
        if text and text not in EPISODES:
            form = form_of(text)
            yield (
                "TPT-04",
                Found(
                    row.key,
                    Level.TABLE,
                    Severity.BLOCK,
                    f"Row {row.row}, {self.tables.column(row, Role.EPISODE)}: the value ({form}) is"
                    f" not one of {', '.join(EPISODES)}.",
                    "Write the episode exactly so in the table, or map it to one of them.",
                    cells=(Cell(self._place(row, Role.EPISODE), form, EPISODES),),
                ),
            )

    def _place(self, row: SubjectRow, role: Role) -> int:
        return self.tables.by_file[row.file].places[role]

    def _number(self, row: SubjectRow) -> Generator[Said, None, int | None]:
        """The timepoint of a row, where it is one."""
        text = self.tables.text(row, Role.TIMEPOINT)
        if not text:
            return None
        number = whole(text)
        if number is not None and number >= 1:
            return number
        yield self._of_timepoint(
            row,
            f"Row {row.row}, {self.tables.column(row, Role.TIMEPOINT)}: the timepoint is not a"
            " whole number from 1.",
        )
        return None

    def _of_timepoint(self, row: SubjectRow, message: str, example: str = "") -> Said:
        form = form_of(self.tables.text(row, Role.TIMEPOINT))
        cell = Cell(self._place(row, Role.TIMEPOINT), form, allowed(Role.TIMEPOINT))
        remedy = "Count the images of a patient from 1 by date, over all episodes."
        return "TPT-05", Found(
            row.key, Level.TABLE, Severity.BLOCK, message, remedy, example=example, cells=(cell,)
        )

    def _in_order(self, rows: list[tuple[int, SubjectRow]]) -> Iterator[Said]:
        """By number the dates rise, and no number is used in two episodes."""
        if len(rows) < 2:
            return
        rows = sorted(rows, key=lambda one: (one[0], one[1].row))
        for (number, one), (other_number, other) in pairwise(rows):
            before, after = self._date(one), self._date(other)
            if number == other_number and self._episode_of(one) != self._episode_of(other):
                yield self._of_timepoint(
                    other,
                    f"Rows {one.row} and {other.row} of one patient give one timepoint two"
                    " episodes.",
                    one.key,
                )
            elif before is not None and after is not None and before > after:
                yield self._of_timepoint(
                    other,
                    f"The timepoints in rows {one.row} and {other.row} of one patient do not"
                    " follow their dates.",
                    one.key,
                )

    def _date(self, row: SubjectRow) -> dt.date | None:
        return self.tables.by_file[row.file].date(row, Role.IMAGING_DATE)

    def _study(
        self,
        patient: int,
        row: SubjectRow,
        uid: str,
        seen: dict[tuple[int, str], SubjectRow],
        strangers: list[SubjectRow],
    ) -> Iterator[Said]:
        found = self.tables.ledger.row("SELECT id, patient_id FROM study WHERE study_uid = ?", uid)
        cells = (self.tables.cell(row, Role.STUDY, form_of(uid)),)
        if found is None:
            strangers.append(row)
        elif found[1] != patient:
            yield (
                "TPT-01",
                Found(
                    row.key,
                    Level.TABLE,
                    Severity.BLOCK,
                    f"Row {row.row} names study S{found[0]}, which is not one of patient"
                    f" P{patient}.",
                    example=f"S{found[0]}",
                    cells=cells,
                ),
            )
        elif (before := seen.setdefault((row.file, uid), row)) is not row:
            yield (
                "TPT-02",
                Found(
                    row.key,
                    Level.TABLE,
                    Severity.BLOCK,
                    f"Rows {before.row} and {row.row} name the same study, S{found[0]}.",
                    "Take one of them out, or correct its StudyInstanceUID.",
                    example=before.key,
                    cells=cells,
                ),
            )

    def _unknown_studies(self, strangers: list[SubjectRow]) -> Iterator[Said]:
        for row in strangers:
            yield (
                "TPT-07",
                Found(
                    row.key,
                    Level.TABLE,
                    Severity.WARN,
                    f"Row {row.row} names a study that is not among the images.",
                    "Add the study, or correct the StudyInstanceUID.",
                    cells=(self.tables.cell(row, Role.STUDY, "a UID"),),
                ),
            )

    def _cover(self, subject: Subject, numbered: list[tuple[int, SubjectRow]]) -> Iterator[Said]:
        """The table and the board say the same of a patient."""
        if not self._has_board or not numbered:
            return
        board = self._board(subject)
        kept = {one.number for one in board if one.number is not None}
        said = {number for number, _ in numbered}
        if not kept:
            return
        alone, without = len(said - kept), len(kept - said)
        others = sum(self._is_other(number, row, board) for number, row in numbered)
        parts = []
        if alone or without:
            parts.append(
                f"the table has {count(alone, 'timepoint')} without a study, and the board"
                f" {without} that the table lacks"
            )
        if others:
            parts.append(
                f"{count(others, 'row')} of the table and the board give a timepoint another"
                " episode or study"
            )
        if parts:
            yield (
                "TPT-07",
                Found(
                    f"P{subject.patient}",
                    Level.PATIENT,
                    Severity.WARN,
                    f"Of patient P{subject.patient} {'; '.join(parts)}.",
                    n=alone + without + others,
                    example=numbered[0][1].key,
                ),
            )

    def _board(self, subject: Subject) -> list[_OnBoard]:
        going = {study: uid for study, _, uid in subject.studies}
        return [
            _OnBoard(study, going[study], episode, number)
            for study, episode, number in self.tables.ledger.rows(
                "SELECT tp.study_id, tp.episode, tp.number FROM timepoint tp JOIN study s"
                " ON s.id = tp.study_id WHERE s.patient_id = ?",
                subject.patient,
            )
            if study in going
        ]

    def _is_other(self, number: int, row: SubjectRow, board: list[_OnBoard]) -> bool:
        """Whether the board has this number with another episode, or this study with another
        number."""
        uid, episode = self.tables.text(row, Role.STUDY), self._episode_of(row)
        for one in board:
            if one.number == number and episode in EPISODES and one.episode != episode:
                return True
            if uid == one.uid and one.number not in (None, number):
                return True
        return False

    def end(self) -> Iterable[Said]:
        for facts in self.tables.by_file.values():
            for column in facts.columns:
                if bare(column.heading) in _HELPING and column.place not in facts.left_out:
                    yield (
                        "TPT-03",
                        Found(
                            facts.file.key,
                            Level.TABLE,
                            Severity.BLOCK,
                            f"The clinical table has the descriptions of studies, in"
                            f" {facts.told(column.place)}: they help to assign timepoints and never"
                            " leave.",
                            cells=(Cell(column.place, "a text"),),
                        ),
                    )
