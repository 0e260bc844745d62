"""Series descriptions as they leave, each once, for the ETL: local text, and EUCAIM's term for it.

The term stays empty for the data holder; what cannot be mapped keeps its own text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transfer.clinical.timepoint_table import write_table
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.quality.attributes import SERIES_DESCRIPTION

HEADING: Final = ("SeriesDescription", "EUCAIM term")
_WINDOW: Final = 2000
_MOST: Final = 100_000
_TAG: Final = str(SERIES_DESCRIPTION.tag)


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
    seen: set[int] = set()
    texts: set[str] = set()
    for document_row in _documents(ledger, is_method=is_method):
        if document_row in seen:
            continue
        seen.add(document_row)
        found = ledger.row("SELECT document FROM traits WHERE id = ?", document_row)
        text = json.loads(found[0]).get(_TAG, "") if found else ""
        if text.strip():
            texts.add(text.strip())
        if len(texts) > _MOST:
            raise UsageError(
                f"There are more than {_MOST:,} different Series Descriptions; no list of them"
                " was written.",
                "See them, and what they hold, with: eucaim-transfer review NAME",
            )
    return texts


def _documents(ledger: Ledger, *, is_method: bool) -> Iterator[int]:
    which = "out_traits_id" if is_method else "ifnull(out_traits_id, traits_id)"
    last = ledger.number("SELECT max(id) FROM series")
    for low in range(1, last + 1, _WINDOW):
        for (row,) in ledger.rows(
            f"SELECT DISTINCT {which} FROM instance WHERE series_id BETWEEN ? AND ?"  # noqa: S608 - literals of ours
            " AND state NOT IN ('excluded', 'failed')",
            low,
            low + _WINDOW - 1,
        ):
            if row is not None:
                yield int(row)
