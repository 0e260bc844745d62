"""The members of a tar that is not compressed, header by header (POSIX.1-2017, pax; GNU tar).

Nothing is read but headers; a tar of any size costs one short read a member.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Final

from transfer.members import MEMBER_LIMIT_BYTES, Member, Packing
from transfer.scan.listing import Listed, damaged
from transfer.scan.reasons import Reason

_BLOCK: Final = 512
_EMPTY: Final = bytes(_BLOCK)
# What stands before a member's own header: its long name, mostly.
_EXTENDED_LIMIT_BYTES: Final = 1024 * 1024
_EXTENDED_IN_A_ROW: Final = 16
# An end mark, and what pads a tape's last record. Behind it another tar may follow.
_PADDING_LIMIT_BYTES: Final = 64 * 1024 * 1024
_PADDING_READ: Final = 1024 * 1024

_FILES: Final = (b"0", b"\0", b"7")
_FOLDERS: Final = (b"5",)
_SPECIAL: Final = (b"1", b"2", b"3", b"4", b"6")
_LABELS: Final = (b"V",)
_DUMPED_FOLDER: Final = b"D"
_SPARSE: Final = b"S"
_CONTINUED: Final = b"M"
_PAX: Final = (b"x", b"X", b"g")
_LONG_NAME: Final = b"L"
_LONG_LINK: Final = (b"K", b"N")


def is_tar_header(block: bytes) -> bool:
    """Whether these 512 bytes are a header, of whatever age, by their checksum."""
    if len(block) != _BLOCK or block == _EMPTY:
        return False
    told = _octal(block[148:156])
    blank = block[:148] + b" " * 8 + block[156:]
    # Some programs of old added up signed characters.
    signed = sum(blank) - 256 * sum(byte > 127 for byte in blank)
    return told is not None and told in (sum(blank), signed)


def tar_members(fd: int, size_bytes: int) -> Iterator[Listed]:
    """Every file in the order in which they lie, folders aside.

    Raises:
        ArchiveRefused: from here on it cannot be read.
        OSError: the disk.
    """
    at, told, in_a_row = 0, dict[str, bytes](), 0
    while True:
        block = os.pread(fd, _BLOCK, at)
        if block == _EMPTY:
            at = _behind_the_end(fd, at, size_bytes)
            if at >= size_bytes:
                return
            continue
        if not is_tar_header(block):
            raise damaged()
        kind, length = block[156:157], _number(block[124:136])
        at += _BLOCK
        if kind in (*_PAX, _LONG_NAME, *_LONG_LINK):
            in_a_row += 1
            if length > _EXTENDED_LIMIT_BYTES or in_a_row > _EXTENDED_IN_A_ROW:
                raise damaged()
            told |= _extended(kind, os.pread(fd, length, at))
            at += _whole(length)
            continue
        if kind == _SPARSE:
            at = _behind_map(fd, at, block)
        length = _told_length(told, length)
        name = told.get("GNU.sparse.name") or told.get("path") or _name(block)
        has_data = kind not in (*_SPECIAL, *_FOLDERS, *_LABELS)
        length = length if has_data else 0
        is_cut = at + length > size_bytes
        if not _is_folder(kind, name, length):
            refusal = _refusal(kind, told, length, is_cut=is_cut)
            yield _listed(at, min(length, max(size_bytes - at, 0)), name, refusal)
        if is_cut:
            raise damaged()
        at += _whole(length)
        told, in_a_row = {}, 0


def _listed(at: int, length: int, name: bytes, refusal: Reason | None) -> Listed:
    packing = Packing.CLOSED if refusal else Packing.TAR
    return Listed(Member(packing, at, length, length, 0, name), refusal)


def _refusal(kind: bytes, told: Mapping[str, bytes], length: int, *, is_cut: bool) -> Reason | None:
    if kind in _SPECIAL:
        return Reason.ARCHIVED_SPECIAL
    if kind in (_SPARSE, _CONTINUED) or any(key.startswith("GNU.sparse.") for key in told):
        return Reason.ARCHIVED_PACKING
    if is_cut:
        return Reason.ARCHIVED_DAMAGED
    if length > MEMBER_LIMIT_BYTES:
        return Reason.ARCHIVED_TOO_LARGE
    return None


def _is_folder(kind: bytes, name: bytes, length: int) -> bool:
    is_old_folder = kind in _FILES and name.endswith(b"/") and not length
    return kind in (*_FOLDERS, *_LABELS, _DUMPED_FOLDER) or is_old_folder


def _name(block: bytes) -> bytes:
    name, prefix = block[:100].split(b"\0")[0], block[345:500].split(b"\0")[0]
    # GNU's own headers keep times where POSIX keeps the beginning of a long name.
    return prefix + b"/" + name if prefix and block[257:263] == b"ustar\0" else name


def _extended(kind: bytes, content: bytes) -> dict[str, bytes]:
    """What an extended header says of the member behind it."""
    if kind == _LONG_NAME:
        return {"path": content.rstrip(b"\0")}
    if kind in _LONG_LINK:
        return {}
    told, at = dict[str, bytes](), 0
    while at < len(content):
        digits = content[at : at + 8].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        record = content[at + len(digits) + 1 : at + length]
        key, mark, value = record.partition(b"=")
        if not 0 < length <= len(content) - at or not mark or not value.endswith(b"\n"):
            raise damaged()
        told[key.decode("utf-8", "replace")] = value[:-1]
        at += length
    # What a global header says holds for every member: of each it would be the same name.
    return {} if kind == b"g" else told


def _told_length(told: Mapping[str, bytes], length: int) -> int:
    size = told.get("size")
    if size is None:
        return length
    if not size.isdigit() or len(size) > 18:
        raise damaged()
    return int(size)


def _behind_map(fd: int, at: int, block: bytes) -> int:
    """Behind the blocks that say where the parts of a sparse file lie (GNU tar, sparse 0)."""
    more = block[482]
    while more:
        page = os.pread(fd, _BLOCK, at)
        if len(page) < _BLOCK:
            raise damaged()
        at, more = at + _BLOCK, page[504]
    return at


def _behind_the_end(fd: int, at: int, size_bytes: int) -> int:
    """Where the zeros end: at the end of the file, or where another tar was put behind."""
    limit = at + _PADDING_LIMIT_BYTES
    while at < size_bytes:
        piece = os.pread(fd, _PADDING_READ, at)
        rest = piece.lstrip(b"\0")
        if rest:
            return at + (len(piece) - len(rest)) // _BLOCK * _BLOCK
        at += len(piece)
        if not piece or at > limit:
            raise damaged()
    return at


def _whole(length: int) -> int:
    return -(-length // _BLOCK) * _BLOCK


def _octal(field: bytes) -> int | None:
    digits = field.strip(b" \0")
    try:
        return int(digits or b"0", 8)
    except ValueError:
        return None


def _number(field: bytes) -> int:
    """A length: octal digits, or where they do not suffice a binary number (GNU tar, star)."""
    found = int.from_bytes(field[1:], "big") if field[0] == 0x80 else _octal(field)
    if found is None or not 0 <= found < 1 << 62:
        raise damaged()
    return found
