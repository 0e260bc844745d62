"""What a file is that is no DICOM object, by its bytes first and its name second."""

from __future__ import annotations

import json
import os
import struct
from typing import Final, NamedTuple

from transfer.scan.facts import FileKind
from transfer.scan.nifti import (
    HEADER_BYTES,
    gunzip_head,
    has_nifti_header_beside,
    judge_nifti,
    read_nifti_header,
)
from transfer.scan.reasons import Reason
from transfer.scan.source import BLOCK_BYTES, FileSource
from transfer.scan.tars import is_tar_header

_JSON_LIMIT_BYTES: Final = 4 * 1024 * 1024
_DIRECTORY_LIMIT_BYTES: Final = 1024 * 1024
_ARCHIVE_MARKS: Final = (
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x28\xb5\x2f\xfd",
)

# What an ending promises. What anybody uses for anything (.img, .bin, .seg) promises nothing.
_PROMISES: Final = {
    **dict.fromkeys((".dcm", ".dicom", ".ima"), FileKind.INSTANCE),
    ".nii": FileKind.NIFTI,
    **dict.fromkeys((".csv", ".tsv", ".xlsx", ".xlsm", ".xls"), FileKind.TABLE),
    ".json": FileKind.SIDECAR,
    **dict.fromkeys(
        (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst"), FileKind.ARCHIVE
    ),
    **dict.fromkeys(
        (
            *(".txt", ".md", ".log", ".pdf", ".doc", ".docx", ".rtf", ".html", ".htm", ".xml"),
            *(".jpg", ".jpeg", ".jp2", ".png", ".gif", ".bmp", ".tif", ".tiff", ".svg"),
            *(".mp4", ".avi", ".mha", ".mhd", ".nrrd", ".mgz", ".exe", ".dll", ".py"),
        ),
        FileKind.OTHER,
    ),
}


class Finding(NamedTuple):
    """Kind and reasons of a file that is no DICOM object."""

    kind: FileKind
    reasons: list[Reason]


def name_belies(kind: FileKind, path: bytes) -> bool:
    """Whether the name's ending promises something else than what the bytes are."""
    name = os.fsdecode(os.path.basename(path)).lower()
    if kind is FileKind.NIFTI and name.endswith(".gz"):
        return False
    if kind is FileKind.DICOMDIR:
        kind = FileKind.INSTANCE
    return _PROMISES.get(os.path.splitext(name)[1], kind) is not kind


def look_at_other(source: FileSource, path: bytes) -> Finding:
    """Kind and reasons of a file that `read_frame` called no DICOM."""
    head = source.peek(0, HEADER_BYTES)
    if nifti := read_nifti_header(head):
        return Finding(FileKind.NIFTI, judge_nifti(nifti, source, path, is_packed=False))
    if head.startswith(b"\x1f\x8b"):
        return _look_into_gzip(source, path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _look_into_zip(source)
    if is_tar_header(head[:512]):
        return Finding(FileKind.ARCHIVE, [Reason.ARCHIVE])
    if head.startswith(_ARCHIVE_MARKS):
        return Finding(FileKind.ARCHIVE, [Reason.ARCHIVE_COMPRESSED])
    name = path.lower()
    if _is_json(source, name):
        return Finding(FileKind.SIDECAR, [])
    if name.endswith((b".csv", b".tsv")) and _is_text(source.peek(0, BLOCK_BYTES)):
        return Finding(FileKind.TABLE, [])
    if name.endswith((b".img", b".img.gz")) and has_nifti_header_beside(path):
        return Finding(FileKind.NIFTI, [])
    return Finding(FileKind.OTHER, [Reason.NOT_DICOM])


def _look_into_gzip(source: FileSource, path: bytes) -> Finding:
    head = gunzip_head(source.peek(0, BLOCK_BYTES))
    if nifti := read_nifti_header(head):
        return Finding(FileKind.NIFTI, judge_nifti(nifti, source, path, is_packed=True))
    if head[128:132] == b"DICM":
        return Finding(FileKind.ARCHIVE, [Reason.GZIP_DICOM])
    if path.lower().endswith(b".img.gz") and has_nifti_header_beside(path):
        return Finding(FileKind.NIFTI, [])
    return Finding(FileKind.ARCHIVE, [Reason.ARCHIVE_COMPRESSED])


def _look_into_zip(source: FileSource) -> Finding:
    """Office documents are zip files too: the members' names tell."""
    names = _zip_directory(source)
    if b"xl/workbook." in names:
        return Finding(FileKind.TABLE, [])
    if b"[Content_Types].xml" in names:
        return Finding(FileKind.OTHER, [Reason.NOT_DICOM])
    return Finding(FileKind.ARCHIVE, [Reason.ARCHIVE])


def _zip_directory(source: FileSource) -> bytes:
    """The raw central directory, or its first megabyte (APPNOTE.TXT 4.3.16); empty if none."""
    tail_at = max(source.size_bytes - 0xFFFF - 22, 0)
    tail = source.glance(tail_at, 0xFFFF + 22)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 20 > len(tail):
        return b""
    size, start = struct.unpack_from("<LL", tail, at + 12)
    if start + size > source.size_bytes:
        return b""
    return source.glance(start, min(size, _DIRECTORY_LIMIT_BYTES))


def _is_json(source: FileSource, name: bytes) -> bool:
    start = source.peek(0, BLOCK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith((b"{", b"[")):
        return False
    if source.size_bytes > _JSON_LIMIT_BYTES:
        return name.endswith(b".json") and _is_text(start)
    try:
        json.loads(source.glance(0, source.size_bytes))
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(head: bytes) -> bool:
    return bool(head.strip()) and (head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in head)
