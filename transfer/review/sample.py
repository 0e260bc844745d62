"""One slice per Series: which Series there are, and the instance in the middle of each."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from transfer.errors import UsageError
from transfer.ledger.batches import PatientFacts
from transfer.ledger.connection import Ledger
from transfer.ledger.facts import facts_of
from transfer.ledger.order import read_order


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One Series as the review lists it.

    `stopped` instances do not leave, for their own sake; `failed` ones besides were held back
    with their patient, or were refused by the node. `is_open`: some are not de-identified yet.
    `left_out`: nobody asks for so many of the `instances`.
    """

    key: str
    study_key: str
    patient_key: str
    modality: str
    instances: int
    stopped: int
    failed: int
    is_open: bool
    left_out: int = 0

    @property
    def row(self) -> int:
        return int(self.key[1:])


@dataclass(frozen=True, slots=True)
class Sample:
    """The instance that stands for its Series. `scanned` is size in bytes and time in ns."""

    key: str
    series_key: str
    patient: PatientFacts = field(repr=False)
    path: bytes = field(repr=False)
    scanned: tuple[int, int]


def list_series(ledger: Ledger, *, limit: int, offset: int = 0) -> list[SeriesRow]:
    """A page of Series in the order in which they were found."""
    return [
        SeriesRow(
            f"E{series}",
            f"S{study}",
            f"P{patient}",
            modality,
            n,
            stopped,
            max(0, failed - stopped),
            bool(is_open),
            left_out,
        )
        for series, study, patient, modality, n, stopped, failed, is_open, left_out in ledger.rows(
            "SELECT e.id, e.study_id, s.patient_id, e.modality,"
            " (SELECT ifnull(sum(t.n), 0) FROM tally t WHERE t.series_id = e.id),"
            " (SELECT count(*) FROM instance i WHERE i.series_id = e.id AND i.cause <> ''"
            " AND i.state <> 'excluded'),"
            " (SELECT ifnull(sum(t.n), 0) FROM tally t WHERE t.series_id = e.id"
            " AND t.state = 'failed'),"
            " EXISTS (SELECT 1 FROM instance i WHERE i.series_id = e.id AND i.state = 'ready'"
            " AND i.head_sha256 IS NULL),"
            " (SELECT ifnull(sum(t.n), 0) FROM tally t WHERE t.series_id = e.id"
            " AND t.state = 'excluded')"
            " FROM (SELECT id, study_id, modality FROM series ORDER BY id LIMIT ? OFFSET ?) e"
            " JOIN study s ON s.id = e.study_id ORDER BY e.id",
            limit,
            offset,
        )
    ]


def count_series(ledger: Ledger) -> int:
    """How many Series there are."""
    return ledger.number("SELECT count(*) FROM series")


def series_row(key: str) -> int:
    """The row of a Series key.

    Raises:
        UsageError: it is none.
    """
    if key[:1] in ("E", "e") and key[1:].isdecimal() and len(key) < 12:
        return int(key[1:])
    raise UsageError(
        "That is no key of a series.", "Series are called E1, E2, …: eucaim-transfer review NAME"
    )


def sample_of(
    ledger: Ledger, series: int, cause: str = "", *, instance: int | None = None
) -> Sample:
    """The instance in the middle of a Series, in the order of the files; with `cause` in the
    middle of those that were stopped by it; with `instance` that one.

    Raises:
        UsageError: there is no such Series, or nothing of it goes.
    """
    n = ledger.number(
        "SELECT count(*) FROM instance WHERE series_id = ?1 AND (?2 = '' OR cause = ?2)"
        " AND (?3 IS NULL OR id = ?3)",
        series,
        cause,
        instance,
    )
    found = ledger.row(
        "SELECT i.id, p.id, p.original_id, p.original_name, f.path, i.file_bytes, i.file_mtime_ns"
        " FROM instance i"
        " JOIN source_file f ON f.id = i.file_id JOIN series e ON e.id = i.series_id"
        " JOIN study s ON s.id = e.study_id JOIN patient p ON p.id = s.patient_id"
        " WHERE i.series_id = ?1 AND (?2 = '' OR i.cause = ?2) AND (?3 IS NULL OR i.id = ?3)"
        " ORDER BY i.id LIMIT 1 OFFSET ?4",
        series,
        cause,
        instance,
        n // 2,
    )
    if found is None:
        raise UsageError(
            "There is no instance of that series in this transfer.",
            "See which series there are: eucaim-transfer review NAME",
        )
    row, patient, original_id, name, path, size, mtime_ns = found
    whole = os.path.join(os.fsencode(read_order(ledger).source), path)
    whose = PatientFacts(patient, original_id, name, facts_of(ledger, patient))
    return Sample(f"I{row}", f"E{series}", whose, whole, (size, mtime_ns))


def next_series(ledger: Ledger, series: int) -> str:
    """The key of the Series after this one; of the first after the last."""
    row = ledger.number(
        "SELECT ifnull((SELECT min(id) FROM series WHERE id > ?), (SELECT min(id) FROM series))",
        series,
    )
    return f"E{row}"
