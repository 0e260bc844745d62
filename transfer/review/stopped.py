"""What does not leave for its own sake: skipped, held back, unreadable, or still telling whose
it is; and who can answer for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from transfer.deid.rewrite import Cause
from transfer.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class StoppedGroup:
    """Instances of one Series that do not leave, for one cause and one reason.

    `places` are the elements in which the last look found original identifiers.
    """

    series_key: str
    patient_key: str
    cause: str
    reason: str
    instances: int
    places: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Tells the group from every other one on a page."""
        return f"{self.series_key} {self.cause} {self.reason}"


WORDS: Final = {
    Cause.SKIPPED: "skipped",
    Cause.QUARANTINED: "held back",
    Cause.UNREADABLE: "unreadable",
    Cause.CHANGED: "changed",
    Cause.IDENTIFIER: "identifier",
}
"""A cause in a word."""


def list_stopped(ledger: Ledger, *, limit: int, offset: int = 0) -> list[StoppedGroup]:
    """A page of what does not leave, Series by Series."""
    return [
        StoppedGroup(f"E{series}", f"P{patient}", cause, reason, n, _places(hits))
        for series, patient, cause, reason, n, hits in ledger.rows(
            "SELECT i.series_id, s.patient_id, i.cause, i.reason, count(*),"
            " json_group_array(DISTINCT i.hits) FROM instance i"
            " JOIN series e ON e.id = i.series_id JOIN study s ON s.id = e.study_id"
            " WHERE i.cause <> '' AND i.state = 'failed'"
            " GROUP BY i.series_id, i.cause, i.reason"
            " ORDER BY i.series_id, i.cause, i.reason LIMIT ? OFFSET ?",
            limit,
            offset,
        )
    ]


def count_stopped(ledger: Ledger) -> int:
    """How many instances do not leave for their own sake."""
    return ledger.number("SELECT count(*) FROM instance WHERE cause <> '' AND state = 'failed'")


def word_of(cause: str) -> str:
    """A cause in a word; the cause itself where there is none."""
    return WORDS.get(Cause(cause), cause) if cause in list(Cause) else cause


def _places(hits: str) -> tuple[str, ...]:
    found = (place for text in json.loads(hits) for place in str(text).split("\n") if place)
    return tuple(dict.fromkeys(found))
