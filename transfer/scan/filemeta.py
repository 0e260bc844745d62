"""The frame that a bare data set gets before it is sent: preamble and file meta information."""

from __future__ import annotations

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
    from pydicom import config
    from pydicom.dataelem import DataElement
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info

    meta = FileMetaDataset()
    for tag, vr, value in (
        (0x00020001, "OB", b"\0\1"),
        (0x00020002, "UI", _ascii(sop_class_uid)),
        (0x00020003, "UI", _ascii(sop_instance_uid)),
        (0x00020010, "UI", _ascii(transfer_syntax_uid)),
        (0x00020012, "UI", IMPLEMENTATION_CLASS_UID),
        (0x00020013, "SH", IMPLEMENTATION_VERSION),
    ):
        meta.add(DataElement(tag, vr, value, validation_mode=config.IGNORE))
    written = DicomBytesIO()
    written.write(bytes(128) + b"DICM")
    write_file_meta_info(written, meta, enforce_standard=True)
    return written.getvalue()


def _ascii(uid: str) -> str:
    return uid.encode("ascii", "replace").decode("ascii")
