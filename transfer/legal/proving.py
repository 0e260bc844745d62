"""Proving a document again: of which entries of the record, now or before, it is the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transfer.ledger.connection import Ledger
from transfer.ledger.legal import current_entries, legal_history
from transfer.legal.digest import digest_document
from transfer.legal.entries import LegalEntry


@dataclass(frozen=True, slots=True)
class Proof:
    """What a document proves: entries that count now, and others that counted once."""

    sha256: str
    current: Sequence[LegalEntry]
    earlier: Sequence[LegalEntry]


def prove(ledger: Ledger, document: Path) -> Proof:
    """Digest a document and look for it. Blocking, for as long as reading it takes.

    Raises:
        NoDocument: it cannot be read.
    """
    sha256 = digest_document(document)
    current = [entry for entry in current_entries(ledger).values() if entry.sha256 == sha256]
    earlier = [
        entry for entry in legal_history(ledger) if entry.sha256 == sha256 and entry not in current
    ]
    return Proof(sha256, current, earlier)
