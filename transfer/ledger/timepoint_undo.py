"""The last change of the board of timepoints, kept in the ledger to be taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.timepoints import STUDY_GOES

_SWAP: Final = (
    "DELETE FROM temp.board_now",
    "INSERT INTO temp.board_now SELECT b.study_id, t.episode, t.number, t.place"
    " FROM timepoint_before b LEFT JOIN timepoint t ON t.study_id = b.study_id",
    "DELETE FROM timepoint WHERE study_id IN (SELECT study_id FROM timepoint_before)",
    "INSERT INTO timepoint (study_id, episode, number, place)"
    " SELECT study_id, episode, number, place FROM timepoint_before WHERE episode IS NOT NULL",
    "DELETE FROM timepoint_before",
    "INSERT INTO timepoint_before SELECT * FROM temp.board_now",
)


@dataclass(frozen=True, slots=True)
class BoardCount:
    """Studies of the whole dataset: with an episode, in all, and with a number still asked for."""

    assigned: int
    studies: int
    questions: int


def count_board(ledger: Ledger) -> BoardCount:
    """How far the board is."""
    studies, assigned, questions = ledger.row(
        "SELECT count(*), count(t.study_id), ifnull(sum(t.study_id IS NOT NULL"  # noqa: S608 - a literal of ours
        " AND t.number IS NULL), 0) FROM study s LEFT JOIN timepoint t ON t.study_id = s.id"
        f" WHERE {STUDY_GOES}"
    ) or (0, 0, 0)
    return BoardCount(assigned, studies, questions)


@contextmanager
def undoable(ledger: Ledger, patients: Sequence[int] | None) -> Iterator[None]:
    """What is changed within can be taken back; `patients` are the rows of those concerned, None
    stands for all. What is refused within leaves the change before it to be taken back."""
    with ledger.transaction():
        _make_room(ledger)
        ledger.write(
            "INSERT INTO temp.board_now SELECT s.id, t.episode, t.number, t.place"
            " FROM study s LEFT JOIN timepoint t ON t.study_id = s.id"
            " WHERE ?1 IS NULL OR s.patient_id IN (SELECT value FROM json_each(?1))",
            None if patients is None else json.dumps(list(patients)),
        )
    yield
    with ledger.transaction():
        ledger.write("DELETE FROM timepoint_before")
        ledger.write("INSERT INTO timepoint_before SELECT * FROM temp.board_now")


def undo(ledger: Ledger) -> bool:
    """Take the last change back, or bring back what was taken back last; whether there was one."""
    with ledger.transaction():
        if not ledger.number("SELECT 1 FROM timepoint_before LIMIT 1"):
            return False
        _make_room(ledger)
        for sql in _SWAP:
            ledger.write(sql)
    return True


def _make_room(ledger: Ledger) -> None:
    ledger.write(
        "CREATE TEMP TABLE IF NOT EXISTS board_now"
        " (study_id INTEGER PRIMARY KEY, episode TEXT, number INTEGER, place INTEGER)"
    )
    ledger.write("DELETE FROM temp.board_now")
