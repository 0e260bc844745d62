"""Studies that wait at the node to be taken over as a whole, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.node import SeriesPlan, StudyPlan
from transfer.values import SeriesInstanceUID, StudyInstanceUID, StudyRef

_PAGE = 256


@dataclass(frozen=True, slots=True)
class StudyToCommit:
    """One Study whose instances were all acknowledged."""

    row: int
    study: StudyRef


def studies_to_commit(ledger: Ledger, limit: int, *, after: int = 0) -> list[StudyToCommit]:
    """Studies with acknowledged instances, none still to go, and not taken over yet."""
    return [
        StudyToCommit(row, StudyRef(StudyInstanceUID(study), patient))
        for row, study, patient in ledger.rows(
            """
            SELECT s.id, s.study_uid, p.original_id FROM study s
            JOIN patient p ON p.id = s.patient_id
            WHERE s.committed_at_utc IS NULL AND s.id > ?
              AND EXISTS (SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id
                WHERE e.study_id = s.id AND t.state = 'sent' AND t.n > 0)
              AND NOT EXISTS (SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id
                WHERE e.study_id = s.id AND t.state = 'ready' AND t.n > 0)
            ORDER BY s.id LIMIT ?
            """,
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
            """
            SELECT s.id, s.study_uid, p.original_id FROM study s
            JOIN patient p ON p.id = s.patient_id
            WHERE s.id > ? AND EXISTS (SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id
                WHERE e.study_id = s.id AND t.state = 'ready' AND t.n > 0)
            ORDER BY s.id LIMIT ?
            """,
            last,
            _PAGE,
        )
        yield [
            StudyPlan(
                f"S{row}", StudyRef(StudyInstanceUID(study), patient), _series_of(ledger, row)
            )
            for row, study, patient in page
        ]
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _series_of(ledger: Ledger, study: int) -> list[SeriesPlan]:
    return [
        SeriesPlan(SeriesInstanceUID(uid), number, modality, instances)
        for uid, number, modality, instances in ledger.rows(
            "SELECT e.series_uid, e.series_number, e.modality, ifnull(sum(t.n), 0) FROM series e"
            " LEFT JOIN tally t ON t.series_id = e.id WHERE e.study_id = ? GROUP BY e.id",
            study,
        )
    ]
