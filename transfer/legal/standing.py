"""How the legal record of a transfer stands: the one value for screens, commands and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from transfer.ledger.connection import Ledger
from transfer.ledger.legal import current_entries, legal_history
from transfer.legal.entries import TITLES, Declaration, Entries, LegalEntry, State
from transfer.legal.gaps import Gap, gaps_in, lacks_of, missing_papers
from transfer.legal.papers import PAPERS, Paper


@dataclass(frozen=True, slots=True)
class LegalStanding:
    """One look at the legal record. `is_sandbox_node`: sandbox entries count as well."""

    entries: Entries = field(default_factory=dict)
    history: Sequence[LegalEntry] = ()
    is_sandbox_node: bool = False

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing; empty where publishing is not locked by it."""
        return gaps_in(self.entries, is_sandbox_node=self.is_sandbox_node)

    @property
    def is_whole(self) -> bool:
        return not self.gaps

    @property
    def missing_papers(self) -> list[Paper]:
        """Papers of the checklist that are open. They lock nothing."""
        return missing_papers(self.entries)

    def of(self, what: str) -> LegalEntry:
        """What is recorded of a declaration or a paper; an empty entry where nothing is."""
        return self.entries.get(what) or LegalEntry(what, State.MISSING)

    def document(self) -> dict[str, Any]:
        """The record as JSON."""
        now = datetime.now(UTC)
        return {
            "is_whole": self.is_whole,
            "is_sandbox_node": self.is_sandbox_node,
            "declarations": [
                {
                    **_document(self.of(what)),
                    "lacks": lacks_of(what, self.of(what), now) if self.of(what).is_there else [],
                }
                for what in Declaration
            ],
            "papers": [_document(self.of(paper.key)) for paper in PAPERS],
            "gaps": [asdict(gap) for gap in self.gaps],
            "history": [_document(entry) for entry in self.history],
        }


def read_legal(ledger: Ledger, *, is_sandbox_node: bool) -> LegalStanding:
    """Look at the legal record."""
    return LegalStanding(current_entries(ledger), legal_history(ledger), is_sandbox_node)


def _document(entry: LegalEntry) -> dict[str, Any]:
    return {
        "what": str(entry.what),
        "title": TITLES[entry.what],
        "state": entry.state.value,
        "person": entry.person,
        "date": entry.day or None,
        "sha256": entry.sha256 or None,
        "is_digested_here": entry.is_digested_here,
        "ticket": entry.ticket,
        "reason": entry.reason,
        "entered_by": entry.entered_by,
        "is_sandbox": entry.is_sandbox,
        "recorded_at": entry.recorded_at_utc or None,
    }
