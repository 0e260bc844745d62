"""What has gone as a whole: nobody can mend it here, or leave it out any more."""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger

_INSTANCES: Final = {
    "P": "SELECT t.state FROM study s JOIN series e ON e.study_id = s.id"
    " JOIN tally t ON t.series_id = e.id AND t.n > 0 WHERE s.patient_id = ?",
    "S": "SELECT t.state FROM series e JOIN tally t ON t.series_id = e.id AND t.n > 0"
    " WHERE e.study_id = ?",
    "E": "SELECT state FROM tally WHERE series_id = ? AND n > 0",
    "I": "SELECT state FROM instance WHERE id = ?",
    "F": "SELECT state FROM instance WHERE file_id = ?",
}
_VOLUMES: Final = {
    "P": "SELECT state FROM volume WHERE patient_id = ?",
    "S": "SELECT state FROM volume WHERE study_id = ?",
    "E": "SELECT state FROM volume WHERE series_id = ?",
    "F": "SELECT state FROM volume WHERE file_id = ?",
}


def anything_has_gone(ledger: Ledger) -> bool:
    """Whether a node has anything of this transfer: before that, no object has to be asked."""
    return bool(
        ledger.number(
            "SELECT EXISTS (SELECT 1 FROM tally WHERE state IN ('sent', 'verified') AND n > 0)"
            " OR EXISTS (SELECT 1 FROM volume WHERE state IN ('sent', 'verified'))"
        )
    )


def has_gone(ledger: Ledger, key: str) -> bool:
    """Whether all of an object that was to go has gone, and some of it has."""
    kind = key[:1]
    if kind not in _INSTANCES or not key[1:].isdecimal():
        return False
    some = False
    for states in (_INSTANCES[kind], _VOLUMES.get(kind)):
        for (state,) in ledger.rows(states, int(key[1:])) if states else ():
            if state not in ("sent", "verified", "excluded"):
                return False
            some = some or state != "excluded"
    return some
