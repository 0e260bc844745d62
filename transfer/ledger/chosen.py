"""How much of a cohort the selection lets go, counted when it is applied."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from transfer.ledger.connection import Ledger

_NAME: Final = "chosen"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Patients, Studies and Series with at least one instance that goes, and the rules in force."""

    patients: int
    studies: int
    series: int
    rules: int


def record_chosen(ledger: Ledger) -> None:
    """Count anew. Looks at every Series: to be called where the selection was applied."""
    rules = ledger.number("SELECT count(*) FROM selection_rule")
    found = ledger.row(
        "SELECT count(DISTINCT iif(p.original_id <> '', p.id, NULL)), count(DISTINCT s.id),"
        " count(DISTINCT e.id)"
        " FROM tally t JOIN series e ON e.id = t.series_id JOIN study s ON s.id = e.study_id"
        " JOIN patient p ON p.id = s.patient_id WHERE t.state <> 'excluded' AND t.n > 0"
    )
    assert found is not None, "counts are always there"
    document = json.dumps(asdict(Chosen(found[0], found[1], found[2], rules)))
    with ledger.transaction(durable=False):
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", _NAME, document)


def forget_chosen(ledger: Ledger) -> None:
    """Everything goes: nothing has to be counted apart."""
    if read_chosen(ledger) is not None:
        with ledger.transaction(durable=False):
            ledger.write("DELETE FROM setting WHERE name = ?", _NAME)


def read_chosen(ledger: Ledger) -> Chosen | None:
    """What was counted last; None where nothing was ever chosen."""
    found = ledger.row("SELECT value FROM setting WHERE name = ?", _NAME)
    return Chosen(**json.loads(found[0])) if found else None
