"""The end of retention in the ledger: when it is due, and how far the removal of originals is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, Literal

from transfer.clock import utc_now
from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger

NamesFate = Literal["", "kept", "removed"]
KeyFate = Literal["", "removed", "kept", "none"]

_COLUMNS: Final = "due_day, begun_at_utc, done_at_utc, report_digest, names, key_fate"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long originals are kept, and whether they still are.

    `due_day` (YYYY-MM-DD) is empty where nobody said it. `names`: whether that was kept under which
    things lie on the node; `key_fate`: `kept` where another transfer needs the cohort's key, `none`
    where there was none. `report_digest` is of the evidence that was written right before.
    """

    due_day: str = ""
    begun_at_utc: str = ""
    done_at_utc: str = ""
    report_digest: str = ""
    names: NamesFate = ""
    key_fate: KeyFate = ""

    @property
    def is_begun(self) -> bool:
        """Originals are gone, all or some of them; nothing can be sent any more."""
        return bool(self.begun_at_utc)

    @property
    def is_done(self) -> bool:
        return bool(self.done_at_utc)

    def is_due(self, today: dt.date) -> bool:
        """The day has come, and originals are still here."""
        return bool(self.due_day) and not self.is_done and self.due_day <= today.isoformat()

    def document(self, today: dt.date) -> dict[str, Any]:
        """The part of `status --json`."""
        return {
            "due": self.due_day or None,
            "is_due": self.is_due(today),
            "begun_at": self.begun_at_utc or None,
            "purged_at": self.done_at_utc or None,
            "report_digest": self.report_digest or None,
            "names": self.names or None,
            "key": self.key_fate or None,
        }


NOT_SAID: Final = Retention()


def read_retention(ledger: Ledger) -> Retention:
    """What the ledger holds of it."""
    row = ledger.row(f"SELECT {_COLUMNS} FROM retention")  # noqa: S608 - our own words
    return Retention(*row) if row else NOT_SAID


def keep_due(ledger: Ledger, day: dt.date | None) -> None:
    """Keep the day on which originals are to be removed; None takes it back."""
    said = day.isoformat() if day else ""
    with ledger.transaction():
        _set(ledger, due_day=said)
        told = f"Originals are to be removed on {said}." if said else "No day of removal any more."
        ledger.record_event("purge", told)


def begin_removal(ledger: Ledger, report_digest: str) -> None:
    """From here on originals are being removed, which is only ever finished."""
    with ledger.transaction():
        _set(ledger, begun_at_utc=utc_now(), report_digest=report_digest)
        ledger.record_event("purge", f"Removal of originals begun; report {report_digest}.")


def keep_names_fate(ledger: Ledger, fate: NamesFate) -> None:
    """Say before it happens whether that is kept under which things lie on the node."""
    with ledger.transaction():
        _set(ledger, names=fate)


def keep_key_fate(ledger: Ledger, fate: KeyFate) -> None:
    """Say what became of the cohort's key."""
    with ledger.transaction():
        _set(ledger, key_fate=fate)


def finish_removal(ledger: Ledger) -> None:
    """All originals are removed."""
    with ledger.transaction():
        _set(ledger, done_at_utc=utc_now())
        ledger.record_event("purge", "Originals are removed; the evidence is kept.")


def last_removed(ledger: Ledger, table: str) -> int:
    """Up to which row of a table originals are removed."""
    return ledger.number("SELECT last_row FROM removal WHERE table_name = ?", table)


def keep_last_removed(ledger: Ledger, table: str, row: int) -> None:
    """Say so, in the transaction that removed them."""
    ledger.write("INSERT OR REPLACE INTO removal VALUES (?, ?)", table, row)


def refuse_purged(ledger: Ledger) -> None:
    """Let nothing begin that needs originals.

    Raises:
        StepBlocked: they are removed, or being removed.
    """
    now = read_retention(ledger)
    if now.is_done:
        raise StepBlocked(
            f"The originals of this transfer were removed on {now.done_at_utc[:10]}, at the end of"
            " retention: nothing of it can be sent, looked at or changed any more.",
            "Its evidence is kept: eucaim-transfer report NAME, status NAME, and recall NAME for a"
            " withdrawal. To send more, make a new transfer.",
        )
    if now.is_begun:
        raise StepBlocked(
            "The originals of this transfer are being removed; that is only ever finished.",
            "Finish it with: eucaim-transfer purge NAME",
        )


def _set(ledger: Ledger, **values: str) -> None:
    ledger.write("INSERT INTO retention (only) VALUES (1) ON CONFLICT DO NOTHING")
    for column, value in values.items():
        ledger.write(f"UPDATE retention SET {column} = ?", value)  # noqa: S608 - our own words
