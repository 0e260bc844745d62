"""What a machine has run out of, as the operator's refusal: no fault of the program or the data."""

from __future__ import annotations

import errno
from typing import Final

from transfer.errors import UsageError

_AGAIN: Final = "then do the same again; nothing is lost."
_FILES: Final = (
    "The machine lets this program open no more files.",
    f"End other programs of this account, or raise its limit (ulimit -n); {_AGAIN}",
)
NO_MEMORY: Final = (
    "The machine has no memory left for this program.",
    f"End other programs, or raise the limit that is set on its memory; {_AGAIN}",
)
_PROCESSES: Final = (
    "The machine lets this account start no more processes.",
    f"End other programs of this account, or raise its limit (ulimit -u); {_AGAIN}",
)
_SPACE: Final = (
    "A disk that is written to is full, or its quota is used up.",
    f"Free some space there; {_AGAIN}",
)
_READ_ONLY: Final = (
    "A disk that is to be written to is read-only at this moment.",
    f"Have it checked and mounted for writing; {_AGAIN}",
)
_TOLD: Final = {
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: NO_MEMORY,
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EROFS: _READ_ONLY,
}
# The dynamic loader's words (glibc, elf/dl-load.c), in the ImportError of whatever it was to load.
_NOT_LOADED: Final = ("failed to map segment", "Cannot allocate memory", "cannot allocate memory")
_OF_READING: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def lacking(error: BaseException) -> UsageError | None:
    """The refusal for an error that the machine is to blame for; None for any other."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MemoryError) or _is_not_loaded(error):
        return UsageError(*NO_MEMORY)
    # CPython's own words (Modules/_threadmodule.c); it has no class for this.
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return UsageError(*_PROCESSES)
    told = _TOLD.get(error.errno or 0) if isinstance(error, OSError) else None
    return UsageError(*told) if told else None


def _is_not_loaded(error: BaseException) -> bool:
    """Whether a library found no room in memory; others wrap its ImportError in one of theirs."""
    current: BaseException | None = error
    while isinstance(current, ImportError):
        if any(words in str(current) for words in _NOT_LOADED):
            return True
        current = current.__cause__ or current.__context__
    return isinstance(current, MemoryError)


def lacking_to_read(error: BaseException) -> UsageError | None:
    """The same for a file that could not be read: only what says nothing about that file."""
    is_other = isinstance(error, OSError) and error.errno not in _OF_READING
    return None if is_other else lacking(error)
