"""Whether one Patient ID stands for several persons. Not among EUCAIM's rules: it is numbered after
UNQ-06, since two persons would get one pseudonym."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.quality.attributes import is_empty
from transfer.quality.rule import Circumstances, Dimension, Found, LedgerRule, Level, Rule, Severity

_PAGE: Final = 500
_DATE: Final = re.compile(r"[12][0-9]{7}")
_COMPARED: Final = 100


def words_of(name: str) -> frozenset[str]:
    """The words of a Person Name (PS3.5 section 6.2.1), so that spelling does not tell apart: of
    its first group, without case, accents and signs between."""
    group = next((group for group in name.split("=") if group.strip("^ ")), "")
    plain = unicodedata.normalize("NFKD", group.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return frozenset(kept.split())


def is_same_name(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two names may be one person's: one of them lacks a part, or abbreviates it."""
    few, many = sorted((one, other), key=len)
    return all(any(_fits(word, longer) for longer in many) for word in few)


def _fits(word: str, other: str) -> bool:
    return word == other or (min(len(word), len(other)) == 1 and word[0] == other[0])


def _shared_ids(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    last = 0
    while page := ledger.rows(
        "SELECT n.patient_id, p.original_id FROM person n JOIN patient p ON p.id = n.patient_id"
        " WHERE n.patient_id > ? GROUP BY n.patient_id HAVING count(*) > 1"
        " ORDER BY n.patient_id LIMIT ?",
        last,
        _PAGE,
    ):
        for patient, original_id in page:
            # Where there is no ID at all, that is the fault.
            if not is_empty(str(original_id)) and (found := _of_patient(ledger, int(patient))):
                yield found
        last = int(page[-1][0])


def _of_patient(ledger: Ledger, patient: int) -> Found | None:
    rows = ledger.rows(
        "SELECT n.name, n.birth_date, min(i.series_id) FROM study s"
        " JOIN series e ON e.study_id = s.id JOIN instance i ON i.series_id = e.id"
        " JOIN person n ON n.id = i.person_id"
        " WHERE s.patient_id = ? AND i.state <> 'excluded' GROUP BY n.id ORDER BY n.id LIMIT ?",
        patient,
        _COMPARED,
    )
    names: list[frozenset[str]] = []
    dates: set[str] = set()
    example = ""
    for name, date, series in rows:
        words = frozenset[str]() if is_empty(str(name)) else words_of(str(name))
        is_new = bool(words) and not any(is_same_name(words, known) for known in names)
        is_other_day = bool(_DATE.fullmatch(str(date))) and str(date) not in dates
        if is_new:
            names.append(words)
        if is_other_day:
            dates.add(str(date))
        if (is_new and len(names) > 1) or (is_other_day and len(dates) > 1):
            example = f"E{series}"
    said = [
        f"{len(found)} {what}"
        for found, what in ((names, "different names"), (dates, "different birth dates"))
        if len(found) > 1
    ]
    if not said:
        return None
    return Found(
        f"P{patient}",
        Level.PATIENT,
        Severity.WARN,
        f"This Patient ID is used with {' and '.join(said)}: it may be that of several persons.",
        n=max(len(names), len(dates)),
        example=example,
    )


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="UNQ-07",
        title="One Patient ID, several persons",
        dimension=Dimension.UNIQUE,
        severities=(Severity.WARN,),
        remedy="Find out whether it is one person. If not, give each an ID at the source, or"
        " exclude those who do not belong to it: else they get one pseudonym.",
        look=_shared_ids,
    ),
)
