"""All that the board of timepoints asks of the engine. Everything here blocks: call in threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held, kept_from_runners
from transfer.ledger.identity import Names
from transfer.ledger.numbering import Numbered, numbered
from transfer.ledger.timepoint_undo import BoardCount, count_board, undo, undoable
from transfer.ledger.timepoints import (
    PatientOnBoard,
    StudyTime,
    assign,
    assign_all,
    board,
    clear,
    dated_studies,
    patients_on_board,
    set_number,
)
from transfer.ledger.veil import veils_of
from transfer.workspace import Home, Workspace
from tui.choosing import names_of

PAGE: Final = 100
SHOWN: Final = 500
"""Studies of one patient that are shown; who has more is hardly one patient."""


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A patient of the board; `pseudonym` where it is known here."""

    of: PatientOnBoard
    pseudonym: str


@dataclass(frozen=True, slots=True)
class PatientPage:
    """A page of patients by row, how far the whole board is, and whether more patients follow."""

    patients: list[PatientRow]
    has_more: bool
    count: BoardCount
    is_held: bool


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study of the board. `veiled` is its description without what is known of the patient;
    `first` and `last` are the numbers that it can have, 0 where it has no episode."""

    of: StudyTime
    veiled: str = field(repr=False)
    first: int = 0
    last: int = 0

    @property
    def key(self) -> str:
        return self.of.study_key

    @property
    def row(self) -> int:
        return int(self.of.study_key[1:])


class Timing:
    """The boards of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._names: dict[str, Names] = {}

    def patients(self, name: str, after: int) -> PatientPage:
        """A page of patients who have studies in the dataset."""
        workspace = self._workspace(name)
        held = is_held(workspace.lock)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            if name not in self._names:
                self._names[name] = names_of(self._home, ledger)
            found = patients_on_board(ledger, PAGE + 1, after)
            sealed = [
                ledger.row("SELECT pseudonym FROM patient WHERE id = ?", one.row) or (None,)
                for one in found[:PAGE]
            ]
            rows = [
                PatientRow(one, self._names[name].pseudonym(seal))
                for one, (seal,) in zip(found, sealed, strict=False)
            ]
            return PatientPage(rows, len(found) > PAGE, count_board(ledger), held)

    def studies(self, name: str, patient: int) -> tuple[list[StudyRow], int]:
        """The first studies of a patient by date, and how many there are."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            veil = veils_of(ledger, [patient])[patient]
            spans = {one.study: one for one in numbered(dated_studies(ledger, patient))}
            found = board(ledger, patient)
            shown = [_study(one, veil.over(one.description), spans) for one in found[:SHOWN]]
            return shown, len(found)

    # What a person changes. Each raises RunnerHeld while a runner is at work, and UsageError with
    # a sentence where it is refused.

    def assign(self, name: str, patient: int, studies: Sequence[int], episode: str) -> None:
        """Put studies of a patient into an episode."""
        with self._changing(name) as ledger, undoable(ledger, [patient]):
            assign(ledger, studies, episode)

    def clear(self, name: str, patient: int, studies: Sequence[int]) -> None:
        """Take studies of a patient off their episodes."""
        with self._changing(name) as ledger, undoable(ledger, [patient]):
            clear(ledger, studies)

    def set_number(self, name: str, patient: int, study: int, number: int) -> None:
        """Say which number a study has where its date leaves that open."""
        with self._changing(name) as ledger, undoable(ledger, [patient]):
            set_number(ledger, study, number)

    def assign_all(self, name: str, episode: str) -> None:
        """Put every study of the dataset that has no episode into one."""
        with self._changing(name) as ledger, undoable(ledger, None):
            assign_all(ledger, episode)

    def as_listed(self, name: str, patient: int) -> None:
        """Number what the dates of a patient's studies leave open in the order of the list."""
        from transfer.ledger.placing import place_as_listed

        with self._changing(name) as ledger, undoable(ledger, [patient]):
            place_as_listed(ledger, [patient])

    def undo(self, name: str) -> None:
        """Take the last change back, or bring it again."""
        with self._changing(name) as ledger:
            if not undo(ledger):
                raise UsageError("There is nothing to take back.", "Nothing was changed yet.")

    @contextmanager
    def _changing(self, name: str) -> Iterator[Ledger]:
        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            yield ledger

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def _study(one: StudyTime, veiled: str, spans: dict[int, Numbered]) -> StudyRow:
    span = spans.get(int(one.study_key[1:]))
    return StudyRow(one, veiled, span.first if span else 0, span.last if span else 0)
