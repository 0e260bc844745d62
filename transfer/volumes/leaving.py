"""A NIfTI volume as it leaves: what the engine hands to a node, and what the node says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transfer.values import SeriesInstanceUID, StudyRef

if TYPE_CHECKING:
    from transfer.leaving import OutgoingFile
    from transfer.node import Verdict


@dataclass(frozen=True, slots=True)
class VolumeRef:
    """One NIfTI volume as it leaves, by what its DICOM JSON says of it; empty where that says
    nothing. `name` is ours, without an ending: letters, digits, `_` and `-`."""

    name: str
    study: StudyRef
    series_uid: SeriesInstanceUID
    series_number: str = ""
    modality: str = ""
    acquisition_date: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingVolume:
    """A NIfTI image and its DICOM JSON, which go together."""

    ref: VolumeRef
    files: Sequence[OutgoingFile]


@dataclass(frozen=True, slots=True)
class HeldFile:
    """One file that the node holds; digest in hex."""

    name: str
    size_bytes: int
    md5: str


@dataclass(frozen=True, slots=True)
class VolumeOutcome:
    """The node's word on a volume; `reason` is plain text for an operator."""

    verdict: Verdict
    reason: str = ""
