"""Studies that wait at the node to be taken over as a whole, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import STUDY_COLUMNS
from transfer.node import SeriesPlan, StudyPlan
from transfer.values import StudyRef

_PAGE = 256


@dataclass(frozen=True, slots=True)
class StudyToCommit:
    """One Study whose instances were all acknowledged."""

    row: int
    study: StudyRef


def studies_to_commit(ledger: Ledger, limit: int, *, after: int = 0) -> list[StudyToCommit]:
    """Studies with acknowledged instances, none still to go, and not taken over yet."""
    return [
        StudyToCommit(row, ledger.names.study(*names))
        for row, *names in ledger.rows(
            f"""
            SELECT s.id, {STUDY_COLUMNS} FROM study s
            JOIN patient p ON p.id = s.patient_id
            WHERE s.committed_at_utc IS NULL AND s.id > ?
              AND EXISTS (SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id
                WHERE e.study_id = s.id AND t.state = 'sent' AND t.n > 0)
              AND NOT EXISTS (SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id
                WHERE e.study_id = s.id AND t.state = 'ready' AND t.n > 0)
            ORDER BY s.id LIMIT ?
            """,  # noqa: S608 - a literal of ours
            after,
            limit,
        )
    ]


def record_committed(ledger: Ledger, study: int) -> None:
    """The node has taken this Study over."""
    with ledger.transaction():
        ledger.write("UPDATE study SET committed_at_utc = ? WHERE id = ?", utc_now(), study)
        ledger.record_event("committed", f"Study S{study} was taken over by the node.")


def record_study_refused(ledger: Ledger, study: int, reason: str) -> None:
    """The node will not take this Study over; what it holds of it counts as failed."""
    with ledger.transaction():
        ledger.write(
            "UPDATE instance SET state = 'failed', reason = ? WHERE state = 'sent' AND series_id IN"
            " (SELECT id FROM series WHERE study_id = ?)",
            reason,
            study,
        )
        ledger.record_event("refused", f"Study S{study} was not taken over by the node.")


def study_plans(ledger: Ledger) -> Iterator[list[StudyPlan]]:
    """Pages of the Studies that have instances to send, with their Series."""
    last = 0
    while True:
        page = ledger.rows(
            f"""
            SELECT s.id, {STUDY_COLUMNS} FROM study s
            JOIN patient p ON p.id = s.patient_id
            WHERE s.id > ? AND EXISTS (SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id
                WHERE e.study_id = s.id AND t.state = 'ready' AND t.n > 0)
            ORDER BY s.id LIMIT ?
            """,  # noqa: S608 - a literal of ours
            last,
            _PAGE,
        )
        yield [
            StudyPlan(f"S{row}", ledger.names.study(*names), _series_of(ledger, row, names))
            for row, *names in page
        ]
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _series_of(ledger: Ledger, study: int, names: Sequence[Any]) -> list[SeriesPlan]:
    """The Series of a Study that has these `STUDY_COLUMNS`. One without a name for the node has
    nothing that may go."""
    is_sealed = names[1] is not None
    return [
        SeriesPlan(
            ledger.names.series(*[*names, uid, out_uid]).series_uid, number, modality, instances
        )
        for uid, out_uid, number, modality, instances in ledger.rows(
            "SELECT e.series_uid, e.out_series_uid, e.series_number, e.modality,"
            " sum(t.n) FROM series e JOIN tally t ON t.series_id = e.id"
            " WHERE e.study_id = ? AND t.state <> 'excluded' GROUP BY e.id HAVING sum(t.n) > 0",
            study,
        )
        if out_uid is not None or not is_sealed
    ]
