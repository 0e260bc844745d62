"""The cohort's key at the end of retention: removed with the last transfer that it made
pseudonyms for. With it goes the way from a Patient ID to its pseudonym, and back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transfer.deid.keys.cohort import cohort_of
from transfer.deid.keys.keyring import key_path, keys_folder
from transfer.deid.keys.register import Entry, read_entries, register, write_entries
from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.retention import KeyFate, read_retention
from transfer.private import sync_folder
from transfer.workspace import Home


@dataclass(frozen=True, slots=True)
class Keys:
    """What became of the key. `needed_by`: transfers for which it is kept."""

    fate: KeyFate
    needed_by: tuple[str, ...] = ()


def remove_key(home: Home, name: str, ledger: Ledger) -> Keys:
    """Remove the key of a transfer's cohort, and earlier ones of it, unless another transfer needs
    it. May be killed and repeated.

    Raises:
        UsageError: the register or a key cannot be read or removed.
    """
    marks = _marks(ledger)
    if not keys_folder(home).is_dir():
        return Keys("none" if not marks else "removed")
    cohort = cohort_of(read_order(ledger))
    with register(home) as path:
        entries = read_entries(home)
        own = next((entry for entry in entries if entry.cohort == cohort), None)
        marks |= _marks_of(own) if own else set()
        if not marks:
            return Keys("none")
        needed_by = tuple(
            other for other in home.names() if other != name and _needs(home, other, own, marks)
        )
        if needed_by:
            return Keys("kept", needed_by)
        others = [entry for entry in entries if entry is not own]
        shared = set().union(*map(_marks_of, others)) if others else set()
        # The register names them until they are gone: a removal that was killed finds them again.
        _remove(home, sorted(marks - shared))
        write_entries(path, others)
        return Keys("kept" if marks & shared else "removed")


def any_key(home: Home) -> bool:
    """Whether some key lies in this home."""
    return any(keys_folder(home).glob("*.key"))


def _marks(ledger: Ledger) -> set[str]:
    """Fingerprints of the keys that the ledger says were used."""
    return {
        str(mark)
        for (mark,) in ledger.rows("SELECT DISTINCT key_fingerprint FROM deid_run")
        if mark
    }


def _marks_of(entry: Entry) -> set[str]:
    return {entry.fingerprint, *(change.fingerprint for change in entry.earlier)}


def _needs(home: Home, name: str, own: Entry | None, marks: set[str]) -> bool:
    """One that cannot be read may need it."""
    try:
        with Ledger.open(home.workspace(name).ledger, read_only=True) as ledger:
            if read_retention(ledger).is_done:
                return False
            is_of_cohort = own is not None and cohort_of(read_order(ledger)) == own.cohort
            return is_of_cohort or bool(_marks(ledger) & marks)
    except TransferError:
        return True


def _remove(home: Home, marks: Sequence[str]) -> None:
    try:
        for mark in marks:
            _overwrite(key_path(home, mark))
        sync_folder(keys_folder(home))
    except OSError as error:
        raise UsageError(
            f"The key of this cohort cannot be removed: {error.strerror}.",
            "Give the folder keys/ of the home to this account, then purge again: it goes on.",
        ) from error


def _overwrite(path: Path) -> None:
    """As far as a file system lets anybody: many keep what was there before elsewhere."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.write(descriptor, bytes(os.fstat(descriptor).st_size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink(missing_ok=True)
