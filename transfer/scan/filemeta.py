"""The frame that a bare data set gets before it is sent: preamble and file meta information."""

from __future__ import annotations

import struct
from typing import Final

from transfer.scan.facts import InstanceHeader

# A UUID-derived UID (PS3.5 annex B.2), chosen once for this program.
IMPLEMENTATION_CLASS_UID: Final = "2.25.46548728246646237056158949453639846603"
IMPLEMENTATION_VERSION: Final = "EUCAIMTRANSFER"


def file_meta_prefix(header: InstanceHeader) -> bytes:
    """What goes before the bytes from `header.body_offset` so that the whole is a Part 10 file."""
    return part10_prefix(header.sop_class_uid, header.sop_instance_uid, header.transfer_syntax_uid)


def part10_prefix(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Preamble, DICM and file meta information (PS3.10 section 7.1), the same for the same UIDs.

    Ill-formed UIDs are written as they are, for they name the instance; a character that no UID
    can hold becomes a question mark.
    """
    group = b"".join(
        (
            struct.pack("<HH2sxxL", 0x0002, 0x0001, b"OB", 2) + b"\0\1",
            _element(0x0002, b"UI", _ascii(sop_class_uid)),
            _element(0x0003, b"UI", _ascii(sop_instance_uid)),
            _element(0x0010, b"UI", _ascii(transfer_syntax_uid)),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode("ascii")),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION.encode("ascii")),
        )
    )
    length = struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, len(group))
    return bytes(128) + b"DICM" + length + group


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", 0x0002, number, vr, len(value)) + value


def _ascii(uid: str) -> bytes:
    return uid.encode("ascii", "replace")
