"""NIfTI volumes that exist in memory only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.conformance.made import fresh_uid
from transfer.values import SeriesInstanceUID, StudyInstanceUID, StudyRef
from transfer.volumes.leaving import OutgoingVolume, VolumeRef


@dataclass(frozen=True)
class MadeFile:
    """An `OutgoingFile`; `claimed` differs from its length where a file changed under us."""

    name: str
    content: bytes
    claimed: int | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.content) if self.claimed is None else self.claimed

    @property
    def md5(self) -> str:
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    def pieces(self) -> Iterator[bytes]:
        yield self.content


def volume_ref(name: str = "SUBJ_CT_0a1b2c3d") -> VolumeRef:
    """Of a Study and Series that no other test uses."""
    return VolumeRef(
        name=name,
        study=StudyRef(StudyInstanceUID(fresh_uid()), f"S-{fresh_uid()[-12:]}"),
        series_uid=SeriesInstanceUID(fresh_uid()),
        series_number="4",
        modality="CT",
        acquisition_date="20240131",
    )


def volume(ref: VolumeRef, image: bytes = b"image", said: bytes = b"{}") -> OutgoingVolume:
    return OutgoingVolume(
        ref, (MadeFile(f"{ref.name}.nii.gz", image), MadeFile(f"{ref.name}.json", said))
    )
