"""Keys and passphrases as they come in: from a file, standard input or the terminal, unseen.

Never from the command line, where every account of the machine could read them.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from transfer.errors import UsageError

_LARGEST_BYTES = 1 << 16


def read_passphrase_file(path: Path) -> str:
    """The passphrase in a file: its text without the end of the line.

    Raises:
        UsageError: there is none, or others can read the file.
    """
    text = _read_file(path, "file with the passphrase").decode("utf-8", "surrogateescape")
    passphrase = text.rstrip("\r\n")
    if not passphrase:
        raise UsageError("The file with the passphrase is empty.", "Write the passphrase into it.")
    return passphrase


def read_key(path: Path | None) -> bytes:
    """A key as it was given: from the file, else from standard input, else as it is typed.

    Raises:
        UsageError: the file cannot be read, or others can read it too.
    """
    if path is not None:
        return _read_file(path, "file with the key")
    if sys.stdin.isatty():
        return getpass.getpass("Key (33 characters; they are not shown): ").encode()
    return sys.stdin.buffer.read(_LARGEST_BYTES)


def ask_passphrase(what: str) -> str | None:
    """The present passphrase, typed; None where there is no terminal to ask at."""
    return getpass.getpass(f"Passphrase of {what}: ") if sys.stdin.isatty() else None


def new_passphrase(what: str, path: Path | None) -> str:
    """A passphrase for something that is locked now: from the file, else typed twice.

    Raises:
        UsageError: there is no terminal to ask at, or it was not typed the same twice.
    """
    if path is not None:
        return read_passphrase_file(path)
    first = ask_passphrase(f"{what}, a new one")
    if first is None:
        raise UsageError(
            f"A passphrase for {what} is needed, and there is no terminal to ask for it.",
            "Write it into a file of mode 0600 and name that with --secret-file.",
        )
    if ask_passphrase(f"{what}, once more") != first:
        raise UsageError("The two passphrases are not the same.", "Nothing was done; try again.")
    return first


def _read_file(path: Path, what: str) -> bytes:
    from transfer.private import read_private

    try:
        return read_private(path, what, _LARGEST_BYTES)
    except FileNotFoundError:
        raise UsageError(f"The {what} does not exist.", "Check the name of the file.") from None
