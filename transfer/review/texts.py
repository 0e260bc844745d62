"""Free text that stays: each distinct value once, with how often it was met (DID-06)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.review.glass import Glass
from transfer.review.lines import Change, Line
from transfer.review.look import look_at
from transfer.review.sample import sample_of

VALUES_LIMIT: Final = 5000
SERIES_LIMIT: Final = 5000
# In the keywords of elements that people write into by hand.
_WRITTEN: Final = (
    "Description", "Comment", "Protocol", "Text", "Label", "History", "Reason", "Unknown",
    "Private",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StayingText:
    """One distinct value of one element. `series` counts Series, `first` names one of them.

    `is_original`: the last look found the patient in it.
    """

    tag: int
    keyword: str
    text: str = field(repr=False)
    series: int
    first: str
    is_original: bool = False


class TextTally:
    """Gathers the texts of one Series after the other; at most `VALUES_LIMIT` distinct ones."""

    def __init__(self) -> None:
        self.series = 0
        self.is_full = False
        self._found: dict[tuple[int, str], StayingText] = {}

    def add(self, series: str, lines: Iterable[Line]) -> None:
        """Take in what leaves of one Series."""
        self.series += 1
        met = {(line.path[-1], text): line for line in lines if (text := _staying(line))}
        for (tag, text), line in met.items():
            known = self._found.get((tag, text))
            if known is None and len(self._found) >= VALUES_LIMIT:
                self.is_full = True
                continue
            n, first = (known.series, known.first) if known else (0, series)
            is_original = bool(line.hit) or (known is not None and known.is_original)
            self._found[tag, text] = StayingText(tag, line.keyword, text, n + 1, first, is_original)

    def texts(self) -> list[StayingText]:
        """All values: what people write into first, codes last; of one element the rarest first,
        for one looks for the odd one out."""
        return sorted(self._found.values(), key=lambda t: (_rank(t), t.tag, t.series, t.text))


def _rank(text: StayingText) -> int:
    if text.tag >> 16 == 0x0008 and 0x0100 <= text.tag & 0xFFFF <= 0x0124:
        return 2
    return 0 if any(word in text.keyword for word in _WRITTEN) else 1


def read_on(
    ledger: Ledger,
    glass: Glass,
    tally: TextTally,
    after: int,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Take in one slice of each Series after a row, for so many seconds or `SERIES_LIMIT` in all.

    Returns:
        The row of the last Series that was read; `after` where there is none any more.
    """
    until = clock() + seconds
    while tally.series < SERIES_LIMIT:
        row = ledger.number("SELECT min(id) FROM series WHERE id > ?", after)
        if not row:
            break
        try:
            sample = sample_of(ledger, row)
        except UsageError:
            # All that was in it was left out; there is nothing to look at.
            after = row
            continue
        tally.add(f"E{row}", look_at(sample, glass, own_only=True)[0].comparison.lines)
        after = row
        if clock() >= until:
            break
    return after


def _staying(line: Line) -> str:
    if not line.is_free_text or line.after is None:
        return ""
    if line.change is Change.CHANGED and line.before is not None:
        # A method that adds a text to others lets these leave as they are.
        was = line.before.text
        return was if was and line.after.text.startswith(f"{was}\\") else ""
    if line.change is not Change.KEPT:
        return ""
    return line.after.text
