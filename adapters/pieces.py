"""The bytes of an instance on their way into a request: exactly as many as were promised."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from transfer.errors import SourceChanged
from transfer.leaving import OutgoingFile, OutgoingInstance


def exact_pieces(instance: OutgoingInstance | OutgoingFile) -> Generator[bytes, None, None]:
    """The pieces of an instance, or of a file of a volume, as many bytes as `size_bytes` says.

    Raises:
        SourceChanged: it cannot be read, or is not as long as it was said to be.
    """
    remaining = instance.size_bytes
    pieces = instance.pieces()
    try:
        for piece in _readable(pieces):
            remaining -= len(piece)
            if remaining < 0:
                raise _changed()
            yield piece
    finally:
        if isinstance(pieces, Generator):
            pieces.close()
    if remaining:
        raise _changed()


def _readable(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """An OSError of the disk must not look like one of the network."""
    while True:
        try:
            piece = next(pieces, None)
        except OSError as cause:
            raise _changed() from cause
        if piece is None:
            return
        yield piece


def _changed() -> SourceChanged:
    return SourceChanged(
        "A source file cannot be read any more, or has another length than when it was scanned.",
        "Leave the source folder alone during a transfer; scan again, then go on.",
    )
