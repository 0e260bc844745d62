"""The members of a zip, by its central directory alone (APPNOTE.TXT 6.3.10).

The directory is gone through twice, a block at a time: once to see whether the archive can be
what it says, and once for its entries. Memory holds two numbers an entry in between.
"""

from __future__ import annotations

import os
import stat
import struct
from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from transfer.members import MEMBER_LIMIT_BYTES, Member, Packing
from transfer.scan.listing import ArchiveRefused, Listed, Pages, damaged
from transfer.scan.reasons import Reason

MEMBERS_LIMIT: Final = 1_000_000
# A whole archive of black images packs a thousandfold; tens of gigabytes of them are a bomb.
BOMB_BYTES: Final = 16 * 1024 * 1024 * 1024
BOMB_RATIO: Final = 200
# Deflate makes at most 258 bytes of two bits.
_DEFLATE_RATIO: Final = 1032

_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_COMMENT_LIMIT: Final = 0xFFFF
_LOCAL_BYTES: Final = 30
_FULL: Final = 0xFFFFFFFF

_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000
_PATCHED: Final = 0x0020
_AES: Final = 99
_UNIX: Final = 3
_DOS_FOLDER: Final = 0x10


class _Directory(NamedTuple):
    start: int
    end: int
    entries: int


class _Entry(NamedTuple):
    made_by: int
    flags: int
    method: int
    crc32: int
    packed_bytes: int
    size_bytes: int
    attributes: int
    offset: int
    name: bytes

    @property
    def mode(self) -> int:
        """Type of file as Unix has it; 0 where the zip was not made there."""
        return stat.S_IFMT(self.attributes >> 16) if self.made_by >> 8 == _UNIX else 0

    @property
    def is_folder(self) -> bool:
        says_so = self.name.endswith((b"/", b"\\")) or self.attributes & _DOS_FOLDER
        return bool(says_so or self.mode == stat.S_IFDIR) and not self.size_bytes


def zip_members(fd: int, size_bytes: int) -> Iterator[Listed]:
    """Every file that the directory names, folders aside, in its order.

    Raises:
        ArchiveRefused: nothing of it can be read.
        OSError: the disk.
    """
    directory = _find_directory(fd, size_bytes)
    _refuse_impossible(fd, directory)
    for entry in _entries(fd, directory):
        if not entry.is_folder:
            yield _listed(entry)


def _find_directory(fd: int, size_bytes: int) -> _Directory:
    """By the record at the end of the file (4.3.16), or its larger brother (4.3.14)."""
    tail_at = max(size_bytes - _COMMENT_LIMIT - _END.size, 0)
    tail = os.pread(fd, size_bytes - tail_at, tail_at)
    at = tail.rfind(b"PK\x05\x06", 0, max(len(tail) - _END.size, 0) + 4)
    if at < 0:
        raise damaged()
    _, disk, first_disk, here, entries, length, start, _ = _END.unpack_from(tail, at)
    end_at = tail_at + at
    if 0xFFFF in (disk, here, entries) or _FULL in (length, start):
        found = _find_large(fd, end_at)
        if found is not None:
            return found
    if disk or first_disk or here != entries:
        raise damaged()
    return _checked(_Directory(start, start + length, entries), end_at)


def _find_large(fd: int, end_at: int) -> _Directory | None:
    where = end_at - _LOCATOR_64.size
    locator = os.pread(fd, _LOCATOR_64.size, where) if where >= 0 else b""
    if not locator.startswith(b"PK\x06\x07"):
        return None
    _, _, at, disks = _LOCATOR_64.unpack(locator)
    # No zip is that long, and no number of the system's holds it.
    record = os.pread(fd, _END_64.size, at) if at < where else b""
    if disks > 1 or len(record) < _END_64.size or not record.startswith(b"PK\x06\x06"):
        raise damaged()
    *_, disk, first_disk, here, entries, length, start = _END_64.unpack(record)
    if disk or first_disk or here != entries:
        raise damaged()
    return _checked(_Directory(start, start + length, entries), at)


def _checked(directory: _Directory, before: int) -> _Directory:
    if directory.end > before or directory.entries * _ENTRY.size > directory.end - directory.start:
        raise damaged()
    return directory


def _refuse_impossible(fd: int, directory: _Directory) -> None:
    """Entries that lie over one another or outside, and more than anybody packs."""
    starts, ends, whole = array("Q"), array("Q"), 0
    for entry in _entries(fd, directory):
        starts.append(entry.offset)
        ends.append(entry.offset + _LOCAL_BYTES + entry.packed_bytes)
        whole += entry.size_bytes if _can_unpack(entry) else 0
    order = sorted(range(len(starts)), key=starts.__getitem__)
    reached = 0
    for row in order:
        if starts[row] < reached:
            raise ArchiveRefused(Reason.ARCHIVE_BOMB)
        reached = ends[row]
    if reached > directory.start:
        raise damaged()
    if whole > max(BOMB_BYTES, BOMB_RATIO * directory.end):
        raise ArchiveRefused(Reason.ARCHIVE_BOMB)


def _can_unpack(entry: _Entry) -> bool:
    return entry.size_bytes <= MEMBER_LIMIT_BYTES


def _entries(fd: int, directory: _Directory) -> Iterator[_Entry]:
    """Entry by entry to the end of the directory: a count of two bytes runs over."""
    pages, count = Pages(fd, directory.start, directory.end), 0
    while pages.left:
        (
            mark, made_by, _, flags, method, _, _, crc32, packed, size, name_bytes, extra_bytes,
            comment_bytes, _, _, attributes, offset,
        ) = _ENTRY.unpack(pages.take(_ENTRY.size))  # fmt: skip
        count += 1
        if mark != b"PK\x01\x02":
            raise damaged()
        if count > MEMBERS_LIMIT:
            raise ArchiveRefused(Reason.ARCHIVE_TOO_MANY)
        name = pages.take(name_bytes)
        extra = pages.take(extra_bytes)
        pages.take(comment_bytes)
        if _FULL in (packed, size, offset):
            size, packed, offset = _large(extra, size, packed, offset)
        yield _Entry(made_by, flags, method, crc32, packed, size, attributes, offset, name)
    if (count - directory.entries) % (1 << 16):
        raise damaged()


def _large(extra: bytes, *numbers: int) -> tuple[int, ...]:
    """The numbers of an entry, those that do not fit taken from its extra field (4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            wanted = sum(number == _FULL for number in numbers)
            if len(field) < 8 * wanted:
                raise damaged()
            large = iter(struct.unpack_from(f"<{wanted}Q", field))
            found = tuple(next(large) if number == _FULL else number for number in numbers)
            if max(found) >= 1 << 62:
                raise damaged()
            return found
        at += 4 + length
    return numbers


def _listed(entry: _Entry) -> Listed:
    refusal = _refusal(entry)
    packing = Packing.DEFLATED if entry.method else Packing.STORED
    member = Member(
        Packing.CLOSED if refusal else packing,
        entry.offset,
        entry.packed_bytes,
        entry.size_bytes,
        entry.crc32,
        entry.name,
    )
    return Listed(member, refusal)


def _refusal(entry: _Entry) -> Reason | None:
    if entry.flags & _ENCRYPTED or entry.method == _AES:
        return Reason.ARCHIVED_ENCRYPTED
    if entry.mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return Reason.ARCHIVED_SPECIAL
    if entry.method not in (0, 8) or entry.flags & _PATCHED:
        return Reason.ARCHIVED_PACKING
    if entry.size_bytes > MEMBER_LIMIT_BYTES:
        return Reason.ARCHIVED_TOO_LARGE
    if entry.method == 0 and entry.size_bytes != entry.packed_bytes:
        return Reason.ARCHIVED_DAMAGED
    if entry.method == 8 and entry.size_bytes > _DEFLATE_RATIO * entry.packed_bytes:
        return Reason.ARCHIVED_DAMAGED
    return None
