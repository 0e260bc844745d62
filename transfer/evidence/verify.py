"""Whether a copy of a report is the report to the last byte, by the digest kept elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from transfer.errors import UsageError
from transfer.evidence.manifest import (
    LARGEST_BYTES,
    MANIFEST,
    digest_of_file,
    digest_of_folder,
    read_manifest,
)

What = Literal["changed", "missing", "added", "no file"]
_DEEPEST: Final = 1
_NAMED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a folder is not the report. `name` is untrusted text. `no file`: a link, a
    pipe or the like stands there, which is not looked into."""

    name: str
    what: What


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found. `digest` is that of the folder as it lies there; `files` how many the
    manifest lists. The report is as it was made where there is no difference."""

    digest: str
    files: int
    differences: tuple[Difference, ...]

    @property
    def is_whole(self) -> bool:
        return not self.differences


def verify_report(folder: Path, digest: str) -> Verified:
    """Compare a folder with the digest that was noted when it was made.

    Modes and times do not count, nor that a file has further names elsewhere (hard links). A file
    that came to be there is a difference, whoever made it.

    Raises:
        UsageError: the folder or something in it cannot be read, or it is no report at all.
    """
    try:
        return _verify(folder, digest)
    except OSError as error:
        raise UsageError(
            f"The report cannot be read: {error.strerror or 'input/output error'}.",
            "Name the folder of a report, and see that this account may read all of it.",
        ) from error


def _verify(folder: Path, digest: str) -> Verified:
    there = dict(_walk(folder))
    if MANIFEST not in there:
        if not folder.is_dir():
            raise NotADirectoryError(20, "it is no folder")
        return Verified("", 0, (Difference(MANIFEST, "missing"), *_added(there, {})))
    if not there[MANIFEST]:
        return Verified("", 0, (Difference(MANIFEST, "no file"),))
    content = _manifest(folder)
    own = digest_of_folder(content)
    found: list[Difference] = []
    listed = read_manifest(content) if len(content) <= LARGEST_BYTES else None
    if own != digest or listed is None:
        found.append(Difference(MANIFEST, "changed"))
    listed = listed or {}
    for name, sha256 in listed.items():
        if name not in there:
            found.append(Difference(name, "missing"))
        elif not there[name]:
            found.append(Difference(name, "no file"))
        elif digest_of_file(folder / name) != sha256:
            found.append(Difference(name, "changed"))
    found += _added(there, listed)
    return Verified(own, len(listed), tuple(sorted(found, key=lambda d: (d.name, d.what))))


def _added(there: dict[str, bool], listed: dict[str, str]) -> list[Difference]:
    folders = {name.rpartition("/")[0] + "/" for name in listed if "/" in name}
    known = {*listed, *folders, MANIFEST}
    return [Difference(name, "added") for name in there if name not in known][:_NAMED]


def _walk(folder: Path, before: str = "") -> Iterator[tuple[str, bool]]:
    """Names below the folder and whether a regular file stands there; those of folders end with a
    slash. Deeper than a report is nobody needs to look: the folder itself is one too many."""
    with os.scandir(folder / before) as entries:
        for entry in entries:
            name = f"{before}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield f"{name}/", False
                if before.count("/") < _DEEPEST:
                    yield from _walk(folder, f"{name}/")
            else:
                yield name, stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)


def _manifest(folder: Path) -> bytes:
    descriptor = os.open(
        folder / MANIFEST, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    )
    with open(descriptor, "rb") as file:
        return file.read(LARGEST_BYTES + 1)
