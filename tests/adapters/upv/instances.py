"""Instances that exist in memory only, for tests of how they travel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from transfer.errors import SourceChanged
from transfer.node import Batch
from transfer.values import (
    SeriesInstanceUID,
    SeriesRef,
    SOPClassUID,
    SOPInstanceUID,
    StudyInstanceUID,
    TransferSyntaxUID,
)

SERIES = SeriesRef(StudyInstanceUID("1.2.3"), SeriesInstanceUID("1.2.3.4"))


@dataclass
class InMemory:
    """An outgoing instance; `claimed` differs from its length where a file changed under us."""

    uid: str
    content: bytes
    claimed: int | None = None
    fail_at: int | None = None
    piece_bytes: int = 1 << 20
    reads: int = field(default=0)

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
        return SERIES

    @property
    def size_bytes(self) -> int:
        return len(self.content) if self.claimed is None else self.claimed

    def pieces(self) -> Iterator[bytes]:
        self.reads += 1
        for start in range(0, len(self.content), self.piece_bytes):
            if self.fail_at is not None and start >= self.fail_at:
                raise SourceChanged("The file is gone.", "Scan again.")
            yield self.content[start : start + self.piece_bytes]


def batch(instances: Sequence[InMemory], destination: str = "PROJ|SUB", batch_id: int = 7) -> Batch:
    return Batch(batch_id, destination, instances)
