"""The scan of a source folder: walk it, read what is new, keep everything in the ledger."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice

from transfer import checkpoint
from transfer.errors import UsageError
from transfer.ledger.archives import put_away_members
from transfer.ledger.arrivals import waiting_tables
from transfer.ledger.connection import Ledger
from transfer.ledger.directories import forget_count
from transfer.ledger.files import (
    begin_walk,
    count_unread,
    prepare_reading,
    record_missing,
    record_seen,
    unread_files,
)
from transfer.ledger.intake import Intake
from transfer.ledger.order import read_order
from transfer.ledger.scanned import record_scanned
from transfer.ledger.steps import set_step
from transfer.scan import pace
from transfer.scan.archives import open_archives
from transfer.scan.dicomdir import count_absent
from transfer.scan.facts import InstanceHeader
from transfer.scan.pace import Interrupted, Teller, pages, stop_if
from transfer.scan.readers import header_readers
from transfer.scan.renewal import renew_traits
from transfer.scan.walk import walk
from transfer.values import StepState

__all__ = ["Interrupted", "scan"]


def scan(ledger: Ledger, *, processes: int, should_stop: Callable[[], bool]) -> None:
    """Scan the source of this transfer. Blocking; may be interrupted anywhere and repeated.

    Files read by an earlier scan are read again only where size or time changed, or where rules
    have come that read more of a header.

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
        renew_traits(ledger, source, processes, should_stop)
        _read_headers(ledger, source, processes, should_stop)
        if open_archives(ledger, source, lambda: stop_if(should_stop)):
            prepare_reading(ledger)
            _read_headers(ledger, source, processes, should_stop)
    count_absent(ledger, source, lambda: stop_if(should_stop))
    record_scanned(ledger)


def _walk_source(ledger: Ledger, source: bytes, should_stop: Callable[[], bool]) -> int:
    """Note what is there; returns how many files are there no more."""
    presence = begin_walk(ledger)
    entries = walk(source)
    teller = Teller(ledger, "Looking for files")
    while page := list(islice(entries, pace.PAGE)):
        stop_if(should_stop)
        record_seen(ledger, page, presence)
        checkpoint.passed("walked")
        teller.passed(len(page))
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
    intake = Intake(ledger, source, _prefix_length, lambda: stop_if(should_stop))
    teller = Teller(ledger, "Reading headers", total)
    with header_readers(processes) as readers:
        files = ((row, os.path.join(source, path)) for row, path in unread_files(ledger))
        for page in pages(readers.answers(files)):
            stop_if(should_stop)
            if page:
                intake.take(page)
                checkpoint.passed("read")
                teller.passed(len(page))
    stop_if(should_stop)


def _prefix_length(header: InstanceHeader) -> int:
    from transfer.scan.filemeta import file_meta_prefix

    return len(file_meta_prefix(header))
