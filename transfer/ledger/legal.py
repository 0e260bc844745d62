"""The legal record in its ledger: every entry that was ever made, the newest on a thing counting.

Rows are only added; the schema refuses to change or remove one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.ledger.kept_words import keep_words
from transfer.legal.entries import TITLES, Entries, LegalEntry, State

_COLUMNS: Final = (
    "what, state, person, day, sha256, is_digested_here, ticket, reason, entered_by, is_sandbox,"
    " recorded_at_utc"
)


def add_entries(
    ledger: Ledger, entries: Sequence[LegalEntry], *, only_unsaid: bool = False
) -> list[LegalEntry]:
    """Add entries, durably and all at once; those that say what the newest on the same thing says
    already are passed over, with `only_unsaid` all on things that have an entry. Returns what was
    added.

    Raises:
        UsageError: they stand in the ledger, and could not be written beside it.
    """
    with ledger.transaction():
        known = current_entries(ledger)
        added = [entry for entry in entries if not _is_same(known.get(entry.what), entry)]
        if only_unsaid:
            added = [entry for entry in added if entry.what not in known]
        now = utc_now()
        ledger.write_many(
            f"INSERT INTO legal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own words
            [
                (
                    entry.what,
                    entry.state.value,
                    entry.person,
                    entry.day,
                    entry.sha256,
                    entry.is_digested_here,
                    entry.ticket,
                    entry.reason,
                    entry.entered_by,
                    entry.is_sandbox,
                    now,
                )
                for entry in added
            ],
        )
        for entry in added:
            ledger.record_event("legal", f"{TITLES[entry.what]}: {entry.state.value}.")
    keep_words(ledger)
    return [replace(entry, recorded_at_utc=now) for entry in added]


def current_entries(ledger: Ledger) -> Entries:
    """The newest entry on each thing, read afresh."""
    rows = ledger.rows(
        f"SELECT {_COLUMNS} FROM legal"  # noqa: S608 - our own words
        " WHERE id IN (SELECT max(id) FROM legal GROUP BY what)"
    )
    return {entry.what: entry for entry in map(_entry, rows)}


def legal_history(ledger: Ledger) -> list[LegalEntry]:
    """Every entry that was ever made, oldest first."""
    rows = ledger.rows(f"SELECT {_COLUMNS} FROM legal ORDER BY id")  # noqa: S608 - our own words
    return [_entry(row) for row in rows]


def _entry(row: tuple[object, ...]) -> LegalEntry:
    what, state, person, day, sha256, is_here, ticket, reason, entered_by, is_sandbox, at = row
    return LegalEntry(
        str(what),
        State(str(state)),
        person=str(person),
        day=str(day),
        sha256=str(sha256),
        is_digested_here=bool(is_here),
        ticket=str(ticket),
        reason=str(reason),
        entered_by=str(entered_by),
        is_sandbox=bool(is_sandbox),
        recorded_at_utc=str(at),
    )


def _is_same(known: LegalEntry | None, entry: LegalEntry) -> bool:
    return known is not None and replace(known, recorded_at_utc="") == replace(
        entry, recorded_at_utc=""
    )
