"""The order itself: what was asked for when the transfer was made, and what persons said."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.ledger.kept_words import keep_words


@dataclass(frozen=True, slots=True)
class Order:
    """One transfer as it was ordered."""

    name: str
    node: str
    source: Path
    destination: str
    clinical: Path | None = None
    site_id: str | None = None
    deid: str | None = None
    created_at_utc: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """What a named person said about something that the program cannot know."""

    subject: str
    value: str
    person: str
    reason: str
    said_at_utc: str = ""


def write_order(ledger: Ledger, order: Order) -> None:
    """Record the order; once per ledger."""
    with ledger.transaction():
        ledger.write(
            "INSERT INTO transfer VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
            order.name,
            order.node,
            os.fsencode(order.source),
            order.destination,
            os.fsencode(order.clinical) if order.clinical else None,
            order.site_id,
            order.deid,
            utc_now(),
        )
        ledger.record_event("made", f"Transfer to {order.node} made.")


def read_order(ledger: Ledger) -> Order:
    """The order of this ledger."""
    row = ledger.row(
        "SELECT name, node, source, destination, clinical, site_id, deid, created_at_utc"
        " FROM transfer"
    )
    assert row is not None, "a ledger is made together with its order"
    name, node, source, destination, clinical, site_id, deid, created = row
    return Order(
        name=name,
        node=node,
        source=Path(os.fsdecode(source)),
        destination=destination,
        clinical=Path(os.fsdecode(clinical)) if clinical else None,
        site_id=site_id,
        deid=deid,
        created_at_utc=created,
    )


def set_clinical(ledger: Ledger, clinical: Path | None) -> None:
    """Name another clinical table for this transfer, or none; what was read of an earlier one is
    forgotten when tables are read next."""
    with ledger.transaction():
        ledger.write(
            "UPDATE transfer SET clinical = ?", os.fsencode(clinical) if clinical else None
        )
        what = "A clinical table was named." if clinical else "No clinical table goes any more."
        ledger.record_event("clinical", what)


def record_word(ledger: Ledger, word: Word) -> None:
    """Keep what a person said, with the time; in the ledger and beside it.

    Raises:
        UsageError: it stands in the ledger, and could not be written beside it.
    """
    with ledger.transaction():
        ledger.write(
            "INSERT INTO word (subject, value, person, reason, said_at_utc) VALUES (?, ?, ?, ?, ?)",
            word.subject,
            word.value,
            word.person,
            word.reason,
            utc_now(),
        )
        ledger.record_event("word", f"A person's word on {word.subject} was recorded.")
    keep_words(ledger)


def last_word(ledger: Ledger, subject: str) -> Word | None:
    """The newest word on a subject."""
    row = ledger.row(
        "SELECT subject, value, person, reason, said_at_utc FROM word WHERE subject = ?"
        " ORDER BY id DESC LIMIT 1",
        subject,
    )
    return Word(*row) if row else None
