"""What one look at one file tells: plain values, cheap to send between processes."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class FileKind(StrEnum):
    """What the bytes are, whatever the name says."""

    INSTANCE = "instance"
    DICOMDIR = "dicomdir"
    NIFTI = "nifti"
    TABLE = "table"
    SIDECAR = "sidecar"
    ARCHIVE = "archive"
    OTHER = "other"


class FileVerdict(StrEnum):
    """Whether the file can go on: alone, after a person saw the reason, or never."""

    OK = "ok"
    WARNING = "warning"
    REJECT = "reject"


class InstanceHeader(NamedTuple):
    """The attributes of an instance that the rest of the program works with.

    Every text is untrusted: trimmed, control and undecodable characters replaced by U+FFFD, cut
    at 128 characters for a UID and 1024 otherwise; empty where the file has no such attribute.
    `transfer_syntax_uid` is the file's own, or ours inferred from the bytes where the file names
    none. `number_of_frames` is 1 where the file does not say.

    When `has_part10` is True the file can go as it is. Otherwise its preamble or file meta is
    missing or incomplete, and what goes is `file_meta_prefix(header)` followed by the file's bytes
    from `body_offset`. `traits` is the document of what rules read; see `transfer.quality.extract`.
    """

    sop_instance_uid: str
    sop_class_uid: str
    study_uid: str
    series_uid: str
    patient_id: str
    patient_name: str
    transfer_syntax_uid: str
    modality: str
    manufacturer: str
    study_date: str
    study_description: str
    series_number: str
    series_description: str
    body_part: str
    patient_identity_removed: bool
    number_of_frames: int
    body_offset: int
    has_part10: bool
    traits: str = ""
    birth_date: str = ""


class FileFacts(NamedTuple):
    """The scanner's word on one file; `reasons` are codes of `transfer.scan.reasons`, worst first.

    `header` is there for every file of kind instance whose beginning could be read, rejects
    included.
    """

    kind: FileKind
    verdict: FileVerdict
    reasons: tuple[str, ...] = ()
    header: InstanceHeader | None = None
