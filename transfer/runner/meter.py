"""Counting what moves: lanes, rate and time left, for the one progress row."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass

from transfer.ledger.batches import Lease
from transfer.ledger.progress import HISTORY_STEP_S, Lane, Progress

_WINDOW_S = 10.0
_HISTORY_LENGTH = 60


@dataclass(slots=True)
class OpenLane:
    """A running request; bytes are counted as the connection takes them."""

    lease: Lease
    meter: Meter
    bytes_sent: int = 0
    state: str = "sending"
    handed_over_at: float | None = None
    """On the monotonic clock: when the last byte was handed over."""

    def moved(self, size_bytes: int) -> None:
        """Bytes were handed to the connection; said by the thread of the request."""
        self.bytes_sent += size_bytes
        self.meter.moved(size_bytes)
        if self.bytes_sent >= self.lease.size_bytes:
            self.state = "waiting for the answer"
            self.handed_over_at = time.monotonic()

    def rewind(self) -> None:
        """The request starts anew, so that no byte counts twice."""
        self.bytes_sent = 0
        self.state = "sending"


class Meter:
    """All counters of the sending phase. Sizes in bytes, times on the loop's clock."""

    def __init__(self) -> None:
        self.lanes: dict[int, OpenLane] = {}
        self.bytes_moved = 0
        self.bytes_left = 0
        self.done = 0
        self.total = 0
        self.phase = "send"
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, int]] = deque()
        self._history: deque[float] = deque(maxlen=_HISTORY_LENGTH)
        self._history_at = 0.0

    def moved(self, size_bytes: int) -> None:
        """Bytes left; may be said by any thread, and taken back by a negative number."""
        with self._lock:
            self.bytes_moved += size_bytes

    def open(self, lease: Lease) -> OpenLane:
        """A request begins."""
        lane = OpenLane(lease, self)
        self.lanes[lease.batch_id] = lane
        return lane

    def close(self, lane: OpenLane) -> None:
        """A request has ended, in whichever way."""
        self.lanes.pop(lane.lease.batch_id, None)

    def acknowledged(self, instances: int, size_bytes: int) -> None:
        """The node took that many instances."""
        self.done += instances
        self.bytes_left = max(0, self.bytes_left - size_bytes)

    def _rate(self, now: float) -> float:
        self._samples.append((now, self.bytes_moved))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()
        (began, before), (ended, after) = self._samples[0], self._samples[-1]
        return (after - before) / (ended - began) if ended > began else 0.0

    def progress(self, retries: int, note: str) -> Progress:
        """The moment, for the ledger."""
        now = asyncio.get_running_loop().time()
        rate = self._rate(now)
        if now - self._history_at >= HISTORY_STEP_S:
            self._history_at = now
            self._history.append(round(rate))
        flying = sum(lane.bytes_sent for lane in self.lanes.values())
        left = max(0, self.bytes_left - flying)
        return Progress(
            phase=self.phase,
            done=self.done,
            total=self.total,
            note=note,
            bytes_in_flight=flying,
            rate_bps=round(rate),
            eta_s=round(left / rate) if rate > 0 and self.phase == "send" else None,
            retries=retries,
            lanes=tuple(_shown(lane) for lane in self.lanes.values()),
            history=tuple(self._history),
        )


def _shown(lane: OpenLane) -> Lane:
    instances = lane.lease.instances
    return Lane(
        batch_id=lane.lease.batch_id,
        study=f"S{instances[0].study_row}" if instances else "",
        instances=len(instances),
        bytes_sent=min(lane.bytes_sent, lane.lease.size_bytes),
        bytes_total=lane.lease.size_bytes,
        attempt=lane.lease.attempt,
        state=lane.state,
    )
