"""The last good state of a ledger: one copy beside it, looked through before it takes the place of
the one before.

It is made when a step ends, never by the minute. Of a large ledger, whose copy takes minutes, it is
made only where that costs no more than a twentieth of the time since the last one; a disk that has
no room for it costs the copy, and never the transfer.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from transfer import checkpoint
from transfer.errors import LedgerDamaged, RunnerHeld
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import read_retention
from transfer.ledger.soundness import SMALL_BYTES, GivenUp, is_whole, not_whole
from transfer.private import held_alone, sync_folder

BACKUP: Final = "ledger.backup.sqlite"
"""The copy, in the folder of the transfer."""

_DRAFT: Final = "ledger.backup.part"
_SPARE_BYTES: Final = 64 * 1024 * 1024
_LOCK: Final = "backup.lock"
_BUSY: Final = RunnerHeld("The ledger is being copied.", "Nothing to do.")
_PAGES: Final = 4096
_BYTES_PER_S: Final = 25 * 1024 * 1024
_SHARE: Final = 20
_NO_ROOM: Final = "backup-no-room"
_DISK: Final = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")


class Kept(StrEnum):
    """What became of a copy."""

    MADE = "made"
    NOT_DUE = "not-due"
    NO_ROOM = "no-room"
    STOPPED = "stopped"
    ENDED = "ended"


def backup_of(ledger: Path) -> Path:
    """Where the copy of this ledger lies."""
    return ledger.with_name(BACKUP)


def keep_backup(
    ledger: Ledger, *, is_wanted: bool = False, should_stop: Callable[[], bool] = bool
) -> Kept:
    """Keep the ledger as it is at this moment as its last good state. The former copy stays where
    this one cannot be made, is not due (`is_wanted`: it is), or `should_stop` says so. Nothing is
    copied of a transfer whose originals are removed.

    Needs a ledger open for writing. Whoever else makes a copy at this moment is left to it.

    Raises:
        LedgerDamaged: what was copied is not whole.
    """
    path = backup_of(ledger.path)
    if read_retention(ledger).is_begun:
        return Kept.ENDED
    size = ledger.number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    if not is_wanted and not _is_due(path, size):
        return Kept.NOT_DUE
    try:
        with held_alone(path.with_name(_LOCK), _BUSY):
            return _kept(ledger, path, size, should_stop)
    except RunnerHeld:
        return Kept.NOT_DUE
    except OSError:
        return _without_room(ledger)


def _kept(ledger: Ledger, path: Path, size: int, should_stop: Callable[[], bool]) -> Kept:
    draft = path.with_name(_DRAFT)
    _forget(draft)
    try:
        if not _has_room(path.parent, size):
            return _without_room(ledger)
        _copy(ledger, draft, should_stop)
        if not is_whole(draft, should_stop):
            raise not_whole(ledger.path)
        checkpoint.passed("backup-made")
        os.replace(draft, path)
        sync_folder(path.parent)
    except GivenUp:
        return Kept.STOPPED
    except LedgerDamaged as error:
        # A full or failing disk: what the transfer itself needs of it is told where it is needed.
        name = getattr(error.__cause__, "sqlite_errorname", "")
        if not name.startswith(_DISK):
            raise
        return _without_room(ledger)
    finally:
        _forget(draft)
    checkpoint.passed("backup-kept")
    return Kept.MADE


def remove_backup(folder: Path) -> None:
    """Remove the copy and what a killed process left of one."""
    _forget(folder / BACKUP)
    _forget(folder / _DRAFT)


def _copy(ledger: Ledger, draft: Path, should_stop: Callable[[], bool]) -> None:
    def look(_: int, __: int, ___: int) -> None:
        if should_stop():
            raise GivenUp

    ledger.copy_to(draft, pages=_PAGES, progress=look)


def _is_due(path: Path, size_bytes: int) -> bool:
    try:
        made = path.stat()
    except OSError:
        return True
    if size_bytes <= SMALL_BYTES:
        # Less than a second.
        return True
    since_s = time.time() - made.st_mtime
    return since_s < 0 or since_s > _SHARE * size_bytes / _BYTES_PER_S


def _has_room(folder: Path, size_bytes: int) -> bool:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize > size_bytes + _SPARE_BYTES


def _without_room(ledger: Ledger) -> Kept:
    """Said once in the history of a transfer."""
    if not ledger.number("SELECT 1 FROM setting WHERE name = ?", _NO_ROOM):
        with suppress(LedgerDamaged), ledger.transaction():
            ledger.write("INSERT OR REPLACE INTO setting VALUES (?, '1')", _NO_ROOM)
            ledger.record_event(
                "backup", "The disk of the home has no room for a copy of the ledger; none is kept."
            )
    return Kept.NO_ROOM


def _forget(path: Path) -> None:
    with suppress(OSError):
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink(missing_ok=True)


def is_backup_sound(path: Path) -> bool:
    """Whether the copy is there and whole."""
    return path.exists() and is_whole(path)


def open_as_it_lies(path: Path) -> sqlite3.Connection:
    """A copy, or a ledger that nobody else has open, to be read without its log."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True)
