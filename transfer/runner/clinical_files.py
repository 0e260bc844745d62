"""Clinical data as files on their way out: a subject's document in memory, a table on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.errors import SourceChanged, UsageError
from transfer.outgoing import PIECE_BYTES, Throttle
from transfer.workspace import make_private_folder, private_opener, sync_folder

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing

FOLDER: Final = "clinical"
"""Below a transfer's folder, and below that of the hand-over."""

_PART: Final = ".part"


@dataclass(frozen=True, slots=True)
class ContentFile:
    """A file that is its content. `OutgoingFile` in shape."""

    name: str
    content: bytes = field(repr=False)
    throttle: Throttle

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    @property
    def md5(self) -> str:
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """See `OutgoingFile.pieces`."""
        for at in range(0, len(self.content), PIECE_BYTES):
            piece = self.content[at : at + PIECE_BYTES]
            self.throttle.take(len(piece))
            yield piece


@dataclass(frozen=True, slots=True)
class TableOnDisk:
    """A table that was written. `rows` are those below its heading; digests in hex."""

    name: str
    path: Path
    rows: int
    sha256: str
    md5: str
    size_bytes: int

    def pieces(self, throttle: Throttle) -> Iterator[bytes]:
        """As `OutgoingFile.pieces`."""
        digest, left = hashlib.sha256(), self.size_bytes
        try:
            for piece in _stretches(self.path):
                digest.update(piece)
                left -= len(piece)
                if left < 0 or (not left and digest.hexdigest() != self.sha256):
                    raise _changed()
                throttle.take(len(piece))
                yield piece
        except OSError:
            raise _changed() from None
        if left:
            raise _changed()


@dataclass(frozen=True, slots=True)
class TableFile:
    """The same on its way out. `OutgoingFile` in shape."""

    table: TableOnDisk
    throttle: Throttle

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def size_bytes(self) -> int:
        return self.table.size_bytes

    @property
    def md5(self) -> str:
        return self.table.md5

    def pieces(self) -> Iterator[bytes]:
        """See `OutgoingFile.pieces`."""
        return self.table.pieces(self.throttle)


def write_tables(out: Outgoing, folder: Path) -> list[TableOnDisk]:
    """Write every table into a folder that is its owner's alone, and prove each by what lies there
    then (REL-03, REL-04, DID-12). Blocking; in the thread of the ledger that `out` reads.

    Raises:
        StepBlocked: what was written is not what it should be.
        UsageError: the folder cannot be written.
    """
    from transfer.clinical.outgoing.proof import prove
    from transfer.clinical.outgoing.writing import write_csv

    make_private_folder(folder)
    made = []
    try:
        for left in folder.glob(f"*{_PART}"):
            left.unlink(missing_ok=True)
        for table in out.tables:
            part = folder / f"{table.name}{_PART}"
            with open(part, "wb", opener=private_opener) as file:
                written = write_csv(out, table, file)
                file.flush()
                os.fsync(file.fileno())
            with open(part, "rb") as file:
                prove(out, table, file)
            path = folder / table.name
            part.replace(path)
            made.append(
                TableOnDisk(
                    table.name,
                    path,
                    written.rows,
                    written.sha256,
                    written.md5,
                    written.size_bytes,
                )
            )
        sync_folder(folder)
    except OSError as error:
        raise UsageError(
            "The clinical table as it leaves cannot be written:"
            f" {error.strerror or 'it is not known why'}.",
            "Free some space on the disk that holds the transfer, or see to its permissions, then"
            " send again.",
        ) from error
    return made


def forget_tables_on_disk(folder: Path) -> None:
    """Take the files away: they are made anew whenever they are needed."""
    left = [*folder.glob("*.csv"), *folder.glob(f"*{_PART}")]
    for path in left:
        path.unlink(missing_ok=True)
    if left:
        sync_folder(folder)


def digest_of_file(path: Path) -> str:
    """SHA-256 of what lies there; empty where nothing can be read, or it is a link."""
    digest = hashlib.sha256()
    try:
        if path.is_symlink():
            return ""
        for piece in _stretches(path):
            digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def _stretches(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _changed() -> SourceChanged:
    return SourceChanged(
        "The clinical table on its way out was changed by somebody, or is gone; it was not sent.",
        "Send again: it is made anew.",
    )
