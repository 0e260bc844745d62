"""Two files that claim the same SOP Instance UID: in what they differ."""

from __future__ import annotations

import os
from typing import Final

from transfer.opening import Opened, open_source
from transfer.scan.part10 import Frame, FrameUnreadable, NotDicom, read_frame
from transfer.scan.reasons import Twin
from transfer.scan.source import FileSource, TooMuch

_PIECE_BYTES: Final = 256 * 1024
_IMPLEMENTATION: Final = 0x00020012
_VERSION: Final = 0x00020013


def how_they_differ(one: bytes, other: bytes) -> tuple[str, ...]:
    """Reasons for the other being a duplicate of the one, the first of them whether their bytes
    are the same. A file that cannot be read now is taken for different."""
    try:
        with open_source(one) as first, open_source(other) as second:
            if _are_equal(first, second):
                return (Twin.IDENTICAL,)
            frames = _frame(first), _frame(second)
    except OSError:
        return (Twin.OTHER_CONTENT,)
    return (Twin.OTHER_CONTENT, *_told_apart(*frames))


def _are_equal(one: Opened, other: Opened) -> bool:
    if one.size_bytes != other.size_bytes:
        return False
    at = 0
    while piece := os.pread(one.fd, _PIECE_BYTES, at):
        if piece != os.pread(other.fd, _PIECE_BYTES, at):
            return False
        at += len(piece)
    return True


def _frame(opened: Opened) -> Frame:
    try:
        return read_frame(FileSource(opened.fd, opened.size_bytes))
    except (NotDicom, FrameUnreadable, TooMuch):
        return Frame(0, has_preamble=False)


def _told_apart(one: Frame, other: Frame) -> tuple[str, ...]:
    """Another transfer syntax explains more than another tool, which most conversions are too."""
    syntaxes = {one.transfer_syntax, other.transfer_syntax}
    if len(syntaxes) == 2 and "" not in syntaxes:
        return (Twin.OTHER_SYNTAX,)
    if any(one.uid(tag) != other.uid(tag) for tag in (_IMPLEMENTATION, _VERSION)):
        return (Twin.OTHER_TOOL,)
    return ()
