"""All findings as files, for whoever mends the data: CSV for a spreadsheet, JSON for a program.

Streamed: memory does not grow with the findings. By keys alone, unless originals are asked for.
"""

from __future__ import annotations

import csv
import json
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.originals import FIELDS, originals_of
from transfer.ledger.set_aside import set_aside
from transfer.quality.dimensions import dimensions
from transfer.quality.rules import BY_ID
from transfer.workspace import private_opener, sync_folder

_PAGE: Final = 1000
_COLUMNS: Final = (
    "rule",
    "title",
    "severity",
    "standing",
    "level",
    "key",
    "n",
    "example",
    "message",
    "remedy",
)
# What a spreadsheet would take for a formula.
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r")


def write_findings(
    ledger: Ledger, folder: Path, transfer: str, *, identifiers: bool = False
) -> tuple[Path, Path]:
    """Write findings.csv and findings.json into a folder that is there; what they replace goes
    only when they are whole. Both are readable by their owner alone.

    Raises:
        OSError: the disk.
    """
    found: tuple[Path, Path] = (folder / "findings.csv", folder / "findings.json")
    _write(found[0], lambda file: _write_csv(ledger, file, transfer, identifiers=identifiers))
    _write(found[1], lambda file: _write_json(ledger, file, transfer, identifiers=identifiers))
    return found


def _write(path: Path, write: Callable[[IO[str]], None]) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with open(draft, "x", encoding="utf-8", newline="", opener=private_opener) as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def _rows(ledger: Ledger, transfer: str, *, identifiers: bool) -> Iterator[dict[str, str | int]]:
    """What is open before what is not, and the worst first."""
    for is_open in (True, False):
        for severity in ("block", "ask", "warn", "info"):
            last = 0
            while True:
                page = ledger.rows(
                    "SELECT id, rule, severity, level, key, message, remedy, n, example, standing"
                    " FROM finding WHERE severity = ? AND (standing = 'open') = ? AND id > ?"
                    " ORDER BY id LIMIT ?",
                    severity,
                    is_open,
                    last,
                    _PAGE,
                )
                for _, *values in page:
                    yield _row(ledger, transfer, Finding(*values), identifiers=identifiers)
                if len(page) < _PAGE:
                    break
                last = page[-1][0]


def _row(
    ledger: Ledger, transfer: str, finding: Finding, *, identifiers: bool
) -> dict[str, str | int]:
    rule = BY_ID.get(finding.rule)
    known = {**asdict(finding), "title": rule.title if rule else ""}
    row: dict[str, str | int] = {name: known[name] for name in _COLUMNS}
    row["remedy"] = finding.remedy.replace("NAME", transfer)
    if identifiers:
        row |= originals_of(ledger, finding.key)
    return row


def _write_csv(ledger: Ledger, file: IO[str], transfer: str, *, identifiers: bool) -> None:
    names = (*_COLUMNS, *(FIELDS if identifiers else ()))
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    for row in _rows(ledger, transfer, identifiers=identifiers):
        writer.writerow({name: harmless(value) for name, value in row.items()})


def harmless(value: str | int) -> str | int:
    """A cell that no spreadsheet takes for a formula, on one line."""
    if isinstance(value, int):
        return value
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
    # Spreadsheets in East Asian languages take the wide forms of these signs for the same.
    first = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if first.startswith(_ACTIVE) else text


def _write_json(ledger: Ledger, file: IO[str], transfer: str, *, identifiers: bool) -> None:
    file.write(f'{{"transfer": {json.dumps(transfer)}, "findings": [')
    before = "\n"
    for row in _rows(ledger, transfer, identifiers=identifiers):
        file.write(before + json.dumps(row, ensure_ascii=False))
        before = ",\n"
    words = [asdict(one) for one in set_aside(ledger)]
    lines = [asdict(line) for line in dimensions(ledger)]
    file.write(f'\n], "set_aside": {json.dumps(words, ensure_ascii=False)},')
    file.write(f' "dimensions": {json.dumps(lines)}}}\n')
