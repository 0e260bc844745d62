"""The scan of a source folder: walk it, read what is new, keep everything in the ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from itertools import islice

from transfer import checkpoint
from transfer.errors import UsageError
from transfer.ledger.archives import put_away_members
from transfer.ledger.arrivals import waiting_tables
from transfer.ledger.census import take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.directories import forget_count
from transfer.ledger.files import (
    begin_walk,
    count_unread,
    count_unreadable,
    prepare_reading,
    record_missing,
    record_seen,
    unread_files,
)
from transfer.ledger.intake import Intake
from transfer.ledger.order import read_order
from transfer.ledger.progress import Progress, write_progress
from transfer.ledger.steps import set_step
from transfer.scan.archives import open_archives
from transfer.scan.dicomdir import count_absent
from transfer.scan.facts import FileFacts, InstanceHeader
from transfer.scan.readers import header_readers
from transfer.scan.walk import walk
from transfer.values import StepState

_PAGE = 1000
_TELL_EVERY_S = 0.4


class Interrupted(Exception):
    """The operator, or a signal, asked the phase to end; what is done stays done."""


def scan(ledger: Ledger, *, processes: int, should_stop: Callable[[], bool]) -> None:
    """Scan the source of this transfer. Blocking; may be interrupted anywhere and repeated.

    Files read by an earlier scan are read again only where size or time changed.

    Raises:
        Interrupted: `should_stop` said so.
        UsageError: the source folder itself cannot be read.
    """
    source = os.fsencode(read_order(ledger).source)
    if not os.access(source, os.R_OK | os.X_OK):
        raise UsageError(
            "The source folder cannot be read now; what is known of it was left as it is.",
            "Mount the share again, or ask for access, then repeat the command.",
        )
    set_step(ledger, "scan", StepState.RUNNING)
    with waiting_tables(ledger):
        gone = _walk_source(ledger, source, should_stop)
        if gone or count_unread(ledger):
            forget_count(ledger)
        _read_headers(ledger, source, processes, should_stop)
        if open_archives(ledger, source, lambda: _stop_if(should_stop)):
            prepare_reading(ledger)
            _read_headers(ledger, source, processes, should_stop)
    count_absent(ledger, source, lambda: _stop_if(should_stop))
    census, unreadable = take_census(ledger), count_unreadable(ledger)
    found = f"{census.instances.found} instances in {census.files.seen} files."
    if unreadable:
        # Not done: the next run looks again, for the share or the permission may be back.
        found = f"{found} {unreadable} files or folders could not be read."
        set_step(ledger, "scan", StepState.BLOCKED, found)
    else:
        set_step(ledger, "scan", StepState.DONE, found)


def _walk_source(ledger: Ledger, source: bytes, should_stop: Callable[[], bool]) -> int:
    """Note what is there; returns how many files are there no more."""
    presence = begin_walk(ledger)
    entries = walk(source)
    seen, told = 0, 0.0
    while page := list(islice(entries, _PAGE)):
        _stop_if(should_stop)
        record_seen(ledger, page, presence)
        checkpoint.passed("walked")
        seen += len(page)
        if (now := time.monotonic()) - told >= _TELL_EVERY_S:
            told = now
            write_progress(ledger, Progress(phase="scan", done=seen, note="Looking for files"))
    gone = record_missing(ledger, presence)
    put_away_members(ledger)
    prepare_reading(ledger)
    return gone


def _read_headers(
    ledger: Ledger, source: bytes, processes: int, should_stop: Callable[[], bool]
) -> None:
    total = count_unread(ledger)
    if not total:
        return
    intake = Intake(ledger, source, _prefix_length, lambda: _stop_if(should_stop))
    done, began, told = 0, time.monotonic(), 0.0
    with header_readers(processes) as readers:
        files = ((row, os.path.join(source, path)) for row, path in unread_files(ledger))
        for page in _pages(readers.answers(files)):
            _stop_if(should_stop)
            if not page:
                continue
            intake.take(page)
            checkpoint.passed("read")
            done += len(page)
            now = time.monotonic()
            if now - told >= _TELL_EVERY_S or done == total:
                told = now
                pace = done / max(now - began, 1e-6)
                write_progress(
                    ledger,
                    Progress(
                        phase="scan",
                        done=done,
                        total=total,
                        note="Reading headers",
                        eta_s=max(total - done, 0) / pace,
                    ),
                )


def _pages(reads: Iterator[list[tuple[int, FileFacts]]]) -> Iterator[list[tuple[int, FileFacts]]]:
    """Reads put together until a page is worth a transaction, or half a second has passed; a page
    is empty where nothing was read in that time."""
    page: list[tuple[int, FileFacts]] = []
    began = time.monotonic()
    for read in reads:
        page += read
        if len(page) >= _PAGE or time.monotonic() - began >= _TELL_EVERY_S:
            yield page
            page, began = [], time.monotonic()
    if page:
        yield page


def _prefix_length(header: InstanceHeader) -> int:
    from transfer.scan.filemeta import file_meta_prefix

    return len(file_meta_prefix(header))


def _stop_if(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Interrupted
