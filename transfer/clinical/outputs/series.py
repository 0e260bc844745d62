"""Series descriptions as they leave, each once, for the ETL: local text, and EUCAIM's term for it.

The term stays empty for the data holder; what cannot be mapped keeps its own text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from transfer.clinical.timepoint_table import write_table
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.traits import traits_document, traits_groups
from transfer.quality.attributes import SERIES_DESCRIPTION
from transfer.quality.document import read_traits

HEADING: Final = ("SeriesDescription", "EUCAIM term")
_MOST: Final = 100_000
_STAYS: Final = ("excluded", "failed")


def write_series_descriptions(ledger: Ledger, path: Path, *, is_method: bool) -> int:
    """Write them for their owner alone, in order; how many.

    With `is_method` only what the method left of them: a header that was not de-identified yet
    says nothing here.

    Raises:
        UsageError: the file exists, cannot be written, or there is no end of texts.
    """
    texts = sorted(_texts(ledger, is_method=is_method))
    return write_table(path, HEADING, ((text, "") for text in texts))


def _texts(ledger: Ledger, *, is_method: bool) -> set[str]:
    documents: set[int] = set()
    texts: set[str] = set()
    for group in traits_groups(ledger):
        row = group.out_traits or (None if is_method else group.traits)
        if row is None or row in documents or group.state in _STAYS:
            continue
        documents.add(row)
        if text := read_traits(traits_document(ledger, row))[SERIES_DESCRIPTION].strip():
            texts.add(text)
        if len(texts) > _MOST:
            raise UsageError(
                f"There are more than {_MOST:,} different Series Descriptions; no list of them"
                " was written.",
                "See them, and what they hold, with: eucaim-transfer review NAME",
            )
    return texts
