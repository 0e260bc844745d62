"""The tree patient, Study, Series, read a page at a time in the order in which a person sees it.

A place in it is a triple of rows (patient, study, series) with 0 for what lies deeper: compared
as triples, places stand in the order of the screen, and a page is what follows after one or goes
before one, whatever was opened. Nothing here reads more than its page needs.
"""

# ruff: noqa: S608 - what is put together here are literals of ours; every value is a parameter

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.sieve import Sieve
from transfer.ledger.veil import NO_VEIL, Veil, veils_of

_WORST: Final = ("block", "ask", "warn", "info")
# Patients that one page looks at where a sieve lets few pass.
_LOOKED_AT: Final = 2_000
_WINDOW: Final = 250
_COLUMNS: Final = {"P": "patient_id", "S": "study_id", "E": "series_id"}
# Series below one patient or Study that are summed up while a page is read.
_SUMMED: Final = 2_000


class Place(NamedTuple):
    """Where something stands; `Place(3, 7, 0)` is study 7 of patient 3."""

    patient: int
    study: int = 0
    series: int = 0

    @property
    def key(self) -> str:
        if self.series:
            return f"E{self.series}"
        return f"S{self.study}" if self.study else f"P{self.patient}"


START: Final = Place(0)
END: Final = Place((1 << 63) - 1)


@dataclass(frozen=True, slots=True)
class Branch:
    """One patient, Study or Series with what lies below it.

    `name` is the pseudonym of a patient, where it is known here, else the description that the
    files give, untrusted, what is known of the patient veiled unless revealed; `has_id` is False
    for the patient of files without a Patient ID. Dates are DICOM's (PS3.5 section 6.2, DA);
    counts are of instances but for `studies`, `series` and the open `findings` that do not merely
    inform, of which `worst` is the severity. Where so much lies below that a page would wait for
    it, `is_counted` is False and there are no figures: `count_branch` has them.
    """

    place: Place
    name: str
    original_id: str = field(default="", repr=False)
    has_id: bool = True
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    first_date: str = ""
    last_date: str = ""
    studies: int = 0
    series: int = 0
    chosen: int = 0
    excluded: int = 0
    bytes_chosen: int = 0
    bytes_excluded: int = 0
    findings: int = 0
    worst: str = ""
    is_counted: bool = True

    @property
    def key(self) -> str:
        return self.place.key


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


def read_branches(ledger: Ledger, places: Collection[Place], *, reveals: bool) -> list[Branch]:
    """Some places as they are now; those that are gone are left out."""
    found = _details(ledger, places, reveals, most=_SUMMED)
    return [found[place] for place in sorted(places) if place in found]


def read_found(ledger: Ledger, place: Place, limit: int = 200) -> list[Finding]:
    """The first open findings about an object and what lies below it, the worst first."""
    column, row = _COLUMNS[place.key[0]], place.series or place.study or place.patient
    return [
        Finding(*values)
        for values in ledger.rows(
            "SELECT f.rule, f.severity, f.level, f.key, f.message, f.remedy, f.n, f.example,"
            " f.standing FROM (SELECT finding_id, worst FROM finding_place"
            f" WHERE {column} = ? ORDER BY worst, finding_id LIMIT ?) o"
            " JOIN finding f ON f.id = o.finding_id ORDER BY o.worst, o.finding_id",
            row,
            limit,
        )
    ]


def count_branch(ledger: Ledger, place: Place, *, reveals: bool) -> Branch | None:
    """One place with its figures, however long they take; None where it is gone."""
    return _details(ledger, [place], reveals, most=None).get(place)


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


# Details --------------------------------------------------------------------------------------

_BELOW: Final = """
    count(DISTINCT s.id), count(DISTINCT e.id), group_concat(DISTINCT nullif(e.modality, '')),
    group_concat(DISTINCT nullif(replace(e.body_part, ',', ' '), '')),
    ifnull(min(nullif(s.study_date, '')), ''), max(s.study_date),
    ifnull(sum(t.n) FILTER (WHERE t.state <> 'excluded'), 0),
    ifnull(sum(t.n) FILTER (WHERE t.state = 'excluded'), 0),
    ifnull(sum(t.bytes) FILTER (WHERE t.state <> 'excluded'), 0),
    ifnull(sum(t.bytes) FILTER (WHERE t.state = 'excluded'), 0)
    FROM study s JOIN series e ON e.study_id = s.id LEFT JOIN tally t ON t.series_id = e.id
"""
"""What lies below, of studies `s`, series `e` and their tallies `t`."""
_THESE: Final = "IN (SELECT value FROM json_each(?))"
_Rows = dict[int, tuple[Any, ...]]


def _details(
    ledger: Ledger, places: Collection[Place], reveals: bool, most: int | None
) -> dict[Place, Branch]:
    of = {p.patient for p in places if p.study}
    veils = {} if reveals or not of else veils_of(ledger, of)
    described = partial(_descriptions, ledger, veils)
    patients = {p.patient: p for p in places if not p.study}
    studies = {p.study: p for p in places if p.study and not p.series}
    series = {p.series: p for p in places if p.series}
    return {
        **_branches(
            ledger, "s.patient_id", patients, _patient_names(ledger, patients, reveals), most
        ),
        **_branches(ledger, "s.id", studies, described("study", studies), most),
        **_branches(ledger, "e.id", series, described("series", series), None),
    }


def _patient_names(ledger: Ledger, rows: Collection[int], reveals: bool) -> _Rows:
    return {
        row: (ledger.names.pseudonym(sealed), original if reveals else "", original != "")
        for row, sealed, original in ledger.rows(
            f"SELECT id, pseudonym, original_id FROM patient WHERE id {_THESE}", _json(rows)
        )
    }


def _descriptions(
    ledger: Ledger, veils: dict[int, Veil], table: str, places: dict[int, Place]
) -> _Rows:
    return {
        row: (veils.get(places[row].patient, NO_VEIL).over(text), "", True)
        for row, text in ledger.rows(
            f"SELECT id, description FROM {table} WHERE id {_THESE}", _json(places)
        )
    }


def _branches(
    ledger: Ledger, column: str, places: dict[int, Place], named: _Rows, most: int | None
) -> dict[Place, Branch]:
    rows = [row for row in named if most is None or _is_small(ledger, column, row, most)]
    below: _Rows = {
        row: tuple(values)
        for row, *values in ledger.rows(
            f"SELECT {column}, {_BELOW} WHERE {column} {_THESE} GROUP BY {column}", _json(rows)
        )
    }
    place = {"s.patient_id": "patient_id", "s.id": "study_id", "e.id": "series_id"}[column]
    found: _Rows = {
        row: (n, _WORST[worst])
        for row, n, worst in ledger.rows(
            f"SELECT {place}, count(*), min(worst) FROM finding_place"
            f" WHERE {place} {_THESE} AND worst < 3 GROUP BY {place}",
            _json(rows),
        )
    }
    counted = frozenset(rows)
    return {
        places[row]: _branch(
            places[row], name, below.get(row), found.get(row, (0, "")), row in counted
        )
        for row, name in named.items()
    }


def _is_small(ledger: Ledger, column: str, row: int, most: int) -> bool:
    n = ledger.number(
        "SELECT count(*) FROM (SELECT 1 FROM study s JOIN series e ON e.study_id = s.id"
        f" WHERE {column} = ? LIMIT ?)",
        row,
        most + 1,
    )
    return n <= most


def _branch(
    place: Place,
    named: tuple[str, str, bool],
    below: tuple[Any, ...] | None,
    found: tuple[int, str],
    is_counted: bool,
) -> Branch:
    name, original, has_id = named
    if below is None:
        return Branch(place, name, original, has_id, is_counted=is_counted)
    studies, series, modalities, parts, first, last, *amounts = below
    chosen, excluded, bytes_chosen, bytes_excluded = amounts
    return Branch(
        place,
        name,
        original,
        has_id,
        _list(modalities),
        _list(parts),
        first,
        last,
        studies,
        series,
        chosen,
        excluded,
        bytes_chosen,
        bytes_excluded,
        *found,
    )


def _list(joined: str | None) -> tuple[str, ...]:
    return tuple(sorted(joined.split(","))) if joined else ()


def _json(rows: Collection[int]) -> str:
    return json.dumps(list(rows))
