"""Archives for the scanner's tests, honest ones by the standard library and lying ones by hand."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from transfer.opening import open_source
from transfer.scan.archives import list_members
from transfer.scan.listing import ArchiveRefused, Listed


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def tarred(members: Mapping[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=format) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return written.getvalue()


def deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


class Entry(NamedTuple):
    """One entry of a zip made by hand; `at` puts its local header elsewhere than where it is."""

    name: bytes
    data: bytes
    size: int
    crc32: int
    method: int = 8
    flags: int = 0
    made_by: int = 20
    attributes: int = 0
    extra: bytes = b""
    at: int | None = None
    packed: int | None = None


def true_entry(name: bytes, content: bytes, **lies: Any) -> Entry:
    """An entry that is as it says, lies aside."""
    honest = Entry(name, deflated(content), len(content), zlib.crc32(content))
    return honest._replace(**lies)


def handmade(entries: Sequence[Entry], entries_said: int | None = None) -> bytes:
    """A zip of these entries, as APPNOTE.TXT 4.3 lays it out."""
    body, directory = bytearray(), bytearray()
    for entry in entries:
        at = len(body) if entry.at is None else entry.at
        packed = len(entry.data) if entry.packed is None else entry.packed
        if entry.at is None:
            local = (20, entry.flags, entry.method, 0, 0, entry.crc32, 0, 0, len(entry.name), 0)
            body += struct.pack("<4s5H3L2H", b"PK\x03\x04", *local) + entry.name + entry.data
        directory += (
            struct.pack(
                "<4s6H3L5H2L", b"PK\x01\x02", entry.made_by, 20, entry.flags, entry.method, 0, 0,
                entry.crc32, packed, entry.size, len(entry.name), len(entry.extra), 0, 0, 0,
                entry.attributes, at,
            )
            + entry.name
            + entry.extra
        )  # fmt: skip
    said = len(entries) if entries_said is None else entries_said
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, said, said, len(directory), len(body), 0)
    return bytes(body + directory) + end


def listed(path: Path) -> list[Listed]:
    """Every file in an archive."""
    with open_source(os.fsencode(path)) as opened:
        return list(list_members(opened))


def refused(path: Path) -> str:
    """Why an archive cannot be read, or not to its end."""
    try:
        listed(path)
    except ArchiveRefused as refusal:
        return refusal.reason.value
    return ""


def put(folder: Path, content: bytes, name: str = "a.zip") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def contents(path: Path) -> dict[bytes, bytes]:
    """What every file in an archive holds, by its name, read through the one door."""
    found = {}
    for one in listed(path):
        with open_source(one.member.path_in(os.fsencode(path))) as opened:
            found[one.member.name] = os.pread(opened.fd, opened.size_bytes + 1, 0)
    return found


def refusals(path: Path) -> dict[bytes, str]:
    """Why each file in an archive is not read; empty of one that is."""
    return {one.member.name: str(one.refusal or "") for one in listed(path)}
