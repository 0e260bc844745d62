"""The order of studies that their dates do not tell apart, from an answer or from a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.numbering import Dated, numbered
from transfer.ledger.timepoints import dated_studies, place_study, renumber_inside

AS_LISTED: Final = "as-listed"
"""A person's word: studies of one day come in the order of their keys."""


def place_as_listed(ledger: Ledger, patient_rows: Iterable[int]) -> None:
    """Number what dates leave open in the order of the keys; what a person placed stays."""
    with ledger.transaction():
        for patient in patient_rows:
            studies = dated_studies(ledger, patient)
            for one in studies:
                if one.place is None:
                    place_study(ledger, one.study, _free_place(one, studies))
                    studies = dated_studies(ledger, patient)
            renumber_inside(ledger, patient)


def _free_place(one: Dated, studies: Sequence[Dated]) -> int:
    """The first place of its day that nobody has; without a date the last of all."""
    if not one.date:
        return len(studies)
    taken = {s.place for s in studies if s.date == one.date}
    return next(place for place in range(len(studies) + 1) if place not in taken)


def take_numbers(
    ledger: Ledger, patient_row: int, wanted: Mapping[int, int]
) -> dict[int, int | None]:
    """Number a patient's studies by date, and where dates leave it open as wanted; what came of
    it. Inside a transaction of the caller, who refuses what differs."""
    for one in sorted(
        (s for s in dated_studies(ledger, patient_row) if not s.date), key=lambda s: s.study
    ):
        if one.study in wanted:
            place_study(ledger, one.study, wanted[one.study] - 1)
    studies = dated_studies(ledger, patient_row)
    days = [s.date for s in studies]
    for span in numbered(studies):
        mine = next(s for s in studies if s.study == span.study)
        number = wanted.get(mine.study)
        if number is not None and mine.date and days.count(mine.date) > 1:
            place = number - span.first
            place_study(ledger, mine.study, place if place >= 0 else None)
    renumber_inside(ledger, patient_row)
    return {one.study: one.number for one in numbered(dated_studies(ledger, patient_row))}
