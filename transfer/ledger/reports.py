"""The reports that were written of a transfer, by their digests: what tickets tell of them."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class ReportWritten:
    """One report; the digest is that of its folder, SHA-256 in hex."""

    digest: str
    made_at_utc: str


def record_report(ledger: Ledger, digest: str, made_at_utc: str) -> None:
    """A report was written. It is no part of the history that reports tell: the same ledger gives
    the same report again."""
    with ledger.transaction():
        ledger.write(
            "INSERT INTO report_written (digest, made_at_utc) VALUES (?, ?)", digest, made_at_utc
        )


def newest_report(ledger: Ledger) -> ReportWritten | None:
    """The report that was written last."""
    row = ledger.row("SELECT digest, made_at_utc FROM report_written ORDER BY id DESC LIMIT 1")
    return ReportWritten(*row) if row else None
