"""Instances that exist in memory only, of Studies that carry a pseudonym."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from transfer.errors import SourceChanged
from transfer.values import (
    SeriesInstanceUID,
    SeriesRef,
    SOPClassUID,
    SOPInstanceUID,
    StudyInstanceUID,
    StudyRef,
    TransferSyntaxUID,
)

STUDY = StudyRef(StudyInstanceUID("1.2.3"), "SUBJ-001")
SERIES = SeriesRef(StudyInstanceUID("1.2.3"), SeriesInstanceUID("1.2.3.4"), "SUBJ-001")
LABEL = "SUBJ-001_c47f5b18"


@dataclass
class InMemory:
    """An outgoing instance; `claimed` differs from its length where a file changed under us."""

    uid: str
    content: bytes
    claimed: int | None = None
    of: SeriesRef = SERIES
    piece_bytes: int = 1 << 20
    fails_with: Exception | None = None

    @property
    def sop_instance_uid(self) -> SOPInstanceUID:
        return SOPInstanceUID(self.uid)

    @property
    def sop_class_uid(self) -> SOPClassUID:
        return SOPClassUID("1.2.840.10008.5.1.4.1.1.2")

    @property
    def transfer_syntax_uid(self) -> TransferSyntaxUID:
        return TransferSyntaxUID("1.2.840.10008.1.2.1")

    @property
    def series(self) -> SeriesRef:
        return self.of

    @property
    def size_bytes(self) -> int:
        return len(self.content) if self.claimed is None else self.claimed

    def pieces(self) -> Iterator[bytes]:
        for start in range(0, len(self.content), self.piece_bytes):
            if self.fails_with is not None:
                raise self.fails_with
            yield self.content[start : start + self.piece_bytes]


GONE = SourceChanged("The file is gone.", "Scan again.")
