"""Files for the catalogue's team: written whole, for their owner alone, and known again."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.catalogue.dcat import json_text
from transfer.catalogue.entry import Entry
from transfer.catalogue.workbook import workbook
from transfer.clinical.outputs.place import refuse_among_sources
from transfer.errors import UsageError
from transfer.evidence.manifest import digest_of_file
from transfer.ledger.catalogue import is_catalogue_file, record_file, record_identifier
from transfer.ledger.connection import Ledger
from transfer.private import create_private, sync_folder

XLSX: Final = ".xlsx"
JSON: Final = (".jsonld", ".json")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written; the digest is its SHA-256."""

    path: Path
    sha256: str


def write_entry(ledger: Ledger, entry: Entry, path: Path) -> WrittenFile:
    """Write the entry as workbook or JSON-LD, by the suffix. An earlier file of this transfer's is
    replaced, anything else is left alone. From then on the entry goes under its identifier.

    Raises:
        StepBlocked: something stands in the entry's way; nothing was written.
        UsageError: no such kind of file, the place is among the sources, something else is there,
            or it cannot be written.
    """
    entry.checked()
    path = path.expanduser()
    suffix = path.suffix.casefold()
    if suffix not in (XLSX, *JSON):
        raise UsageError(
            "The catalogue's entry is written as a workbook or as JSON-LD.",
            f"Name a file that ends in {XLSX} or {JSON[0]}.",
        )
    refuse_among_sources(ledger, path)
    content = workbook(entry) if suffix == XLSX else json_text(entry).encode()
    if _is_ours(ledger, path):
        _replace(path, content)
    else:
        create_private(path, content)
    sha256 = hashlib.sha256(content).hexdigest()
    record_identifier(ledger, entry.state.identifier)
    record_file(ledger, sha256, entry.state.identifier)
    return WrittenFile(path, sha256)


def _is_ours(ledger: Ledger, path: Path) -> bool:
    try:
        return is_catalogue_file(ledger, digest_of_file(path))
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> None:
    folder = path.absolute().parent
    try:
        draft = Path(tempfile.mkdtemp(dir=folder, prefix=".eucaim-transfer-"))
    except OSError as error:
        raise _unwritable(error) from error
    try:
        create_private(draft / path.name, content)
        os.replace(draft / path.name, path)
        sync_folder(folder)
    except OSError as error:
        raise _unwritable(error) from error
    finally:
        with suppress(OSError):
            (draft / path.name).unlink(missing_ok=True)
            draft.rmdir()


def _unwritable(error: OSError) -> UsageError:
    return UsageError(
        f"The file cannot be written: {error.strerror or 'input/output error'}.",
        "Name a file in a folder on a local disk that you may write to.",
    )
