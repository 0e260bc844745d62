"""How much one request may hold, so that a broken one costs about a minute at the measured rate."""

from __future__ import annotations

from typing import Final

_LONGEST_S: Final = 60.0
_FIRST_BYTES: Final = 1024 * 1024
_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""What a connection may have taken that is not on the line yet (Linux: the most of tcp_wmem)."""
_LEAST_BYTES: Final = 2 * _BUFFER_BYTES
_LATEST_COUNTS: Final = 0.3


class RequestSize:
    """The bytes that the next request may hold; the node's own limit stands in the plan.

    Before anything was measured requests are small: on a line of 1 Mbit/s the node's limit may be
    many minutes. From then on the rate of one request counts, so that what is fast grows to the
    node's limit within two requests. A node that takes its time for an answer is no slow line:
    what is handed over faster than a buffer takes it counts, and no request is made smaller than
    two buffers for the sake of the rate.
    """

    def __init__(self) -> None:
        self._bytes_per_s: float | None = None
        self._least = _LEAST_BYTES

    def ended(self, size_bytes: int, handed_over_s: float, answered_s: float) -> None:
        """A request was handed to its connection after so long, and answered after so long."""
        if not size_bytes:
            return
        rate = max(
            size_bytes / max(answered_s, 0.001),
            (size_bytes - _BUFFER_BYTES) / max(handed_over_s, 0.001),
        )
        self._least = _LEAST_BYTES
        known = self._bytes_per_s
        # Small requests say too little: what is faster than thought is believed at once.
        if known is None or rate > known:
            self._bytes_per_s = rate
        else:
            self._bytes_per_s = known + _LATEST_COUNTS * (rate - known)

    def broken(self, moved_bytes: int, seconds: float) -> None:
        """A request was cut after so long. Before its time that says nothing; later it was too
        large, and one of the same size would be cut again on a line that has become slow."""
        if seconds > _LONGEST_S:
            self._least = 1
            rate = moved_bytes / seconds
            self._bytes_per_s = rate if self._bytes_per_s is None else min(self._bytes_per_s, rate)

    def most_bytes(self, bytes_per_s: float | None) -> int:
        """For the next request, where the operator allows it that many bytes per second."""
        if self._bytes_per_s is None:
            first = _FIRST_BYTES if bytes_per_s is None else bytes_per_s * _LONGEST_S
            return min(_FIRST_BYTES, max(1, int(first)))
        measured = max(self._least, int(self._bytes_per_s * _LONGEST_S))
        return (
            measured
            if bytes_per_s is None
            else max(1, min(measured, int(bytes_per_s * _LONGEST_S)))
        )
