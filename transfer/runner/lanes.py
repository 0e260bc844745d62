"""How many requests run at the same time: as many as raise throughput, inside the operator's bound.

By Little's law the requests under way are throughput times duration: where one more brings no more
bytes, all of them only take longer. So throughput alone is looked at, as BBR does while it fills
its pipe (Cardwell et al., ACM Queue 14(5), 2016): doubled as long as that pays, then back to what
did, with one more or one fewer tried now and then. Trouble halves it, as in TCP (Jacobson, SIGCOMM
1988), once for all requests that were under way when it came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_START: Final = 4
_PAYS: Final = 1.03
"""What more requests must bring, and fewer may not cost: less than this is noise."""
_HAS_FALLEN: Final = 0.8
_LEAST_S: Final = 2.0
_MOST_S: Final = 20.0
_ROUNDS: Final = 2
"""A look takes so many answers for each request at a time, after one for each that is not looked
at: a new connection takes megabytes into its buffers that are not on the line yet."""
_FIRST_HOLD_S: Final = 15.0
_LONGEST_HOLD_S: Final = 600.0
_AFTER_TROUBLE_S: Final = 30.0


@dataclass(slots=True)
class _Look:
    """Since when is looked, bytes until then and answers since; None while all settles."""

    began: float
    answers: int = 0
    bytes_before: int | None = None


@dataclass(frozen=True, slots=True)
class _Trial:
    """What was in force before, and the best rate that a number of requests must keep up with."""

    allowed: int
    rate: float


class Lanes:
    """The number of requests at a time. Times in seconds on the clock given, rates in bytes per
    second. `most` is the bound of the operator, or of the node where that is smaller."""

    def __init__(self, clock: Callable[[], float], most: int) -> None:
        self._clock = clock
        self._most = max(1, most)
        self.allowed = min(_START, self._most)
        self._look: _Look | None = None
        self._trial: _Trial | None = None
        self._usual: float | None = None
        self._is_starting = True
        self._step = 1
        self._hold_s = _FIRST_HOLD_S
        self._hold_until = 0.0
        self._trouble_at = clock() - 1.0

    @property
    def most(self) -> int:
        return self._most

    @most.setter
    def most(self, most: int) -> None:
        most = max(1, most)
        if most > self._most:
            self._is_starting, self._hold_until = True, 0.0
        self._most = most
        if self.allowed > most:
            self._allow(most)

    def answered(self) -> None:
        """A request got an answer."""
        if self._look is not None:
            self._look.answers += 1

    def troubled(self, began: float) -> None:
        """A request that began then met a node that is busy, at fault or away."""
        if began <= self._trouble_at:
            return
        self._trouble_at = self._clock()
        self._is_starting, self._step = False, 1
        self._hold_until = self._trouble_at + _AFTER_TROUBLE_S
        self._allow(max(1, self.allowed // 2))

    def restart(self) -> None:
        """What was seen until now says nothing: the run pauses, or waits for the node."""
        self._look = None

    def look(self, bytes_moved: int) -> None:
        """Decide, once enough was seen; `bytes_moved` are all that went until now. To be called
        several times a second."""
        now = self._clock()
        if self._look is None:
            self._look = _Look(now)
        seen = self._look
        seconds = now - seen.began
        if seen.bytes_before is None:
            if seen.answers >= self.allowed or seconds >= _MOST_S:
                self._look = _Look(now, bytes_before=bytes_moved)
        elif seconds >= _MOST_S or (seconds >= _LEAST_S and seen.answers >= _ROUNDS * self.allowed):
            self._look = _Look(now, bytes_before=bytes_moved)
            self._judge((bytes_moved - seen.bytes_before) / seconds, now)

    def _judge(self, rate: float, now: float) -> None:
        trial, self._trial = self._trial, None
        if trial is None:
            if self._usual is not None and rate < _HAS_FALLEN * self._usual:
                # Too much at a time, perhaps. Where it is the line, fewer cost nothing either.
                self._step = -1
            elif now < self._hold_until:
                self._usual = max(rate, self._usual or 0.0)
                return
            self._try(rate)
        elif rate >= trial.rate * (_PAYS if self.allowed > trial.allowed else 1 / _PAYS):
            # Held to the best rate of all: many small losses are a large one.
            self._hold_s = _FIRST_HOLD_S
            self._try(max(rate, trial.rate) if self.allowed < trial.allowed else rate)
        else:
            self._is_starting = False
            self._wait(now)
            self._usual = trial.rate
            self._allow(trial.allowed)

    def _try(self, rate: float) -> None:
        step = self.allowed if self._is_starting else self._step
        number = min(self._most, max(1, self.allowed + step))
        self._usual = rate
        if number == self.allowed:
            self._is_starting = False
            self._wait(self._clock())
        else:
            self._allow(number, _Trial(self.allowed, rate))

    def _wait(self, now: float) -> None:
        self._step = -self._step
        self._hold_until = now + self._hold_s
        self._hold_s = min(2 * self._hold_s, _LONGEST_HOLD_S)

    def _allow(self, number: int, trial: _Trial | None = None) -> None:
        self.allowed, self._trial, self._look = number, trial, None
