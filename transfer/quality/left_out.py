"""Files that were left out: which rule speaks of each. One file, one rule."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.scan.facts import FileFacts, FileKind, FileVerdict
from transfer.scan.reasons import Reason, is_quiet

_PAGE: Final = 2000
_WITHOUT_UID: Final = frozenset((Reason.NO_SOP_UID, Reason.NO_STUDY_UID, Reason.NO_SERIES_UID))
_DAMAGED: Final = frozenset((Reason.HEADER_CUT, Reason.PIXELS_SHORT, Reason.COMPRESSION_UNKNOWN))
# What a person chose, and what lies elsewhere in the same folder.
_SETTLED: Final = frozenset(
    ("deid-skipped", "excluded-by-person", "folder-linked-twice", "archive-not-read")
)
_PICTURE_ENDINGS: Final = (
    ".png", ".jpg", ".jpeg", ".jp2", ".bmp", ".gif", ".tif", ".tiff", ".webp",
    ".mha", ".mhd", ".nrrd", ".nhdr", ".mnc", ".mgz", ".mgh", ".par", ".rec", ".vtk", ".vti",
    ".svs", ".ndpi", ".scn", ".czi", ".mrxs", ".vms", ".bif", ".h5", ".hdf5", ".npy", ".npz",
    ".raw", ".stl", ".obj", ".avi", ".mp4", ".mov", ".wmv",
)  # fmt: skip


class Owner(StrEnum):
    """The rule that speaks of a file."""

    UID = "IMG-07"
    CLASS = "IMG-08"
    FILE = "IMG-10"
    FORMAT = "IMG-11"
    DIRECTORY = "IMG-12"
    VOLUME = "NII"
    NOBODY = ""


def owner_of(path: bytes, kind: str, reasons: frozenset[str]) -> Owner:
    """Which rule speaks of a file that was left out for these reasons."""
    if kind == FileKind.DICOMDIR:
        return Owner.DIRECTORY
    if kind == FileKind.NIFTI:
        return Owner.VOLUME
    if reasons & _SETTLED:
        return Owner.NOBODY
    if kind == FileKind.INSTANCE and not reasons & _DAMAGED:
        if reasons & _WITHOUT_UID:
            return Owner.UID
        if Reason.NO_SOP_CLASS in reasons:
            return Owner.CLASS
    if reasons == {Reason.NOT_DICOM} and path.lower().endswith(_ENDINGS):
        return Owner.FORMAT
    return Owner.NOBODY if _needs_nobody(path, kind, reasons) else Owner.FILE


_ENDINGS: Final = tuple(ending.encode() for ending in _PICTURE_ENDINGS)


def _needs_nobody(path: bytes, kind: str, reasons: frozenset[str]) -> bool:
    known = kind in FileKind.__members__.values()
    facts = FileFacts(
        FileKind(kind) if known else FileKind.OTHER, FileVerdict.REJECT, tuple(reasons)
    )
    return is_quiet(facts, os.path.basename(path))


# What a file has to be before its rule is asked for: most of a million strangers are told by it.
_MAY_BE: Final = {
    Owner.UID: f"kind = '{FileKind.INSTANCE.value}'",
    Owner.CLASS: f"kind = '{FileKind.INSTANCE.value}'",
    Owner.FORMAT: f"reasons = '{Reason.NOT_DICOM.value}'",
    Owner.DIRECTORY: f"kind = '{FileKind.DICOMDIR.value}'",
}


def rejected(ledger: Ledger, owner: Owner) -> Iterator[int]:
    """The rows of all files that a rule has to speak of, in the order of their paths."""
    for row, _ in rejected_with_reasons(ledger, owner):
        yield row


def rejected_with_reasons(ledger: Ledger, owner: Owner) -> Iterator[tuple[int, frozenset[str]]]:
    """As `rejected`, with the codes of why each was left out."""
    last = b""
    while True:
        page = ledger.rows(
            "SELECT path, id, ifnull(kind, ''), reasons FROM source_file"  # noqa: S608 - literals of ours
            f" WHERE verdict = 'rejected' AND {_MAY_BE.get(owner, '1')} AND path > ?"
            " ORDER BY path LIMIT ?",
            last,
            _PAGE,
        )
        for path, row, kind, text in page:
            reasons = frozenset(str(text).split(";"))
            if owner_of(path, kind, reasons) is owner:
                yield int(row), reasons
        if len(page) < _PAGE:
            return
        last = page[-1][0]
