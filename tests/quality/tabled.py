"""The clean cohort with a clinical table in which one fault was planted, and all that is told."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydicom.dataset import Dataset

from tests.quality.cohort import AS_IS, TABLE, clean_images, findings_of, write_images
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.quality.rule import Circumstances

NAME = "made_clinical.csv"
COARSENED = replace(AS_IS, method="lethe 1.0")


def rows(*changes: Mapping[str, str | None]) -> list[dict[str, str]]:
    """The rows of the clean table, each with a change; None takes a column away."""
    changed = []
    for n, row in enumerate(TABLE):
        change = changes[n] if n < len(changes) else {}
        new = {**row, **{k: v for k, v in change.items() if v is not None}}
        changed.append({k: v for k, v in new.items() if change.get(k, "") is not None})
    return changed


def table_text(table: Sequence[Mapping[str, str]], *, delimiter: str = ",") -> str:
    """A table as CSV."""
    lines: list[str] = []

    class _Lines:
        def write(self, text: str) -> int:
            lines.append(text)
            return len(text)

    writer = csv.DictWriter(_Lines(), list(table[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(table)
    return "".join(lines)


def said(
    folder: Path,
    table: Sequence[Mapping[str, str]] | str | bytes,
    *,
    name: str = NAME,
    images: Iterable[Dataset] | None = None,
    now: Circumstances = AS_IS,
    before: Callable[[Ledger], object] = lambda ledger: None,
) -> list[Finding]:
    """All findings of the cohort with this table: rows, or the content of the file."""
    tables = folder / "tables"
    tables.mkdir()
    content = table if isinstance(table, str | bytes) else table_text(table)
    raw = content if isinstance(content, bytes) else content.encode()
    (tables / name).write_bytes(raw)
    write_images(folder / "source", clean_images() if images is None else images)
    return findings_of(
        folder / "source", folder / "home", now, clinical=tables / name, before=before
    )
