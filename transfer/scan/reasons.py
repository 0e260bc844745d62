"""Why a file is not simply accepted: stable codes, their weight, and the operator's sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from transfer.scan.facts import FileFacts, FileKind, FileVerdict


class Reason(StrEnum):
    """The codes; they are written to the ledger and printed by `status`, so they never change."""

    UNREADABLE_FILE = "unreadable-file"
    SPECIAL_FILE = "special-file"
    EMPTY_FILE = "empty-file"
    NOT_DICOM = "not-dicom"
    DICOMDIR = "dicomdir-index-not-an-instance"
    GZIP_DICOM = "gzip-compressed-dicom"
    HEADER_CUT = "header-cut-or-unreadable"
    PIXELS_SHORT = "pixel-data-too-short"
    COMPRESSION_UNKNOWN = "compression-unknown"
    NIFTI_SHORT = "nifti-image-too-short"
    NO_SOP_CLASS = "missing-sop-class"
    NO_SOP_UID = "missing-sop-uid"
    NO_STUDY_UID = "missing-study-uid"
    NO_SERIES_UID = "missing-series-uid"
    NO_PREAMBLE = "no-preamble"
    NO_GROUP_LENGTH = "no-file-meta-group-length"
    NO_TRANSFER_SYNTAX = "no-transfer-syntax"
    NO_PATIENT_ID = "missing-patient-id"
    NO_MODALITY = "missing-modality"
    META_UID_DIFFERS = "file-meta-sop-uid-differs"
    BAD_SOP_UID = "invalid-sop-uid"
    BAD_STUDY_UID = "invalid-study-uid"
    BAD_SERIES_UID = "invalid-series-uid"
    ENCODING_DIFFERS = "encoding-differs-from-transfer-syntax"
    UNREADABLE_ELEMENT = "unreadable-element"
    BAD_GEOMETRY = "pixel-geometry-unreadable"
    NO_PIXELS = "no-pixel-data"
    PIXELS_LONG = "pixel-data-longer-than-expected"
    PIXELS_UNTERMINATED = "unterminated-pixel-sequence"
    PIXELS_UNCHECKED = "pixel-data-not-checked"
    NIFTI_HEADER_ALONE = "nifti-header-without-image"
    ARCHIVE = "archive"
    ARCHIVE_COMPRESSED = "archive-compressed"
    ARCHIVE_DAMAGED = "archive-damaged"
    ARCHIVE_BOMB = "archive-bomb"
    ARCHIVE_TOO_MANY = "archive-too-many-files"
    ARCHIVED_ENCRYPTED = "archived-encrypted"
    ARCHIVED_PACKING = "archived-packing-unknown"
    ARCHIVED_SPECIAL = "archived-link-or-device"
    ARCHIVED_TOO_LARGE = "archived-too-large"
    ARCHIVED_DAMAGED = "archived-damaged"
    ARCHIVED_ARCHIVE = "archived-archive"
    ARCHIVED_NOT_READ = "archived-not-read"
    NAME_BELIES = "content-differs-from-extension"


class Twin(StrEnum):
    """What a file has to do with another one of the same SOP Instance UID."""

    IDENTICAL = "duplicate-identical"
    OTHER_CONTENT = "duplicate-uid-other-content"
    OTHER_SYNTAX = "duplicate-other-transfer-syntax"
    OTHER_TOOL = "duplicate-of-other-tool"


_REJECTS: Final[dict[str, str]] = {
    Reason.UNREADABLE_FILE: "The file cannot be read. Check its permissions and the disk or "
    "share it lies on, then scan again.",
    Reason.SPECIAL_FILE: "This is a folder, pipe or device, not a file. Nothing to do.",
    Reason.EMPTY_FILE: "The file has no content. Export it again, or delete it.",
    Reason.NOT_DICOM: "This is no DICOM object and stays here. If it should be an image, export "
    "it again as DICOM.",
    Reason.DICOMDIR: "A DICOMDIR is an index with patient data and is never sent. The images it "
    "names are found without it.",
    Reason.GZIP_DICOM: "The DICOM object is packed with gzip. Unpack it, then scan again.",
    Reason.HEADER_CUT: "The header ends in the middle or cannot be read. Export the file again "
    "from the archive.",
    Reason.PIXELS_SHORT: "The image is cut off: there is less pixel data than the header "
    "promises. Export the file again from the archive.",
    Reason.COMPRESSION_UNKNOWN: "The pixel data are compressed and the file does not say how. "
    "Export it again with its file meta information.",
    Reason.NIFTI_SHORT: "The NIfTI image is cut off. Copy or convert it again.",
    Reason.NO_SOP_CLASS: "The SOP Class UID is missing, so no node can store the instance. "
    "Export it again from the archive.",
    Reason.NO_SOP_UID: "The SOP Instance UID is missing, so no node can store the instance. "
    "Export it again from the archive.",
    Reason.NO_STUDY_UID: "The Study Instance UID is missing, so no node can store the instance. "
    "Export it again from the archive.",
    Reason.NO_SERIES_UID: "The Series Instance UID is missing, so no node can store the "
    "instance. Export it again from the archive.",
    Reason.ARCHIVE_DAMAGED: "The archive is cut off or contradicts itself; what could be read "
    "of it is listed. Copy or make the archive again, then scan again.",
    Reason.ARCHIVE_BOMB: "The archive would unpack to far more than a file of its size can mean, "
    "so it stays closed. If it is honest, unpack it into the source folder, then scan again.",
    Reason.ARCHIVE_TOO_MANY: "The archive holds more files than are read in one archive. Unpack it "
    "into the source folder, or split it, then scan again.",
    Reason.ARCHIVED_ENCRYPTED: "This file in an archive is protected by a password. Unpack it with "
    "its password into the source folder, then scan again.",
    Reason.ARCHIVED_PACKING: "This file in an archive is packed in a way that is not read here. "
    "Unpack it into the source folder, then scan again.",
    Reason.ARCHIVED_SPECIAL: "This is a link or a device in an archive, not a file. What it points "
    "to counts where it lies; nothing to do.",
    Reason.ARCHIVED_TOO_LARGE: "This file in an archive is larger than what is read inside "
    "archives (512 MiB). Unpack it into the source folder, then scan again.",
    Reason.ARCHIVED_DAMAGED: "This file in an archive is not what the archive says of it: its size "
    "or its checksum is wrong. Copy or make the archive again, then scan again.",
    Reason.ARCHIVED_ARCHIVE: "Archives inside archives are not opened. Unpack it into the source "
    "folder if it holds images, then scan again.",
    Reason.ARCHIVED_NOT_READ: "Tables are not read inside archives. Unpack it into the source "
    "folder if it is to go, then scan again.",
}
_WARNINGS: Final[dict[str, str]] = {
    Reason.NO_PREAMBLE: "The file lacks the DICOM preamble. It is put in front when the instance "
    "is sent; nothing to do.",
    Reason.NO_GROUP_LENGTH: "The file meta information lacks its length. It is written anew when "
    "the instance is sent; nothing to do.",
    Reason.NO_TRANSFER_SYNTAX: "The file does not name its transfer syntax. It was inferred from "
    "the bytes and is added when the instance is sent; view one such image at the node.",
    Reason.NO_PATIENT_ID: "The Patient ID is empty. Add it at the source, or leave the study out.",
    Reason.NO_MODALITY: "The modality is empty. Add it at the source, or leave the series out.",
    Reason.META_UID_DIFFERS: "The file meta information names another SOP Instance UID than the "
    "data set. The data set's counts; ask who edited the files.",
    Reason.BAD_SOP_UID: "The SOP Instance UID is not well-formed and the node may refuse it. "
    "Correct it at the source, or let de-identification replace it.",
    Reason.BAD_STUDY_UID: "The Study Instance UID is not well-formed and the node may refuse it. "
    "Correct it at the source, or let de-identification replace it.",
    Reason.BAD_SERIES_UID: "The Series Instance UID is not well-formed and the node may refuse "
    "it. Correct it at the source, or let de-identification replace it.",
    Reason.ENCODING_DIFFERS: "The data set is not encoded as its transfer syntax says. Some nodes "
    "refuse that; export the file again if yours does.",
    Reason.UNREADABLE_ELEMENT: "One element of the header cannot be read. Look at the file in a "
    "DICOM viewer before it is sent.",
    Reason.BAD_GEOMETRY: "Rows, columns, bits or frames cannot be read, so the length of the pixel "
    "data was not checked. Look at the image in a viewer.",
    Reason.NO_PIXELS: "The header describes an image but there is none. Check whether the export "
    "left the pixel data out.",
    Reason.PIXELS_LONG: "There is more pixel data than the header describes. Look at the image in "
    "a viewer.",
    Reason.PIXELS_UNTERMINATED: "The compressed pixel data have no end mark: the last bytes may be "
    "missing. Look at the image's last frame in a viewer.",
    Reason.PIXELS_UNCHECKED: "The pixel data are too many to be checked to the end here. Look "
    "at the image in a viewer.",
    Reason.NIFTI_HEADER_ALONE: "This NIfTI header has no image beside it. Add the image, or leave "
    "the header out.",
    Reason.ARCHIVE: "The archive is opened where it lies. Nothing to do.",
    Reason.ARCHIVE_COMPRESSED: "Archives of this kind are not opened. Unpack it into the source "
    "folder if it holds images (a .tar.gz to .tar is enough), then scan again.",
    Reason.NAME_BELIES: "The content is not what the file name's ending says. Check that this file "
    "is meant to be sent.",
}
# Codes given by the walk, the pool and the ledger, which see more than one file.
_GIVEN_ELSEWHERE: Final[dict[str, str]] = {
    "unreadable-folder": "The folder cannot be opened. Check its permissions, then scan again.",
    "folder-linked-twice": "A link leads to a folder that was already read. Nothing to do.",
    "broken-link": "The link leads nowhere. Mend or delete it, then scan again.",
    "reader-died": "Reading this file ended the reading process. Look at it in a DICOM viewer, "
    "and export it again.",
    "archive-not-read": "The archive was not opened yet. Scan again.",
    "archive-opened": "The archive was read where it lies, and what it holds is told file by file. "
    "Nothing to do.",
    "excluded-by-person": "A person left this file out, so that another one with its UID can go.",
    "deid-skipped": "The de-identification method says that this instance is not meant to go, and "
    "a person agreed. Nothing to do.",
    "no-longer-there": "The file was there at an earlier scan and is gone. If it was moved or "
    "deleted on purpose there is nothing to do; else put it back and scan again.",
    Twin.IDENTICAL: "The same bytes are there twice. One copy is sent; nothing to do.",
    Twin.OTHER_CONTENT: "Two files with different content claim the same SOP Instance "
    "UID. Only the first is sent: find out which one is right.",
    Twin.OTHER_SYNTAX: "The two files have different transfer syntaxes: one is perhaps a converted "
    "copy of the other. Keep the better one.",
    Twin.OTHER_TOOL: "The two files were written by different programs: one perhaps changed what "
    "the other wrote. Keep the one that is right.",
}
_SENTENCES: Final[dict[str, str]] = {**_REJECTS, **_WARNINGS, **_GIVEN_ELSEWHERE}
_WEIGHT: Final[dict[str, int]] = {reason: n for n, reason in enumerate(_SENTENCES)}

_HOUSEKEEPING_NAMES: Final = frozenset(
    (".ds_store", "thumbs.db", "desktop.ini", "autorun.inf", "dicomdir", "lockfile")
)
_HOUSEKEEPING_STEMS: Final = ("readme", "license", "licence", "copying", "changelog", "changes")
_HOUSEKEEPING_SUFFIXES: Final = frozenset(
    (
        *(".txt", ".md", ".rst", ".pdf", ".doc", ".docx", ".rtf"),
        *(".html", ".htm", ".css", ".js", ".xml", ".xsl"),
        *(".log", ".ini", ".inf", ".cfg", ".db", ".lock", ".sha256", ".md5"),
        *(".exe", ".dll", ".bat", ".sh", ".py", ".m", ".jar", ".ico", ".icns", ".lnk", ".url"),
    )
)


def verdict_of(reasons: Iterable[str]) -> FileVerdict:
    """The heaviest verdict that one of the reasons asks for."""
    verdict = FileVerdict.OK
    for reason in reasons:
        if reason in _REJECTS:
            return FileVerdict.REJECT
        verdict = FileVerdict.WARNING
    return verdict


def worst_first(reasons: Iterable[str]) -> tuple[str, ...]:
    """The reasons once each, rejecting ones before warnings."""
    return tuple(sorted({str(reason) for reason in reasons}, key=_WEIGHT.__getitem__))


def explain(reason: str) -> str:
    """The operator's sentence for a reason code, and what to do.

    Raises:
        KeyError: no such code.
    """
    return _SENTENCES[reason]


def codes() -> Iterator[tuple[str, bool]]:
    """Every code, and whether the file stays here for it; those that say so first."""
    for reason in sorted(_SENTENCES, key=lambda one: one in _WARNINGS):
        yield str(reason), reason not in _WARNINGS


def is_quiet(facts: FileFacts, path: bytes | str) -> bool:
    """Whether a reject needs no operator: an index, a file nobody takes for an image, or a link
    in an archive.

    A file with an image's ending, or with none at all (as DICOM exports often have), is loud, and
    so is everything that could not be read.
    """
    if facts.verdict is not FileVerdict.REJECT:
        return False
    if facts.kind is FileKind.DICOMDIR or facts.reasons == (Reason.ARCHIVED_SPECIAL,):
        return True
    if not set(facts.reasons) <= {Reason.NOT_DICOM, Reason.EMPTY_FILE}:
        return False
    name = os.path.basename(os.fsdecode(path)).lower()
    return (
        name in _HOUSEKEEPING_NAMES
        or name.startswith(("._", *_HOUSEKEEPING_STEMS))
        or os.path.splitext(name)[1] in _HOUSEKEEPING_SUFFIXES
    )
