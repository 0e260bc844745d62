"""The catalogue's entry in the ledger: what was filled in, handed out, and seen there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger

_VERIFIED: Final = "SELECT sum(n) FROM tally WHERE state = 'verified'"


@dataclass(frozen=True, slots=True)
class Seen:
    """A person's word that the entry was looked up and compared. `instances` were verified then."""

    identifier: str
    address: str
    person: str
    instances: int
    seen_at_utc: str


def catalogue_fields(ledger: Ledger) -> dict[str, str]:
    """What was filled in so far, as it was kept."""
    return dict(ledger.rows("SELECT key, value FROM catalogue_field ORDER BY key"))


def keep_catalogue_fields(ledger: Ledger, values: Mapping[str, str]) -> None:
    """Keep what was filled in. An empty text is kept too: it was taken out on purpose."""
    with ledger.transaction():
        ledger.write_many(
            "INSERT INTO catalogue_field VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET"
            " value = excluded.value",
            list(values.items()),
        )


def catalogue_identifier(ledger: Ledger) -> str:
    """Under which identifier the entry was handed out or named last; empty if under none."""
    row = ledger.row("SELECT identifier FROM catalogue_identifier ORDER BY id DESC LIMIT 1")
    return str(row[0]) if row else ""


def record_identifier(ledger: Ledger, identifier: str) -> None:
    """The entry goes under this identifier from now on; one that counts already is not repeated."""
    if catalogue_identifier(ledger) == identifier:
        return
    with ledger.transaction():
        ledger.write(
            "INSERT INTO catalogue_identifier (identifier, recorded_at_utc) VALUES (?, ?)",
            identifier,
            utc_now(),
        )
        ledger.record_event("catalogue", "The identifier of the catalogue's entry was recorded.")


def record_file(ledger: Ledger, sha256: str, identifier: str) -> None:
    """A file for the catalogue was written; the same content again is the same file."""
    with ledger.transaction():
        ledger.write(
            "INSERT INTO catalogue_file VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            sha256,
            identifier,
            verified_instances(ledger),
            utc_now(),
        )


def is_catalogue_file(ledger: Ledger, sha256: str) -> bool:
    """Whether this very content was written for the catalogue, and so looked through already."""
    found = ledger.row("SELECT 1 FROM catalogue_file WHERE sha256 = ?", sha256)
    return found is not None


def record_seen(ledger: Ledger, identifier: str, address: str, person: str) -> None:
    """A person looked the entry up and found it as it should be (CAT-04)."""
    with ledger.transaction():
        ledger.write(
            "INSERT INTO catalogue_seen (identifier, address, person, instances, seen_at_utc)"
            " VALUES (?, ?, ?, ?, ?)",
            identifier,
            address,
            person,
            verified_instances(ledger),
            utc_now(),
        )
        ledger.record_event("catalogue", "The catalogue's entry was looked up and compared.")


def last_seen(ledger: Ledger) -> Seen | None:
    """The newest look at the entry."""
    row = ledger.row(
        "SELECT identifier, address, person, instances, seen_at_utc FROM catalogue_seen"
        " ORDER BY id DESC LIMIT 1"
    )
    return Seen(*row) if row else None


def verified_instances(ledger: Ledger) -> int:
    """How many instances were seen on the node."""
    return ledger.number(_VERIFIED)
