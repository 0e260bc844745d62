"""Columns without an attribute in which only numbers stand: there a comma is a decimal sign."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from transfer.ledger.clinical import ClinicalColumn, ClinicalFile
from transfer.ledger.connection import Ledger
from transfer.quality.attributes import is_empty

_NOTE: Final = "decimal-comma"
_NUMBER: Final = re.compile(r"[-+]?\d{1,12}(?:[.,]\d{1,12})?")
_PAGE: Final = 2000


def number_columns(
    ledger: Ledger, file: ClinicalFile, columns: Sequence[ClinicalColumn]
) -> frozenset[int]:
    """Places of the columns without an attribute that hold nothing but numbers, some of them with
    a comma. A table in which no cell is such a number is not looked through."""
    if _NOTE not in file.notes:
        return frozenset()
    maybe = {column.place for column in columns if not column.role}
    with_comma: set[int] = set()
    after = 0
    while maybe and (
        page := ledger.rows(
            "SELECT id, cells FROM clinical_row WHERE file_id = ? AND id > ? AND width = ?"
            " ORDER BY id LIMIT ?",
            file.row,
            after,
            len(columns),
            _PAGE,
        )
    ):
        for _, document in page:
            cells = json.loads(document)
            for place in tuple(maybe):
                text = cells[place].strip()
                if is_empty(text):
                    continue
                if not _NUMBER.fullmatch(text):
                    maybe.discard(place)
                elif "," in text:
                    with_comma.add(place)
        after = page[-1][0]
    return frozenset(maybe & with_comma)
