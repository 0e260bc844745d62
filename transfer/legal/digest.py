"""The SHA-256 of a document: read in pieces, never copied, never kept."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from transfer.errors import UsageError

LARGEST_BYTES: Final = 1 << 30
_PIECE: Final = 1 << 20


class NoDocument(UsageError):
    """A document cannot be digested. `why` in a few words; its name stands nowhere."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The document cannot be taken: {why}.",
            "Name the signed document itself, a file that this account can read.",
        )
        self.why = why


def digest_document(path: Path, largest_bytes: int = LARGEST_BYTES) -> str:
    """The document's digest.

    Raises:
        NoDocument: it is no regular file, empty, too large, unreadable, or was written meanwhile.
    """
    try:
        # Opening a device can do something; a pipe would wait for ever.
        _refuse_unlike(path.stat(), largest_bytes)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with open(descriptor, "rb", buffering=0) as file:
            before = os.fstat(descriptor)
            _refuse_unlike(before, largest_bytes)
            found, read = hashlib.sha256(), 0
            while piece := file.read(_PIECE):
                found.update(piece)
                read += len(piece)
                if read > before.st_size:
                    break
            after = os.fstat(descriptor)
    except OSError as error:
        raise NoDocument(error.strerror or "input/output error") from error
    except ValueError as error:
        raise NoDocument("its name cannot be one") from error
    if read != before.st_size or (after.st_size, after.st_mtime_ns) != (
        before.st_size,
        before.st_mtime_ns,
    ):
        raise NoDocument("it is being written to")
    return found.hexdigest()


def _refuse_unlike(facts: os.stat_result, largest_bytes: int) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise NoDocument("it is no file")
    if not facts.st_size:
        raise NoDocument("it is empty")
    if facts.st_size > largest_bytes:
        raise NoDocument(f"it is larger than {largest_bytes >> 20:,} MiB")
