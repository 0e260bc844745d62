"""Folder tree to file rows: every entry ends up in the ledger, whatever it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple


class Entry(NamedTuple):
    """One thing met on the walk. `path` is relative to the source, as the file system spells it.

    `refusal` is empty for a regular file, else the reason code why it will never be read.
    """

    path: bytes
    size_bytes: int
    mtime_ns: int
    refusal: str = ""


def walk(source: bytes) -> Iterator[Entry]:
    """Every file below `source`, streaming; links to folders are followed once.

    Never raises for anything that lies below the source: what cannot be read is an entry with
    its refusal. Memory grows with the depth and the number of folders, not of files.
    """
    seen: set[tuple[int, int]] = set()
    pending = [b""]
    while pending:
        folder = pending.pop()
        where = os.path.join(source, folder)
        try:
            status = os.stat(where)
            identity = (status.st_dev, status.st_ino)
            if identity in seen:
                yield Entry(folder, 0, 0, "folder-linked-twice")
                continue
            seen.add(identity)
            below = folder + b"/" if folder else b""
            with os.scandir(where) as entries:
                for entry in entries:
                    path = below + entry.name
                    # One link that leads nowhere must not cost the rest of its folder.
                    try:
                        is_folder = entry.is_dir()
                    except OSError:
                        yield Entry(path, 0, 0, _unreadable(entry))
                        continue
                    if is_folder:
                        pending.append(path)
                    else:
                        yield _file(entry, path)
        except OSError:
            yield Entry(folder, 0, 0, "unreadable-folder")


def _file(entry: os.DirEntry[bytes], path: bytes) -> Entry:
    try:
        status = entry.stat()
    except OSError:
        return Entry(path, 0, 0, _unreadable(entry))
    if not stat.S_ISREG(status.st_mode):
        return Entry(path, 0, 0, "special-file")
    return Entry(path, status.st_size, status.st_mtime_ns)


def _unreadable(entry: os.DirEntry[bytes]) -> str:
    return "broken-link" if entry.is_symlink() else "unreadable-file"
