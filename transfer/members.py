"""A member of an archive as a path: the archive's own, a NUL, and where in it the member lies.

No path of a file system holds a NUL, so that the two can be told apart anywhere, and
`os.path.join`, `basename` and `splitext` do on a member's path what they do on any other. The
name is a label for people: no file is ever looked for, or made, under it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MEMBER_LIMIT_BYTES: Final = 512 * 1024 * 1024
"""What a member may unpack to; it is held in memory while it is read."""

_NAME_LIMIT_BYTES: Final = 1024
_LOCATOR: Final = re.compile(
    rb"([0-9a-f]{16})-([sdtx])-([0-9a-f]{1,16})-([0-9a-f]{1,16})-([0-9a-f]{8})/(.*)", re.DOTALL
)
_BETWEEN: Final = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "


class Packing(StrEnum):
    """How a member lies in its archive: in a zip as it is or deflated, in a tar, or in a way that
    is not read."""

    STORED = "s"
    DEFLATED = "d"
    TAR = "t"
    CLOSED = "x"


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member lies. `offset` is that of its local header in a zip (APPNOTE.TXT 4.3.7), of
    its first byte in a tar; `crc32` is 0 in a tar, which has none."""

    packing: Packing
    offset: int
    packed_bytes: int
    size_bytes: int
    crc32: int = 0
    name: bytes = b""

    def path_in(self, archive: bytes) -> bytes:
        """The path of this member. Paths sort as the members lie in the archive, behind it."""
        locator = (
            f"{self.offset:016x}-{self.packing}-{self.packed_bytes:x}-{self.size_bytes:x}"
            f"-{self.crc32:08x}/"
        )
        return archive + b"\0" + locator.encode("ascii") + self.name[-_NAME_LIMIT_BYTES:]


def is_member(path: bytes) -> bool:
    """Whether a path is that of a member of an archive."""
    return b"\0" in path


def split_member(path: bytes) -> tuple[bytes, Member | None]:
    """The path of the file on disk, and of a member where in it.

    Raises:
        ValueError: there is a NUL in the path and no locator behind it.
    """
    archive, nul, locator = path.partition(b"\0")
    if not nul:
        return path, None
    found = _LOCATOR.fullmatch(locator)
    if found is None:
        raise ValueError("no locator of a member")
    offset, packing, packed, size, crc32, name = found.groups()
    return archive, Member(
        Packing(packing.decode("ascii")),
        int(offset, 16),
        int(packed, 16),
        int(size, 16),
        int(crc32, 16),
        name,
    )


def spelled(path: bytes) -> str:
    """A path for people and for JSON; of a member the archive, an angle mark, and its name.

    Not neutralised: what goes to a terminal passes `tui.text.plain`. Names that are no UTF-8 are
    spelled as DOS wrote them (code page 437, APPNOTE.TXT appendix D), for members alone.
    """
    archive, nul, locator = path.partition(b"\0")
    told = os.fsdecode(archive)
    if not nul:
        return told
    name = locator.partition(b"/")[2]
    try:
        label = name.decode("utf-8")
    except UnicodeDecodeError:
        label = name.decode("cp437")
    return f"{told}{_BETWEEN}{label}"
