"""The file of the secret store: its owner's alone, whole at every moment.

`secrets/secrets.json` below the home; folder 0700, file 0600. A file that anybody else could have
read or written is not used. Everything is opened by the folder's descriptor and never through a
link, so that nobody who may write beside it can put another in its place.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from transfer.errors import UsageError
from transfer.workspace import sync_folder

_NAME = "secrets.json"
_DRAFT = ".secrets-"
_LARGEST_BYTES = 1 << 20
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class SecretFile:
    """Names and values in one file. Safe between threads and processes."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "secrets"

    def read(self) -> dict[str, str]:
        """Everything in it; empty when there is none.

        Raises:
            UsageError: others could have read it, or it is damaged.
        """
        try:
            folder = self._open_folder()
        except FileNotFoundError:
            return {}
        except OSError:
            raise _unreadable() from None
        try:
            return self._read(folder)
        finally:
            os.close(folder)

    def change(self, name: str, value: str | None) -> None:
        """Set one secret, or with None forget it; after a crash the old or the new one stands.

        Raises:
            UsageError: it cannot be written; what stood there stands.
        """
        if value is None and not self._folder.is_dir():
            return
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_folder(self._folder.parent)
            folder = self._open_folder()
            try:
                os.fchmod(folder, 0o700)
                with _locked(folder):
                    _forget_drafts(folder)
                    content = self._read(folder)
                    if content.get(name) == value:
                        return
                    if value is None:
                        del content[name]
                    else:
                        content[name] = value
                    _replace(folder, content)
            finally:
                os.close(folder)
        except OSError as cause:
            raise _unwritable(cause) from cause

    def _open_folder(self) -> int:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        facts = os.fstat(folder)
        if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o022:
            os.close(folder)
            raise UsageError(
                "The folder with the secrets could be written to by others, so it is not used.",
                f"Make it yours alone: chmod 700 {self._folder}; then change what is in it.",
            )
        return folder

    def _read(self, folder: int) -> dict[str, str]:
        try:
            descriptor = os.open(_NAME, _READING, dir_fd=folder)
        except FileNotFoundError:
            return {}
        except OSError:
            raise _unreadable() from None
        with open(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise _unreadable()
            if stat.S_IMODE(facts.st_mode) & 0o077 or facts.st_uid != os.geteuid():
                raise UsageError(
                    "The file with the secrets could be read by others, so it is not used.",
                    f"Make it yours alone: chmod 600 {self._folder / _NAME}; then change what is"
                    " in it.",
                )
            try:
                content = json.loads(file.read(_LARGEST_BYTES))
            except (ValueError, RecursionError):
                # Without the cause: it would carry the file's text, secrets and all.
                raise _unreadable() from None
        if not isinstance(content, dict):
            raise _unreadable()
        return {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, str)}


def _forget_drafts(folder: int) -> None:
    """What a process that was killed left of its secrets would outlive their being forgotten."""
    for name in os.listdir(folder):
        if name.startswith(_DRAFT):
            os.unlink(name, dir_fd=folder)


def _replace(folder: int, content: dict[str, str]) -> None:
    temporary = f"{_DRAFT}{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            # Whatever the umask.
            os.fchmod(file.fileno(), 0o600)
            json.dump(content, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, _NAME, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


@contextlib.contextmanager
def _locked(folder: int) -> Iterator[None]:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open("lock", flags, 0o600, dir_fd=folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unreadable() -> UsageError:
    return UsageError(
        "The file with the secrets cannot be read.",
        "Delete secrets/secrets.json in the program's home and sign in again.",
    )


def _unwritable(cause: OSError) -> UsageError:
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return UsageError(
            "The secret cannot be stored: the disk that holds the home folder is full.",
            "Free some space there and try again; what was stored before is still there.",
        )
    return UsageError(
        "The secret cannot be stored: the home folder cannot be written to.",
        "Give the home folder to this user, or name another in EUCAIM_TRANSFER_HOME.",
    )
