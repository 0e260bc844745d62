"""The one door through which every source file is opened, be it a file or a member of an archive.

A member is unpacked into memory that nobody else sees and that goes with its descriptor: nothing
is written to disk, and whoever reads a file by its descriptor reads a member the same way. What it
unpacks to is checked while it is unpacked, so that what could be opened is whole.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import zlib
from types import TracebackType
from typing import Final, Literal

from transfer.members import MEMBER_LIMIT_BYTES, Member, Packing, split_member

_PIECE_BYTES: Final = 1024 * 1024
_LOCAL_BYTES: Final = 30
_LOCAL_MARK: Final = b"PK\x03\x04"
_METHODS: Final = {Packing.STORED: 0, Packing.DEFLATED: 8}
_IS_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
# O_NONBLOCK: a pipe without a writer would hold whoever opens it for ever.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class MemberDamaged(OSError):
    """What a member unpacks to is not what the archive says of it."""

    def __init__(self) -> None:
        super().__init__("A member of an archive is damaged.")


class Opened:
    """An open source file. Size in bytes and time of change in nanoseconds; a member has its own
    size and its archive's time.

    Its bytes begin at `base` of the descriptor: 0, but for `open_in_place`. Closes itself as a
    context manager; safe to close twice.
    """

    __slots__ = ("_member", "base", "fd", "is_regular", "mtime_ns", "size_bytes")

    def __init__(
        self,
        fd: int,
        size_bytes: int,
        mtime_ns: int,
        *,
        is_regular: bool = True,
        base: int = 0,
        member: Literal["", "copy", "in place"] = "",
    ) -> None:
        self.fd = fd
        self.size_bytes = size_bytes
        self.mtime_ns = mtime_ns
        self.is_regular = is_regular
        self.base = base
        self._member = member

    @property
    def stamp(self) -> tuple[int, int]:
        """Size and time as they were on opening: what the scan keeps of a file."""
        return self.size_bytes, self.mtime_ns

    def stamp_now(self) -> tuple[int, int]:
        """Size and time as they are by now. A copy in memory stays what it is.

        Raises:
            OSError: the disk.
        """
        if self._member == "copy":
            return self.stamp
        now = os.fstat(self.fd)
        return self.size_bytes if self._member else now.st_size, now.st_mtime_ns

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Opened:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_source(path: bytes | str) -> Opened:
    """Open a file, or a member of an archive by its path (see `transfer.members`). Blocking: a
    member is read to its end.

    Raises:
        MemberDamaged: the member is not what the archive says, or is not one that is read.
        OSError: the file cannot be opened or read.
    """
    return _open(path, in_place=False)


def open_in_place(path: bytes | str) -> Opened:
    """As `open_source`, for whoever heeds `base`: a member that is not packed is read where it
    lies, after its checksum was, and takes no memory."""
    return _open(path, in_place=True)


def _open(path: bytes | str, *, in_place: bool) -> Opened:
    try:
        where, member = split_member(os.fsencode(path))
    except ValueError:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from None
    fd = os.open(where, _FLAGS)
    try:
        status = os.fstat(fd)
        is_regular = stat.S_ISREG(status.st_mode)
        if member is None:
            opened = Opened(fd, status.st_size, status.st_mtime_ns, is_regular=is_regular)
        elif not is_regular:
            raise MemberDamaged
        else:
            opened = _open_member(fd, status, member, in_place=in_place)
    except BaseException:
        os.close(fd)
        raise
    if opened.fd != fd:
        os.close(fd)
    return opened


def _open_member(fd: int, status: os.stat_result, member: Member, *, in_place: bool) -> Opened:
    base = _data_at(fd, member)
    is_packed = member.packing is Packing.DEFLATED
    if (
        base + member.packed_bytes > status.st_size
        or (not is_packed and member.packed_bytes != member.size_bytes)
        or ((is_packed or not in_place) and member.size_bytes > MEMBER_LIMIT_BYTES)
    ):
        raise MemberDamaged
    if in_place and not is_packed:
        if member.packing is Packing.STORED:
            _copy(fd, base, member, None)
        return Opened(fd, member.size_bytes, status.st_mtime_ns, base=base, member="in place")
    copy = os.memfd_create("member", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        (_inflate if is_packed else _copy)(fd, base, member, copy)
        now = os.fstat(fd)
        if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            # Written over meanwhile, half of it would be another image.
            raise MemberDamaged
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(copy, 0, os.SEEK_SET)
    except BaseException:
        os.close(copy)
        raise
    return Opened(copy, member.size_bytes, status.st_mtime_ns, member="copy")


def _data_at(fd: int, member: Member) -> int:
    """Where the first byte of a member is (APPNOTE.TXT 4.3.7: behind a name and extra fields whose
    lengths the local header alone tells)."""
    if member.packing is Packing.TAR:
        return member.offset
    if member.packing is Packing.CLOSED:
        raise MemberDamaged
    local = os.pread(fd, _LOCAL_BYTES, member.offset)
    if len(local) < _LOCAL_BYTES or not local.startswith(_LOCAL_MARK):
        raise MemberDamaged
    flags, method = (int.from_bytes(local[at : at + 2], "little") for at in (6, 8))
    if flags & _IS_ENCRYPTED or method != _METHODS[member.packing]:
        raise MemberDamaged
    name, extra = (int.from_bytes(local[at : at + 2], "little") for at in (26, 28))
    return member.offset + _LOCAL_BYTES + name + extra


def _copy(fd: int, at: int, member: Member, into: int | None) -> None:
    """Copy, or only look through, a member that is not packed."""
    end, crc32 = at + member.size_bytes, 0
    while at < end:
        piece = os.pread(fd, min(_PIECE_BYTES, end - at), at)
        if not piece:
            raise MemberDamaged
        at += len(piece)
        crc32 = zlib.crc32(piece, crc32)
        if into is not None:
            _write(into, piece)
    if member.packing is Packing.STORED and crc32 != member.crc32:
        raise MemberDamaged


def _inflate(fd: int, at: int, member: Member, into: int) -> None:
    """Unpack a deflated member. It stops at the first byte more than there is to be: a bomb
    costs no more than what its archive owns up to."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    end, left, crc32, packed = at + member.packed_bytes, member.size_bytes, 0, b""
    try:
        while not inflater.eof:
            if not packed:
                packed = os.pread(fd, min(_PIECE_BYTES, end - at), at)
                at += len(packed)
            is_end = not packed
            piece = inflater.decompress(packed, min(_PIECE_BYTES, left + 1))
            packed = inflater.unconsumed_tail
            left -= len(piece)
            if left < 0 or (is_end and not piece and not inflater.eof):
                raise MemberDamaged
            crc32 = zlib.crc32(piece, crc32)
            _write(into, piece)
    except zlib.error:
        raise MemberDamaged from None
    if left or crc32 != member.crc32:
        raise MemberDamaged


def _write(fd: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(fd, view) :]
