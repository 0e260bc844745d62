"""A file of any form as one stream of rows. What a file is, its content says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.clinical.dialect import has_columns
from transfer.clinical.encoding import Encoded, examine, read_sample
from transfer.clinical.rows import Table, TableProblem

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".json", ".jsonl")
STUDIES_TABLE: Final = "dcm_studies_metadata.csv"
_ZIP: Final = b"PK\x03\x04"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_DICOM: Final = b"DICM"
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table on the disk: a file, and of a workbook the name of a sheet, empty where none was
    named."""

    path: Path
    sheet: str = ""


def table_files(ordered: Path) -> list[TableFile]:
    """The tables of an order: a file, a workbook with `#SHEET` behind its name, or all tables of
    a folder (not below it); see `is_table`.

    Raises:
        TableProblem: there is none.
        OSError: the folder cannot be read.
    """
    if ordered.is_dir():
        found = sorted(p for p in ordered.iterdir() if p.is_file() and is_table(p))
        if not found:
            raise TableProblem("no-table")
        return [TableFile(path) for path in found]
    if not ordered.exists() and "#" in ordered.name:
        name, _, sheet = ordered.name.partition("#")
        return [TableFile(ordered.with_name(name), sheet)]
    return [TableFile(ordered)]


def is_table(path: Path) -> bool:
    """Whether a file in a folder is taken for a table, by its name: none that begins with `_`, `.`
    or `~`. A `.txt` may as well be a note: it is one where nothing in it separates columns."""
    name, suffix = path.name, path.suffix.lower()
    if suffix not in SUFFIXES or name.startswith(("_", ".", "~")) or name == STUDIES_TABLE:
        return False
    if suffix != ".txt":
        return True
    try:
        return has_columns(read_sample(path))
    except OSError:
        # That it cannot be read is told where it is read.
        return True


def digest_of(path: Path) -> Encoded:
    """Digest and encoding of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(132)
        file.seek(0)
        if not head.startswith(_ZIP):
            return examine(file)
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return Encoded(digest.hexdigest(), "", "")


def read_table(file: TableFile, encoded: Encoded) -> Table:
    """Open a table. Memory is bounded by the longest row that is taken, whatever the file is.

    Raises:
        TableProblem: it cannot be read as a table; also while rows are read.
        OSError: the disk.
    """
    with file.path.open("rb") as opened:
        head = opened.read(4096)
    if head.startswith(_ZIP):
        from transfer.clinical.workbook_form import read_workbook

        return read_workbook(file.path, file.sheet)
    if head.startswith(_OLD_OFFICE) or head[128:132] == _DICOM:
        raise TableProblem("not-a-table")
    if not head:
        raise TableProblem("empty")
    text = head.decode(encoded.codec, "replace").lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")) or file.path.suffix.lower() in (".json", ".jsonl"):
        from transfer.clinical.json_form import read_json_table

        return read_json_table(file.path, encoded.codec)
    from transfer.clinical.text_form import read_text_table

    return read_text_table(file.path, encoded)
