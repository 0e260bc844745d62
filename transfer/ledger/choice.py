"""What goes and what stays, in figures: from the tallies, at a cost that grows with what stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from transfer.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of a transfer; sizes in bytes. A missing Patient ID is not a patient."""

    patients: int = 0
    studies: int = 0
    series: int = 0
    instances: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """All there is in two parts. A Series, Study or patient of which one instance goes, goes."""

    goes: Amount
    stays: Amount


_STAYING_SERIES: Final = """
    SELECT x.series_id FROM tally x WHERE x.state = 'excluded' AND x.n > 0 AND NOT EXISTS
      (SELECT 1 FROM tally t WHERE t.series_id = x.series_id AND t.state <> 'excluded' AND t.n > 0)
"""
# Only what has a Series that stays can stay itself; each of those is then looked at as a whole.
_STAYING: Final = f"""
    WITH staying AS MATERIALIZED ({_STAYING_SERIES}),
    touched AS MATERIALIZED
      (SELECT DISTINCT e.study_id FROM staying x JOIN series e ON e.id = x.series_id),
    studies AS MATERIALIZED (SELECT h.study_id FROM touched h WHERE NOT EXISTS
      (SELECT 1 FROM series e WHERE e.study_id = h.study_id
        AND e.id NOT IN (SELECT series_id FROM staying))),
    patients AS MATERIALIZED
      (SELECT DISTINCT s.patient_id FROM studies h JOIN study s ON s.id = h.study_id)
    SELECT
      (SELECT count(*) FROM patients q JOIN patient p ON p.id = q.patient_id
        WHERE p.original_id <> '' AND NOT EXISTS (SELECT 1 FROM study s
          WHERE s.patient_id = q.patient_id AND s.id NOT IN (SELECT study_id FROM studies))),
      (SELECT count(*) FROM studies),
      (SELECT count(*) FROM staying)
"""  # noqa: S608 - literals of ours


def read_choice(ledger: Ledger) -> Choice:
    """How much goes and how much stays."""
    patients, studies, series = ledger.row(_STAYING) or (0, 0, 0)
    n: dict[bool, tuple[int, int]] = {
        bool(is_excluded): (count, size)
        for is_excluded, count, size in ledger.rows(
            "SELECT state = 'excluded', sum(n), sum(bytes) FROM tally GROUP BY 1"
        )
    }
    goes, stays = n.get(False, (0, 0)), n.get(True, (0, 0))
    return Choice(
        Amount(
            ledger.number("SELECT count(*) FROM patient WHERE original_id <> ''") - patients,
            ledger.number("SELECT count(*) FROM study") - studies,
            ledger.number("SELECT count(*) FROM series") - series,
            *goes,
        ),
        Amount(patients, studies, series, *stays),
    )
