"""Patient IDs that more than one person has, by what the headers under them say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.ledger.connection import Ledger

_WINDOW: Final = 2000


@dataclass(frozen=True, slots=True)
class Sharing:
    """One patient under whose ID headers name several persons: original names and birth dates, as
    they stand in the files, those that differ in more than writing. `example` is an instance row.
    """

    patient: int
    names: tuple[str, ...] = field(repr=False)
    birth_dates: tuple[str, ...] = field(repr=False)
    instances: int
    example: int


def shared_ids(ledger: Ledger) -> Iterator[Sharing]:
    """Patients with two names or two birth dates among the instances that go, by row."""
    last = ledger.number("SELECT max(patient_id) FROM person")
    for low in range(1, last + 1, _WINDOW):
        for (patient,) in ledger.rows(
            "SELECT patient_id FROM person WHERE patient_id BETWEEN ? AND ?"
            " GROUP BY patient_id HAVING count(*) > 1 ORDER BY patient_id",
            low,
            low + _WINDOW - 1,
        ):
            if (sharing := _of(ledger, int(patient))) is not None:
                yield sharing


def _of(ledger: Ledger, patient: int) -> Sharing | None:
    rows = ledger.rows(
        "SELECT x.name, x.birth_date, count(*), min(i.id) FROM study s"
        " JOIN series e ON e.study_id = s.id JOIN instance i ON i.series_id = e.id"
        " JOIN person x ON x.id = i.person_id"
        " WHERE s.patient_id = ? AND i.state <> 'excluded' GROUP BY x.id ORDER BY x.id",
        patient,
    )
    names = {_written(name): name for name, _, _, _ in reversed(rows) if _written(name)}
    births = {date: date for _, date, _, _ in reversed(rows) if date}
    if len(names) < 2 and len(births) < 2:
        return None
    return Sharing(
        patient,
        tuple(reversed(names.values())),
        tuple(reversed(births.values())),
        sum(n for _, _, n, _ in rows),
        min(example for _, _, _, example in rows),
    )


def _written(name: str) -> str:
    """A name without what differs from one writer to the next: case, blanks, empty components."""
    alphabetic = name.partition("=")[0].casefold().replace("^", " ").replace(",", " ")
    return " ".join(alphabetic.split())
