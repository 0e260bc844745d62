"""One instance on its way out: read from disk in pieces, hashed and throttled as it moves."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from typing import Protocol

from transfer import checkpoint
from transfer.errors import SourceChanged
from transfer.ledger.batches import PlannedInstance
from transfer.values import SeriesRef, SOPClassUID, SOPInstanceUID, TransferSyntaxUID

PIECE_BYTES = 1024 * 1024


class Throttle(Protocol):
    """Whoever decides how fast bytes may leave."""

    def piece_bytes(self) -> int:
        """The largest piece to read at once under the limit in force."""
        ...

    async def take(self, size_bytes: int) -> None:
        """Wait until that many bytes may leave."""
        ...


def source_changed() -> SourceChanged:
    """What is said of an instance whose file is not the one that was scanned."""
    return SourceChanged(
        "A source file is gone or changed since the scan; it was not sent.",
        "Scan again so that the transfer knows the file as it is now.",
    )


class LedgerInstance:
    """An `OutgoingInstance` read from the source as the scan recorded it."""

    def __init__(self, planned: PlannedInstance, source: bytes, throttle: Throttle) -> None:
        self._planned = planned
        self._path = os.path.join(source, planned.path)
        self._throttle = throttle
        self._prefix: bytes | None = None
        self.sha256: str | None = None
        self.has_changed = False

    @property
    def planned(self) -> PlannedInstance:
        return self._planned

    @property
    def sop_instance_uid(self) -> SOPInstanceUID:
        return self._planned.sop_instance_uid

    @property
    def sop_class_uid(self) -> SOPClassUID:
        return self._planned.sop_class_uid

    @property
    def transfer_syntax_uid(self) -> TransferSyntaxUID:
        return self._planned.transfer_syntax_uid

    @property
    def series(self) -> SeriesRef:
        return self._planned.series

    @property
    def size_bytes(self) -> int:
        return self._planned.size_bytes

    def _part10_prefix(self) -> bytes:
        if self._planned.has_part10:
            return b""
        from transfer.scan.filemeta import part10_prefix

        return part10_prefix(self.sop_class_uid, self.sop_instance_uid, self.transfer_syntax_uid)

    async def pieces(self) -> AsyncIterator[bytes]:
        """See `OutgoingInstance.pieces`; `sha256` is set once the last piece has gone."""
        import aiofiles

        self.sha256 = None
        digest = hashlib.sha256()
        prefix = self._part10_prefix()
        left = self.size_bytes - len(prefix)
        try:
            async with aiofiles.open(self._path, "rb", buffering=0) as file:
                status = os.fstat(file.fileno())
                if (status.st_size, status.st_mtime_ns) != (
                    self._planned.file_bytes,
                    self._planned.mtime_ns,
                ):
                    raise self._changed()
                if prefix:
                    digest.update(prefix)
                    await self._throttle.take(len(prefix))
                    yield prefix
                if self._planned.body_offset:
                    await file.seek(self._planned.body_offset)
                while left:
                    piece = await file.read(min(left, self._throttle.piece_bytes()))
                    if not piece:
                        raise self._changed()
                    left -= len(piece)
                    digest.update(piece)
                    await self._throttle.take(len(piece))
                    if not left:
                        self.sha256 = digest.hexdigest()
                    yield piece
                    checkpoint.passed("piece")
        except OSError as error:
            raise self._changed() from error

    def _changed(self) -> SourceChanged:
        self.has_changed = True
        return source_changed()
