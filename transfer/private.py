"""Files for their owner alone: read only if nobody else could, written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from transfer.errors import RunnerHeld, UsageError
from transfer.workspace import make_private_folder
from transfer.workspace import sync_folder as sync_folder

_DRAFT: Final = ".draft-"


def read_private(path: Path, what: str, largest_bytes: int) -> bytes:
    """The content of a file that holds a secret; `what` names it in refusals ("key file").

    Below `/dev` pipes are read too (`/dev/stdin`, `<(…)`): they are nobody else's.

    Raises:
        FileNotFoundError: there is none.
        UsageError: others could read it (DID-13), it is a link, too large, or unreadable.
    """
    is_device = path.parts[:2] == ("/", "dev")
    # A pipe put in the place of the file must not hold us up.
    flags = 0 if is_device else os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
        try:
            facts = os.fstat(descriptor)
            if stat.S_ISREG(facts.st_mode):
                _refuse_shared(facts, what, path)
            elif not (is_device and stat.S_ISFIFO(facts.st_mode)):
                raise _unreadable(what, "it is no file")
            content = _read(descriptor, largest_bytes + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(what, error.strerror or "input/output error") from error
    if len(content) > largest_bytes:
        raise UsageError(
            f"The {what} is far too large to be one.",
            "Check which file was named, or restore the right one from a backup.",
        )
    return content


def refuse_shared_folder(folder: Path, what: str) -> None:
    """Refuse a folder of secrets that other accounts can look into.

    Raises:
        UsageError: they can.
    """
    facts = folder.stat()
    if stat.S_IMODE(facts.st_mode) & 0o077 or facts.st_uid != os.geteuid():
        raise UsageError(
            f"The folder with the {what}s is open to other accounts.",
            f"Make it yours alone: chmod 700 {folder}; then think about who could have read it.",
        )


def replace_private(path: Path, content: bytes) -> None:
    """Put a file in place of the present one; after a power cut either of them is there whole.

    Raises:
        UsageError: the folder cannot be written to.
    """
    try:
        make_private_folder(path.parent)
        _forget_drafts(path.parent)
        descriptor, draft = _draft(path.parent)
        try:
            with open(descriptor, "wb") as file:
                _write(file, content)
                os.replace(draft, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable_home(error) from error


def _draft(folder: Path) -> tuple[int, str]:
    """A new file, locked as long as it is open, and its path."""
    while True:
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=_DRAFT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, draft
        # Somebody took it for left behind before it was locked.
        os.close(descriptor)


def _forget_drafts(folder: Path) -> None:
    """Remove what processes that were killed left: nobody holds its lock any more."""
    with os.scandir(folder) as entries:
        found = [entry.path for entry in entries if entry.name.startswith(_DRAFT)]
    for path in found:
        # Another account's, or gone by now.
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(descriptor)


def unwritable_home(error: OSError) -> UsageError:
    """What to say when nothing can be written below the home."""
    return UsageError(
        f"A file of the home folder cannot be written: {error.strerror}.",
        "Give the home folder to this account and see that its disk has space.",
    )


def create_private(path: Path, content: bytes) -> None:
    """Write a new file for its owner alone; one that is there already is left alone.

    Raises:
        UsageError: a file of that name exists, the folder cannot be written to, or its file
            system cannot keep a file from others.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(
            "The file to write exists already; nothing was written.",
            "Name another file, or move that one away first.",
        ) from None
    except OSError as error:
        raise _unwritable(error) from error
    try:
        with open(descriptor, "wb") as file:
            if os.fstat(descriptor).st_mode & 0o077:
                raise UsageError(
                    "That file system cannot keep a file from other accounts; nothing was written.",
                    "Name a file on a local disk.",
                )
            _write(file, content)
        sync_folder(path.absolute().parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(path)
        if isinstance(error, OSError):
            raise _unwritable(error) from error
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file: one process at a time reads, decides and writes."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held_alone(path: Path, busy: RunnerHeld) -> Iterator[int]:
    """Hold the lock file without waiting for it. Handed to a process that works for this one, its
    descriptor holds it until the last of them has ended.

    Raises:
        RunnerHeld: `busy`, where another process holds it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int, at_most: int) -> bytes:
    content = b""
    while len(content) < at_most and (piece := os.read(descriptor, at_most - len(content))):
        content += piece
    return content


def _write(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _refuse_shared(facts: os.stat_result, what: str, path: Path) -> None:
    if stat.S_IMODE(facts.st_mode) & 0o077 or facts.st_uid != os.geteuid():
        raise UsageError(
            f"The {what} can be read by other accounts, so it is not used.",
            f"Make it yours alone: chmod 600 {path}; then think about who could have read it.",
        )


def _unreadable(what: str, why: str) -> UsageError:
    return UsageError(
        f"The {what} cannot be read: {why}.",
        "Check that it is a file of this account (no link), or restore it from a backup.",
    )


def _unwritable(error: OSError) -> UsageError:
    return UsageError(
        f"The file cannot be written: {error.strerror}.",
        "Name a file in a folder on a local disk that you may write to.",
    )
