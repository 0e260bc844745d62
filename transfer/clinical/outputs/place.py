"""Where outputs may be written: never over what is there, never among the data they came from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order

MANIFEST: Final = "manifest.json"
DRAFT: Final = ".eucaim-transfer-draft"
"""A folder inside the one that was named, in which files lie until all of them are whole."""
KIND: Final = "eucaim-transfer clinical outputs"


def refuse_among_sources(ledger: Ledger, path: Path) -> None:
    """Raises UsageError where a file or folder would lie inside the source, or beside tables that
    are read folder by folder: the next scan would take it for one of them."""
    order = read_order(ledger)
    place = path.expanduser().resolve()
    for source in (order.source, order.clinical):
        if source is None:
            continue
        folder = source.expanduser().resolve()
        if place == folder or folder in place.parents:
            raise UsageError(
                "What was to be written would lie inside the data of this transfer, and be taken"
                " for a part of them.",
                "Name a place outside the source folder and the folder of the clinical table.",
            )


def refuse_foreign(folder: Path, transfer: str) -> None:
    """Raises UsageError where a folder holds anything but earlier outputs of this transfer."""
    try:
        names = set(os.listdir(folder)) - {DRAFT}
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(error) from error
    if not names or names <= {MANIFEST, *earlier(folder, transfer)}:
        return
    raise UsageError(
        "The folder for outputs is not empty, and what lies there is not of this transfer's making"
        " alone; nothing was written.",
        "Name a new folder, or an empty one.",
    )


def earlier(folder: Path, transfer: str) -> set[str]:
    """The files that an earlier manifest of this transfer lists; none where there is no such.
    Names that could lead out of the folder are none of ours."""
    path = folder / MANIFEST
    try:
        if path.is_symlink():
            return set()
        found = json.loads(path.read_text("utf-8"))
        if found["kind"] != KIND or found["transfer"] != transfer:
            return set()
        names = [one["name"] for one in found["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    return {
        n
        for n in names
        if isinstance(n, str) and n == os.path.basename(n) and n[:1] not in ("", ".")
    }


def unwritable(error: OSError) -> UsageError:
    """A disk that is full or closed, in words."""
    reason = error.strerror or "it is not known why"
    return UsageError(
        f"The folder for outputs cannot be written: {reason}.",
        "Name a folder that you may write to, on a disk with space left.",
    )
