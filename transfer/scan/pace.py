"""How a scan goes on: it may be ended between pages, and tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from transfer.ledger.connection import Ledger
from transfer.ledger.progress import Progress, write_progress
from transfer.scan.readers import Read

PAGE = 250
_TELL_EVERY_S = 0.4


class Interrupted(Exception):
    """The operator, or a signal, asked the phase to end; what is done stays done."""


def stop_if(should_stop: Callable[[], bool]) -> None:
    """Raises: Interrupted."""
    if should_stop():
        raise Interrupted


def pages(reads: Iterator[list[Read]]) -> Iterator[list[Read]]:
    """Reads put together until a page is worth a transaction, or half a second has passed; a page
    is empty where nothing was read in that time."""
    page: list[Read] = []
    began = time.monotonic()
    for read in reads:
        page += read
        if len(page) >= PAGE or time.monotonic() - began >= _TELL_EVERY_S:
            yield page
            page, began = [], time.monotonic()
    if page:
        yield page


class Teller:
    """Writes a row of progress now and then. `total` is 0 where it is not known."""

    def __init__(self, ledger: Ledger, note: str, total: int = 0) -> None:
        self._ledger = ledger
        self._note = note
        self._total = total
        self._began = time.monotonic()
        self._told = 0.0
        self.done = 0

    def passed(self, count: int) -> None:
        """So many more are done, one at least."""
        self.done += count
        now = time.monotonic()
        if now - self._told < _TELL_EVERY_S and self.done != self._total:
            return
        self._told = now
        if not self._total:
            write_progress(self._ledger, Progress(phase="scan", done=self.done, note=self._note))
            return
        pace = self.done / max(now - self._began, 1e-6)
        write_progress(
            self._ledger,
            Progress(
                phase="scan",
                done=self.done,
                total=self._total,
                note=self._note,
                eta_s=max(self._total - self.done, 0) / pace,
            ),
        )
