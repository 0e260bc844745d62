"""Episodes and timepoints of studies (EUCAIM's requirements, section 11).

Advised as soon as a patient has several studies; once anybody has begun, all of it must be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.numbering import numbered
from transfer.ledger.placing import AS_LISTED
from transfer.ledger.timepoints import (
    STUDY_GOES,
    dated_studies,
    has_begun,
)
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    Found,
    LedgerRule,
    Level,
    Rule,
    Severity,
)
from transfer.quality.rules.rowed import RowRule
from transfer.quality.rules.table_timepoints import TableTimepoints
from transfer.sentences import count

_PAGE: Final = 2000
_BOARD: Final = "Assign them on the board of timepoints: eucaim-transfer timepoints NAME"


def _covered(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    if not has_begun(ledger):
        yield from _advised(ledger)
        return
    after = 0
    while page := ledger.rows(
        "SELECT s.id FROM study s WHERE s.id > ? AND NOT EXISTS"  # noqa: S608 - a literal of ours
        f" (SELECT 1 FROM timepoint tp WHERE tp.study_id = s.id) AND {STUDY_GOES}"
        " ORDER BY s.id LIMIT ?",
        after,
        _PAGE,
    ):
        for (study,) in page:
            yield Found(
                f"S{study}",
                Level.STUDY,
                Severity.BLOCK,
                f"Study S{study} has no episode and no timepoint, and others have.",
            )
        after = page[-1][0]


def _advised(ledger: Ledger) -> Iterator[Found]:
    found = ledger.row(
        "SELECT count(*), min(patient_id) FROM (SELECT s.patient_id FROM study s"  # noqa: S608 - a literal of ours
        f" WHERE {STUDY_GOES} GROUP BY s.patient_id HAVING count(*) > 1)"
    )
    if found and found[0]:
        yield Found(
            "all",
            Level.DATASET,
            Severity.WARN,
            f"To which episode and timepoint each study belongs is not said, and there are several"
            f" studies of {count(found[0], 'patient')}. Tier 2 and 3 ask for it.",
            n=found[0],
            example=f"P{found[1]}",
        )


def _on_board(ledger: Ledger) -> Iterator[int]:
    """Patients of whom a study has an episode."""
    after = 0
    while page := ledger.rows(
        "SELECT DISTINCT s.patient_id FROM timepoint tp JOIN study s ON s.id = tp.study_id"
        " WHERE s.patient_id > ? ORDER BY s.patient_id LIMIT ?",
        after,
        _PAGE,
    ):
        yield from (int(patient) for (patient,) in page)
        after = page[-1][0]


def _kept(ledger: Ledger, patient: int) -> dict[int, int | None]:
    return dict(
        ledger.rows(
            "SELECT tp.study_id, tp.number FROM timepoint tp JOIN study s ON s.id = tp.study_id"  # noqa: S608 - a literal of ours
            f" WHERE s.patient_id = ? AND {STUDY_GOES}",
            patient,
        )
    )


def _numbers(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for patient in _on_board(ledger):
        kept = _kept(ledger, patient)
        due = {one.study: one for one in numbered(dated_studies(ledger, patient))}
        wrong = [
            study
            for study, number in kept.items()
            if number is not None and not due[study].first <= number <= due[study].last
        ]
        given = [number for number in kept.values() if number is not None]
        if wrong or len(set(given)) < len(given):
            yield Found(
                f"P{patient}",
                Level.PATIENT,
                Severity.BLOCK,
                f"The timepoints of patient P{patient} have a gap, a repeat, or do not follow the"
                " dates of the studies.",
                n=max(len(wrong), 1),
                example=f"S{(wrong or list(kept))[0]}",
            )


def _ties(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for patient in _on_board(ledger):
        open_ones = sorted(s for s, number in _kept(ledger, patient).items() if number is None)
        if open_ones:
            studies = ", ".join(f"S{study}" for study in open_ones[:10])
            yield Found(
                f"P{patient}",
                Level.PATIENT,
                Severity.ASK,
                f"By their dates it cannot be told in which order {studies} of patient P{patient}"
                " come. Which is first?",
                n=len(open_ones),
                example=f"S{open_ones[0]}",
            )


RULES: Final[tuple[Rule, ...]] = (
    RowRule(
        id="TPT-01",
        title="Studies of the table are this patient's",
        dimension=Dimension.CONSISTENT,
        remedy="Correct the PatientID or the StudyInstanceUID of the row.",
        judged_by=TableTimepoints,
    ),
    RowRule(
        id="TPT-02",
        title="Every study has a timepoint",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.WARN),
        remedy=_BOARD,
        judged_by=TableTimepoints,
        look=_covered,
    ),
    RowRule(
        id="TPT-03",
        title="No description of a study leaves",
        dimension=Dimension.PRIVATE,
        remedy="Leave the column out: eucaim-transfer clinical NAME --leave-out COLUMN",
        judged_by=TableTimepoints,
    ),
    RowRule(
        id="TPT-04",
        title="Episodes of the table",
        dimension=Dimension.CONSISTENT,
        remedy="Write the episode exactly as EUCAIM does.",
        judged_by=TableTimepoints,
    ),
    RowRule(
        id="TPT-05",
        title="Timepoints count from 1, by date",
        dimension=Dimension.CONSISTENT,
        remedy="Number them anew: eucaim-transfer timepoints NAME --renumber",
        judged_by=TableTimepoints,
        look=_numbers,
    ),
    LedgerRule(
        id="TPT-06",
        title="Order of studies of one day",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.ASK,),
        remedy="Say it with eucaim-transfer timepoints NAME --number S1=2, or answer as-listed.",
        choices=(Choice(AS_LISTED, "In the order of their keys, the lowest first"),),
        look=_ties,
    ),
    RowRule(
        id="TPT-07",
        title="Table and images have the same timepoints",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.WARN,),
        remedy="Look which study or row is missing, or belongs to another timepoint.",
        judged_by=TableTimepoints,
    ),
)
