"""An index of a medium that names more than was copied (no rule of EUCAIM's: a hint of our own)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.directories import incomplete_directories
from transfer.quality.rule import (
    Circumstances,
    Dimension,
    Found,
    LedgerRule,
    Level,
    Rule,
    Severity,
)


def _absent(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for row, named, absent in incomplete_directories(ledger):
        yield Found(
            f"F{row}",
            Level.DATASET,
            Severity.WARN,
            f"The index of a disc (DICOMDIR) names {named:,} files; {absent:,} of them are not"
            " here.",
            n=absent,
        )


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="DIR-01",
        title="Discs copied whole",
        dimension=Dimension.COMPLETE,
        severities=(Severity.WARN,),
        remedy="Copy the whole disc into the source folder again, then scan again. If images were"
        " left out on purpose, there is nothing to do.",
        look=_absent,
    ),
)
