"""What does not leave for its own sake: skipped, held back, unreadable, or still telling whose
it is; and who can answer for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from transfer.deid.rewrite import Cause
from transfer.ledger.connection import Ledger
from transfer.prepare.findings import NAMES_RULE, QUARANTINE_RULE, SKIP_RULE
from transfer.prepare.method import IDENTIFIER_RULE


@dataclass(frozen=True, slots=True)
class StoppedGroup:
    """Instances of one Series that do not leave, for one cause and one reason.

    `places` are the elements in which the last look found original identifiers; `remedy` is the
    finding's own word on what a person can do, with NAME for the transfer.
    """

    series_key: str
    patient_key: str
    cause: str
    reason: str
    instances: int
    places: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def patient_row(self) -> int:
        return int(self.patient_key[1:])

    @property
    def is_answerable(self) -> bool:
        """Whether a person's word lets the rest go on."""
        return self.cause == Cause.SKIPPED or bool(self.places)

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
        StoppedGroup(f"E{series}", f"P{patient}", cause, reason, n, _places(hits), remedy)
        for series, patient, cause, reason, n, hits, remedy in ledger.rows(
            "SELECT i.series_id, s.patient_id, i.cause, i.reason, count(*),"
            " json_group_array(DISTINCT i.hits), ifnull((SELECT f.remedy FROM finding f"
            " WHERE CASE i.cause WHEN ? THEN f.rule = ? AND f.key = 'P' || s.patient_id"
            " WHEN ? THEN f.rule = ? AND f.key = 'E' || i.series_id"
            " ELSE f.rule IN (?, ?) AND f.key = 'E' || i.series_id END), '') FROM instance i"
            " JOIN series e ON e.id = i.series_id JOIN study s ON s.id = e.study_id"
            " WHERE i.cause <> '' AND i.state = 'failed'"
            " GROUP BY i.series_id, i.cause, i.reason"
            " ORDER BY i.series_id, i.cause, i.reason LIMIT ? OFFSET ?",
            Cause.IDENTIFIER,
            IDENTIFIER_RULE,
            Cause.SKIPPED,
            SKIP_RULE,
            QUARANTINE_RULE,
            NAMES_RULE,
            limit,
            offset,
        )
    ]


def count_stopped(ledger: Ledger) -> int:
    """How many instances do not leave for their own sake."""
    return ledger.number("SELECT count(*) FROM instance WHERE cause <> '' AND state = 'failed'")


def count_groups(ledger: Ledger) -> int:
    """How many groups there are in all."""
    return ledger.number(
        "SELECT count(*) FROM (SELECT DISTINCT series_id, cause, reason FROM instance"
        " WHERE cause <> '' AND state = 'failed')"
    )


def word_of(cause: str) -> str:
    """A cause in a word; the cause itself where there is none."""
    return WORDS.get(Cause(cause), cause) if cause in list(Cause) else cause


def _places(hits: str) -> tuple[str, ...]:
    found = (place for text in json.loads(hits) for place in str(text).split("\n") if place)
    return tuple(dict.fromkeys(found))
