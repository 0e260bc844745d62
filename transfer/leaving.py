"""What leaves, one file at a time: its identity, its exact length, and its bytes as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from transfer.values import SeriesRef, SOPClassUID, SOPInstanceUID, TransferSyntaxUID


class OutgoingInstance(Protocol):
    """One SOP Instance as it will leave: its identity, its exact length, and its bytes."""

    @property
    def sop_instance_uid(self) -> SOPInstanceUID: ...
    @property
    def sop_class_uid(self) -> SOPClassUID: ...
    @property
    def transfer_syntax_uid(self) -> TransferSyntaxUID: ...
    @property
    def series(self) -> SeriesRef: ...
    @property
    def size_bytes(self) -> int:
        """Length of the Part 10 stream that `pieces` yields, known before it is read."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """The Part 10 bytes in pieces of at most 1 MiB, read from disk anew at each call.
        Blocking: for the thread of a request.

        Raises:
            SourceChanged: the file is gone or is not the one that was scanned; raised before
                the first piece, or at the piece where the file turned out too short.
        """
        ...


class OutgoingFile(Protocol):
    """One file of a volume as it will leave. `md5` (hex) is what standard tools compare by."""

    @property
    def name(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def md5(self) -> str: ...

    def pieces(self) -> Iterator[bytes]:
        """Its bytes in pieces of at most 1 MiB, read anew at each call. Blocking, likewise.

        Raises:
            SourceChanged: the file is gone or is not the one that was looked at.
        """
        ...
