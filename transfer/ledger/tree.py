"""The tree patient, Study, Series, read a page at a time in the order in which a person sees it.

A place in it is a triple of rows (patient, study, series) with 0 for what lies deeper: compared
as triples, places stand in the order of the screen, and a page is what follows after one or goes
before one, whatever was opened. Nothing here reads more than its page needs.
"""

# ruff: noqa: S608 - what is put together here are literals of ours; every value is a parameter

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from transfer.ledger.branches import END, START, Branch, Place, read_branches
from transfer.ledger.connection import Ledger
from transfer.ledger.sieve import Sieve

# Patients that one page looks at where a sieve lets few pass.
_LOOKED_AT: Final = 2_000
_WINDOW: Final = 250


@dataclass(frozen=True, slots=True)
class TreePage:
    """A page of the tree in its order. Where a sieve lets few pass a page may be short, or empty,
    before the end: `reached` is how far it was looked, to go on from."""

    branches: list[Branch]
    reached: Place
    is_end: bool


def read_page(
    ledger: Ledger,
    sieve: Sieve,
    opened: Collection[str] = (),
    *,
    after: Place = START,
    limit: int = 100,
) -> TreePage:
    """What follows a place; `opened` holds the keys of patients and Studies that are open."""
    return _page(ledger, _Walk(ledger, sieve, opened, limit), after, limit)


def read_page_before(
    ledger: Ledger,
    sieve: Sieve,
    opened: Collection[str] = (),
    *,
    before: Place = END,
    limit: int = 100,
) -> TreePage:
    """What goes before a place, in the order of the tree all the same."""
    return _page(ledger, _WalkBack(ledger, sieve, opened, limit), before, limit)


def _page(ledger: Ledger, walk: _Walk, start: Place, limit: int) -> TreePage:
    places: list[Place] = []
    is_end = True
    for place in walk.from_(start):
        if len(places) == limit:
            is_end = False
            break
        places.append(place)
    branches = read_branches(ledger, places, reveals=walk.sieve.reveals)
    if is_end and not walk.is_tired:
        return TreePage(branches, places[-1] if places else start, True)
    return TreePage(branches, walk.reached if is_end else places[-1], False)


class _Walk:
    """Goes down the tree from a place, as far as it is asked to."""

    _order: str = "ASC"
    _beyond: str = ">"

    def __init__(self, ledger: Ledger, sieve: Sieve, opened: Collection[str], limit: int) -> None:
        self._ledger = ledger
        self.sieve = sieve
        self._opened = frozenset(opened)
        self._limit = limit + 1
        self._sql, self._values = sieve.condition()
        self.is_tired = False
        self.reached = START

    def from_(self, place: Place) -> Iterator[Place]:
        """Every place after one."""
        patient, study, series = place
        if study and self._is_open("S", study):
            yield from self._series(patient, study, series)
        if patient and self._is_open("P", patient):
            yield from self._studies(patient, study)
        for further in self._patients(patient):
            yield Place(further)
            if self._is_open("P", further):
                yield from self._studies(further, 0)

    def _is_open(self, kind: str, row: int) -> bool:
        return f"{kind}{row}" in self._opened

    def _series(self, patient: int, study: int, after: int) -> Iterator[Place]:
        for row in self._rows(
            "SELECT e.id FROM series e JOIN study s ON s.id = e.study_id"
            f" JOIN patient p ON p.id = s.patient_id WHERE e.study_id = ?1 AND ({self._sql})"
            f" AND e.id {self._beyond} ? ORDER BY e.id {self._order} LIMIT ?",
            study,
            after,
        ):
            yield Place(patient, study, row)

    def _studies(self, patient: int, after: int) -> Iterator[Place]:
        for row in self._study_rows(patient, after):
            yield Place(patient, row)
            if self._is_open("S", row):
                yield from self._series(patient, row, 0)

    def _study_rows(self, patient: int, after: int) -> Iterator[int]:
        passes = (
            "1"
            if self.sieve.is_open
            else (
                "EXISTS (SELECT 1 FROM series e JOIN patient p ON p.id = s.patient_id"
                f" WHERE e.study_id = s.id AND ({self._sql}))"
            )
        )
        yield from self._rows(
            f"SELECT s.id FROM study s WHERE s.patient_id = ?1 AND ({passes})"
            f" AND s.id {self._beyond} ? ORDER BY s.id {self._order} LIMIT ?",
            patient,
            after,
        )

    def _rows(self, sql: str, of: int, after: int) -> Iterator[int]:
        while True:
            found = self._ledger.rows(sql, of, *self._values, after, self._limit)
            for (row,) in found:
                yield int(row)
            if len(found) < self._limit:
                return
            after = int(found[-1][0])

    def _patients(self, after: int) -> Iterator[int]:
        """In windows, so that a sieve that lets few pass comes back before it has seen all."""
        looked_at = 0
        while looked_at < _LOOKED_AT:
            window = [
                int(row)
                for (row,) in self._ledger.rows(
                    f"SELECT id FROM patient WHERE id {self._beyond} ?"
                    f" ORDER BY id {self._order} LIMIT ?",
                    after,
                    _WINDOW,
                )
            ]
            yield from self._passing(window)
            if len(window) < _WINDOW:
                return
            after = window[-1]
            self.reached = self._past(after)
            looked_at += len(window) if not self.sieve.is_open else 0
        self.is_tired = True

    def _past(self, patient: int) -> Place:
        """The place behind a patient and all that lies below it."""
        return Place(patient, END.patient, END.patient)

    def _passing(self, window: list[int]) -> list[int]:
        if self.sieve.is_open or not window:
            return window
        return [
            int(row)
            for (row,) in self._ledger.rows(
                f"SELECT p.id FROM patient p WHERE p.id BETWEEN ? AND ?"
                " AND EXISTS (SELECT 1 FROM study s JOIN series e ON e.study_id = s.id"
                f" WHERE s.patient_id = p.id AND ({self._sql})) ORDER BY p.id {self._order}",
                min(window),
                max(window),
                *self._values,
            )
        ]


class _WalkBack(_Walk):
    """Goes up the tree from a place."""

    _order = "DESC"
    _beyond = "<"

    def from_(self, place: Place) -> Iterator[Place]:
        patient, study, series = place
        if series:
            if self._is_open("S", study):
                yield from self._series(patient, study, series)
            yield Place(patient, study)
        if study:
            yield from self._studies(patient, study)
            yield Place(patient)
        for further in self._patients(patient):
            if self._is_open("P", further):
                yield from self._studies(further, END.patient)
            yield Place(further)

    def _studies(self, patient: int, after: int) -> Iterator[Place]:
        if not self._is_open("P", patient):
            return
        for row in self._study_rows(patient, after):
            if self._is_open("S", row):
                yield from self._series(patient, row, END.patient)
            yield Place(patient, row)

    def _past(self, patient: int) -> Place:
        return Place(patient)
