"""Verification in the ledger: which Series are to be compared with the node, and the result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from transfer.clock import utc_now
from transfer.ledger.batches import add_batches
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import SERIES_COLUMNS
from transfer.values import SeriesRef, SOPInstanceUID

_WINDOW = 20_000


@dataclass(frozen=True, slots=True)
class SeriesToCheck:
    """One Series whose instances all went and wait to be seen on the node."""

    row: int
    series: SeriesRef


@dataclass(frozen=True, slots=True)
class SentInstance:
    """One instance that the node acknowledged."""

    row: int
    sop_instance_uid: SOPInstanceUID
    attempts: int


def series_to_check(
    ledger: Ledger, limit: int, *, after: int = 0, committed_only: bool = False
) -> list[SeriesToCheck]:
    """Series with acknowledged instances and none still to go, by row; with `committed_only`
    those of Studies that the node has taken over."""
    return [
        SeriesToCheck(row, ledger.names.series(*names))
        for row, *names in ledger.rows(
            f"SELECT e.id, {SERIES_COLUMNS} FROM tally t"  # noqa: S608 - a literal of ours
            " JOIN series e ON e.id = t.series_id JOIN study s ON s.id = e.study_id"
            " JOIN patient p ON p.id = s.patient_id"
            " WHERE t.state = 'sent' AND t.n > 0 AND t.series_id > ? AND NOT EXISTS"
            " (SELECT 1 FROM tally r WHERE r.series_id = t.series_id AND r.state = 'ready'"
            " AND r.n > 0) AND (NOT ? OR s.committed_at_utc IS NOT NULL)"
            " ORDER BY t.series_id LIMIT ?",
            after,
            committed_only,
            limit,
        )
    ]


def sent_instances(ledger: Ledger, series: int) -> list[SentInstance]:
    """The acknowledged, unverified instances of a Series."""
    return [
        SentInstance(row, ledger.names.instance(uid, out_uid), attempts)
        for row, uid, out_uid, attempts in ledger.rows(
            "SELECT id, sop_instance_uid, out_sop_instance_uid, attempts FROM instance"
            " WHERE series_id = ? AND state = 'sent' ORDER BY id",
            series,
        )
    ]


def has_unverified(ledger: Ledger) -> bool:
    """Whether any acknowledged instance still waits to be seen on the node."""
    return bool(ledger.number("SELECT 1 FROM tally WHERE state = 'sent' AND n > 0 LIMIT 1"))


def record_verified(ledger: Ledger, rows: Collection[int]) -> None:
    """These instances were listed by the node."""
    now = utc_now()
    with ledger.transaction():
        ledger.write_many(
            "UPDATE instance SET state = 'verified', verified_at_utc = ? WHERE id = ?",
            [(now, row) for row in rows],
        )


def record_unlisted(ledger: Ledger, again: Sequence[int], lost: Sequence[int], why: str) -> None:
    """These were acknowledged and are not listed: send the first again, give the others up."""
    with ledger.transaction():
        ledger.write_many(
            "UPDATE instance SET state = 'ready', reason = ?, attempts = attempts + 1 WHERE id = ?",
            [(why, row) for row in again],
        )
        # What was taken over with them is to be taken over again.
        ledger.write_many(
            "UPDATE study SET committed_at_utc = NULL WHERE id = (SELECT e.study_id FROM series e"
            " JOIN instance i ON i.series_id = e.id WHERE i.id = ?)",
            [(row,) for row in again],
        )
        ledger.write_many(
            "UPDATE instance SET state = 'failed', reason = ? WHERE id = ?",
            [(why, row) for row in lost],
        )
        add_batches(ledger, [[row] for row in again])


def doubt_verified(ledger: Ledger) -> None:
    """Treat every verified instance as merely acknowledged, so that it is looked for again.

    In many short transactions: nobody who has a wish waits for the whole of it.
    """
    last = ledger.number("SELECT max(id) FROM instance")
    for low in range(0, last + 1, _WINDOW):
        with ledger.transaction():
            ledger.write(
                "UPDATE instance SET state = 'sent', verified_at_utc = NULL"
                " WHERE id BETWEEN ? AND ? AND state = 'verified'",
                low,
                low + _WINDOW - 1,
            )
