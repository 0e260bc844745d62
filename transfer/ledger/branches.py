"""The places of the tree patient, Study, Series, and what is known of each: its name, its figures,
its findings."""

# ruff: noqa: S608 - what is put together here are literals of ours; every value is a parameter

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.veil import NO_VEIL, Veil, veils_of

_WORST: Final = ("block", "ask", "warn", "info")
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
