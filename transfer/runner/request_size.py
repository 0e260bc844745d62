"""How much one request may hold, so that a broken one costs about a minute at the measured rate."""

from __future__ import annotations

from typing import Final

_LONGEST_S: Final = 60.0
_FIRST_BYTES: Final = 1024 * 1024
_LATEST_COUNTS: Final = 0.3


class RequestSize:
    """The bytes that the next request may hold; the node's own limit stands in the plan.

    Before anything was measured requests are small: on a line of 1 Mbit/s the node's limit may be
    many minutes. From then on the rate of one request counts, with its wait for the answer, so
    that what is fast grows to the node's limit with the next request.
    """

    def __init__(self) -> None:
        self._bytes_per_s: float | None = None

    def ended(self, size_bytes: int, seconds: float) -> None:
        """A request got its answer after so long."""
        if not size_bytes:
            return
        rate = size_bytes / max(seconds, 0.001)
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
            rate = moved_bytes / seconds
            self._bytes_per_s = rate if self._bytes_per_s is None else min(self._bytes_per_s, rate)

    def most_bytes(self, bytes_per_s: float | None) -> int:
        """For the next request, where the operator allows it that many bytes per second."""
        if self._bytes_per_s is None:
            first = _FIRST_BYTES if bytes_per_s is None else bytes_per_s * _LONGEST_S
            return min(_FIRST_BYTES, max(1, int(first)))
        rate = self._bytes_per_s if bytes_per_s is None else min(bytes_per_s, self._bytes_per_s)
        return max(1, int(rate * _LONGEST_S))
