"""One instance on its way out: its pieces, read, hashed and throttled as they move, in the thread
of the request that takes them.

Two digests are taken on the way: of what leaves, and of the source file. The second follows the
file from its first byte to its last: stretches that leave are hashed as they pass, and only what
lies between them, old headers mostly, is read for its sake.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from transfer import checkpoint
from transfer.deid.model import Piece, Stretch
from transfer.errors import SourceChanged
from transfer.ledger.batches import PlannedInstance
from transfer.machine.lacking import lacking_to_read
from transfer.opening import Opened, open_in_place, open_source
from transfer.values import SeriesRef, SOPClassUID, SOPInstanceUID, TransferSyntaxUID

if TYPE_CHECKING:
    from transfer.deid.pixels import OutgoingPiece, PixelPlan

PIECE_BYTES = 256 * 1024
_RESCAN = "Scan again so that the transfer knows the file as it is now."


class Throttle(Protocol):
    """Whoever decides how fast bytes may leave."""

    def piece_bytes(self) -> int:
        """The largest piece to read at once under the limit in force."""
        ...

    def take(self, size_bytes: int) -> None:
        """Block until that many bytes may leave."""
        ...


class Maker(Protocol):
    """Whoever makes the pieces of an instance that does not leave as it is."""

    def pieces(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
        """The pieces of what was prepared, the very same bytes. Blocking.

        Raises:
            SourceChanged: they cannot be made again.
        """
        ...


class Digests(NamedTuple):
    """SHA-256 in hex of what left, and of the source file; None until the last byte has gone."""

    sent: str | None = None
    source: str | None = None


def source_changed() -> SourceChanged:
    """What is said of an instance whose file is not the one that was scanned."""
    return SourceChanged(
        "A source file is gone or changed since the scan; it was not sent.", _RESCAN
    )


def as_it_is(planned: PlannedInstance) -> Sequence[Piece]:
    """The pieces of an instance that nothing is done to; a bare data set gets its frame."""
    if planned.has_part10:
        return (Stretch(0, planned.file_bytes),)
    from transfer.scan.filemeta import part10_prefix

    uids = (planned.sop_class_uid, planned.sop_instance_uid, planned.transfer_syntax_uid)
    offset = planned.body_offset
    return part10_prefix(*uids), Stretch(offset, planned.file_bytes - offset)


def forget_spools(pieces: Sequence[OutgoingPiece]) -> None:
    """Delete what was written down for these pieces alone."""
    for made in pieces:
        if not isinstance(made, bytes | Stretch) and made.spool is not None:
            made.spool.unlink(missing_ok=True)


def _read(opened: Opened, at: int, size_bytes: int) -> bytes:
    """Up to that many bytes.

    Raises:
        OSError: the disk.
        EOFError: the file ends before.
    """
    piece = os.pread(opened.fd, size_bytes, opened.base + at)
    if not piece:
        raise EOFError
    return piece


class _SourceDigest:
    """The digest of a file of known length of which some stretches pass by."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._digest = hashlib.sha256()
        self._position = 0

    def passed(self, offset: int, piece: bytes) -> None:
        """These bytes of the file were read for another reason."""
        if offset == self._position:
            self._digest.update(piece)
            self._position += len(piece)

    def reach(self, offset: int) -> None:
        """Read what lies before `offset` and has not passed. Raises as `_read`."""
        while self._position < offset:
            size_bytes = min(PIECE_BYTES, offset - self._position)
            self.passed(self._position, _read(self._opened, self._position, size_bytes))

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class LedgerInstance:
    """An `OutgoingInstance` read from the source as the scan recorded it.

    With a `maker` it leaves as that makes it, and never as it is.
    """

    def __init__(
        self,
        planned: PlannedInstance,
        source: bytes,
        throttle: Throttle,
        maker: Maker | None = None,
    ) -> None:
        self._planned = planned
        self._path = os.path.join(source, planned.path)
        self._throttle = throttle
        self._maker = maker
        self.digests = Digests()
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

    def pieces(self) -> Iterator[bytes]:
        """See `OutgoingInstance.pieces`; `digests` is set once the last piece has gone."""
        self.digests = Digests()
        pieces: Sequence[OutgoingPiece] = ()
        try:
            pieces = self._pieces()
            # Pixels are made out of the whole file, by its descriptor.
            is_whole = not all(isinstance(made, bytes | Stretch) for made in pieces)
            with (open_source if is_whole else open_in_place)(self._path) as opened:
                self._refuse_changed(opened.stamp)
                for piece in self._stream(pieces, opened):
                    self._throttle.take(len(piece))
                    yield piece
                    checkpoint.passed("piece")
        except SourceChanged:
            self.has_changed = True
            raise
        except (OSError, EOFError) as error:
            if (refusal := lacking_to_read(error)) is not None:
                raise refusal from error
            self.has_changed = True
            raise source_changed() from error
        finally:
            forget_spools(pieces)

    def _refuse_changed(self, stamp: tuple[int, int]) -> None:
        if stamp != (self._planned.file_bytes, self._planned.mtime_ns):
            raise source_changed()

    def _pieces(self) -> Sequence[OutgoingPiece]:
        if self._maker is not None:
            return self._maker.pieces(self._planned)
        return as_it_is(self._planned)

    def _stream(self, pieces: Sequence[OutgoingPiece], opened: Opened) -> Iterator[bytes]:
        digest, of_source = hashlib.sha256(), _SourceDigest(opened)
        is_whole_file = pieces == (Stretch(0, self._planned.file_bytes),)
        left = self.size_bytes
        for offset, chunk in self._chunks(pieces, opened):
            left -= len(chunk)
            digest.update(chunk)
            if offset is not None and not is_whole_file:
                of_source.reach(offset)
                of_source.passed(offset, chunk)
            if not left:
                # Whoever sends need not come back after the last piece.
                sent = digest.hexdigest()
                if not is_whole_file:
                    of_source.reach(self._planned.file_bytes)
                # Written over meanwhile, half of it would be another image.
                self._refuse_changed(opened.stamp_now())
                self.digests = Digests(sent, sent if is_whole_file else of_source.hexdigest())
            yield chunk
        if left:
            raise source_changed()

    def _chunks(
        self, pieces: Sequence[OutgoingPiece], opened: Opened
    ) -> Iterator[tuple[int | None, bytes]]:
        """Where in the file it was read (None: made in memory), and what leaves there."""
        for piece in pieces:
            if isinstance(piece, bytes):
                at = 0
                while at < len(piece):
                    chunk = piece[at : at + self._throttle.piece_bytes()]
                    at += len(chunk)
                    yield None, chunk
            elif isinstance(piece, Stretch):
                at, end = piece.offset, piece.offset + piece.length
                while at < end:
                    chunk = _read(opened, at, min(end - at, self._throttle.piece_bytes()))
                    yield at, chunk
                    at += len(chunk)
            else:
                for chunk in _pixels(piece, opened.fd):
                    for at in range(0, len(chunk), PIECE_BYTES):
                        yield None, chunk[at : at + PIECE_BYTES]


def _pixels(plan: PixelPlan, fd: int) -> Iterator[bytes]:
    """The blanked pixels."""
    from transfer.deid.pixels import NotBlanked, stream_pixels

    try:
        yield from stream_pixels(plan, fd)
    except NotBlanked:
        raise source_changed() from None
