"""The bytes of a file on their way into a request that requests makes in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from adapters.pieces import exact_pieces
from transfer.errors import SourceChanged
from transfer.leaving import OutgoingFile


class Outgoing:
    """A request's body for requests: its length is known, and one piece at a time is in memory.

    A request that nobody waits for any more ends at its next piece once this is closed.
    """

    def __init__(self, file: OutgoingFile) -> None:
        self._file = file
        self._is_closed = False

    def __len__(self) -> int:
        return self._file.size_bytes

    def __iter__(self) -> Iterator[bytes]:
        with closing(exact_pieces(self._file)) as pieces:
            for piece in pieces:
                if self._is_closed:
                    # An end would be the end of the body, and the node would be waited for.
                    raise _not_wanted()
                yield piece

    def close(self) -> None:
        """Safe to call twice, from any thread."""
        self._is_closed = True


def _not_wanted() -> SourceChanged:
    return SourceChanged("Nobody waits for this request any more.", "Go on with the transfer.")
