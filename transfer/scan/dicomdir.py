"""A DICOMDIR as a hint: how many files it names, and how many of those are not in the source.

Nothing else is believed of it. What it names is looked for by the names of the files beside and
below it, whatever their case: discs are copied in either.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Final, Literal

from transfer.ledger.connection import Ledger
from transfer.ledger.directories import (
    Directory,
    directories_to_read,
    files_beside,
    is_counted,
    record_count,
    record_directory,
)
from transfer.members import split_member
from transfer.opening import open_in_place
from transfer.scan.elements import Encoding
from transfer.scan.part10 import FrameUnreadable, NotDicom, encoding_of, read_frame
from transfer.scan.source import FileSource, TooMuch

# A disc of a hundred thousand images has an index of fifty megabytes.
_READ_LIMIT_BYTES: Final = 256 * 1024 * 1024
_NAMES_LIMIT: Final = 500_000
_PIECE_BYTES: Final = 1024 * 1024
# Referenced File ID (0004,1500): up to eight components of sixteen characters (PS3.3 F.3.2.2).
_VALUE_BYTES: Final = 256
_KNOWN_ENDS: Final = (b";1", b".")

# The element as it stands in the three encodings: its tag, VR CS, length; or before that, in the
# same record, Record In-use Flag (0004,1410), which is 0 of one that was deleted. What looks like
# either by chance, in a picture perhaps, is one in a thousand million.
_ELEMENTS: Final = {
    Encoding(is_implicit=False, is_little=True): re.compile(
        rb"\x04\x00\x00\x15CS(..)|\x04\x00\x10\x14US\x02\x00(..)", re.DOTALL
    ),
    Encoding(is_implicit=False, is_little=False): re.compile(
        rb"\x00\x04\x15\x00CS(..)|\x00\x04\x14\x10US\x00\x02(..)", re.DOTALL
    ),
    Encoding(is_implicit=True, is_little=True): re.compile(
        rb"\x04\x00\x00\x15(....)|\x04\x00\x10\x14\x02\x00\x00\x00(..)", re.DOTALL
    ),
}
_NAME: Final = re.compile(rb"[^\x00-\x1f\x7f]+")


class IndexUnreadable(Exception):
    """The index cannot be read, or is larger than any disc's."""


def count_absent(ledger: Ledger, source: bytes, pulse: Callable[[], None]) -> None:
    """Record of every DICOMDIR how many files it names and how many are not there, unless nothing
    came or went since. Blocking; may be interrupted anywhere and repeated. What `pulse` raises
    ends it.

    An index that cannot be read tells nothing: it is no more than a hint.
    """
    last = 0
    if is_counted(ledger):
        return
    while directories := directories_to_read(ledger, last):
        for directory in directories:
            pulse()
            last = directory.row
            try:
                named = referenced_files(os.path.join(source, directory.path))
            except (IndexUnreadable, OSError):
                named = set()
            absent = set(named)
            if absent:
                for path in files_beside(ledger, directory):
                    absent.discard(_relative(path, directory))
                    if not absent:
                        break
            record_directory(ledger, directory, len(named), len(absent))
    record_count(ledger)


def referenced_files(path: bytes) -> set[bytes]:
    """What a DICOMDIR names, in lower case, with slashes, without what discs put behind a name.

    Raises:
        IndexUnreadable: it is no index that can be read.
        OSError: the disk.
    """
    found: set[bytes] = set()
    with open_in_place(path) as opened:
        source = FileSource(opened.fd, opened.size_bytes, base=opened.base)
        try:
            frame = read_frame(source)
            encoding = encoding_of(source, frame.body_at, frame.transfer_syntax)
        except (NotDicom, FrameUnreadable, TooMuch):
            raise IndexUnreadable from None
        if opened.size_bytes > _READ_LIMIT_BYTES:
            raise IndexUnreadable
        whole = FileSource(opened.fd, opened.size_bytes, 2 * _READ_LIMIT_BYTES, opened.base)
        for name in _names(whole, encoding):
            found.add(name)
            if len(found) > _NAMES_LIMIT:
                raise IndexUnreadable
    return found


def _names(source: FileSource, encoding: Encoding) -> Iterator[bytes]:
    element = _ELEMENTS[encoding]
    order: Literal["little", "big"] = "little" if encoding.is_little else "big"
    at, is_in_use = 0, True
    while at < source.size_bytes:
        piece = source.glance(at, _PIECE_BYTES + _VALUE_BYTES)
        for found in element.finditer(piece):
            if found.start() >= _PIECE_BYTES:
                break
            if found.group(2) is not None:
                is_in_use = found.group(2) != b"\0\0"
                continue
            length = int.from_bytes(found.group(1), order)
            value = piece[found.end() : found.end() + length].rstrip(b" \0")
            if is_in_use and 0 < length < _VALUE_BYTES and _NAME.fullmatch(value):
                yield _plain_name(value.replace(b"\\", b"/"))
        at += _PIECE_BYTES


def _relative(path: bytes, directory: Directory) -> bytes:
    """Name of a file as seen from the folder of the index."""
    return _plain_name(_name(path)[len(os.path.dirname(_name(directory.path))) :])


def _name(path: bytes) -> bytes:
    """A path, or that of a member in its archive."""
    member = split_member(path)[1]
    return path if member is None else member.name


def _plain_name(name: bytes) -> bytes:
    name = name.lower().strip(b"/")
    for end in _KNOWN_ENDS:
        name = name.removesuffix(end)
    return name
