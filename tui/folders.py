"""Looking into folders for the operator who chooses one. Everything here blocks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folder:
    """One look into a folder: its subfolders by name, a page of them, and what else is there.

    `wanted`: name and size of the files that were looked for, the first of them by name.
    """

    path: Path
    names: tuple[str, ...] = ()
    total: int = 0
    offset: int = 0
    files: int = 0
    is_cut: bool = False
    trouble: str = ""
    wanted: tuple[tuple[str, int], ...] = ()


PAGE = 200
_MOST = 50_000
# Whether a file is wanted may be asked of its content.
_MOST_ASKED = 5 * PAGE


def look_into(
    path: Path,
    offset: int = 0,
    *,
    suffixes: tuple[str, ...] = (),
    is_wanted: Callable[[Path], bool] = lambda _: True,
) -> Folder:
    """List a folder's subfolders, `PAGE` at a time, and its files that end so and are wanted, of
    the first 1,000 by name. Blocking; never raises for what it finds.

    At most 50,000 entries are read: a folder with more is said to be cut, since sorting all of
    it could take minutes on a share.
    """
    names: list[str] = []
    wanted: list[tuple[str, int]] = []
    files = seen = 0
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                seen += 1
                if seen > _MOST:
                    break
                if _is_folder(entry):
                    names.append(entry.name)
                else:
                    files += 1
                    if suffixes and entry.name.lower().endswith(suffixes):
                        wanted.append((entry.name, _size(entry)))
    except OSError as error:
        return Folder(path, trouble=_why(error))
    names.sort(key=str.casefold)
    page = tuple(names[offset : offset + PAGE])
    asked = sorted(wanted, key=lambda one: one[0].casefold())[:_MOST_ASKED]
    found = tuple(islice((one for one in asked if is_wanted(path / one[0])), PAGE))
    return Folder(path, page, len(names), offset, files, seen > _MOST, wanted=found)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "this account may not read it"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "there is no such folder"
    return "it cannot be read"


def complete(text: str, *, files: bool = False) -> str:
    """The path, completed by the first subfolder (or file, with `files`) that begins with what is
    typed. Blocking."""
    typed = os.path.expanduser(text)
    parent, start = os.path.split(typed)
    if not start or not os.path.isabs(parent):
        return ""
    found: list[str] = []
    try:
        with os.scandir(parent) as entries:
            for seen, entry in enumerate(entries):
                if seen > _MOST:
                    break
                if entry.name.startswith(start) and (files or _is_folder(entry)):
                    found.append(entry.name)
    except OSError:
        return ""
    return os.path.join(parent, min(found)) if found else ""
