"""Archives of the source, opened where they lie: each of their files becomes a source file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, Literal

from transfer import checkpoint
from transfer.ledger.archives import (
    Archive,
    SeenMember,
    archives_to_open,
    close_archive,
    record_members,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.progress import Progress, write_progress
from transfer.opening import Opened, open_source
from transfer.scan.listing import ArchiveRefused, Listed
from transfer.scan.reasons import Reason
from transfer.scan.tars import tar_members
from transfer.scan.zips import zip_members

_PAGE: Final = 1000
_OPENED: Final = "archive-opened"


def open_archives(ledger: Ledger, source: bytes, pulse: Callable[[], None]) -> bool:
    """List the members of every archive whose members are not known. Blocking; may be interrupted
    anywhere and repeated. `pulse` is called between pages; what it raises ends the listing.

    Returns:
        Whether there is anything new to read.
    """
    seen, last = 0, 0
    while archives := archives_to_open(ledger, last):
        for archive in archives:
            last = archive.row
            verdict: Literal["companion", "rejected"] = "companion"
            reason = _OPENED
            try:
                with open_source(os.path.join(source, archive.path)) as opened:
                    for page in _pages(archive, opened):
                        pulse()
                        record_members(ledger, archive, page)
                        checkpoint.passed("opened")
                        seen += len(page)
                        write_progress(ledger, Progress("scan", seen, note="Opening archives"))
                    if opened.stamp_now() != (archive.size_bytes, archive.mtime_ns):
                        # Written to since the walk; the next one tells what is in it by now.
                        verdict, reason = "rejected", Reason.UNREADABLE_FILE.value
            except ArchiveRefused as refused:
                verdict, reason = "rejected", refused.reason.value
            except OSError:
                verdict, reason = "rejected", Reason.UNREADABLE_FILE.value
            close_archive(ledger, archive, verdict, reason)
    return seen > 0


def _pages(archive: Archive, opened: Opened) -> Iterator[list[SeenMember]]:
    """Pages of members; what was listed before an archive could not be read on comes too."""
    listing = list_members(opened)
    while True:
        page: list[SeenMember] = []
        try:
            for listed in islice(listing, _PAGE):
                page.append(_seen(archive, listed))
        except ArchiveRefused:
            if page:
                yield page
            raise
        if not page:
            return
        yield page


def _seen(archive: Archive, listed: Listed) -> SeenMember:
    member = listed.member
    # What is not read may say of itself what it likes.
    size_bytes = member.packed_bytes if listed.refusal else member.size_bytes
    return SeenMember(member.path_in(archive.path), size_bytes, str(listed.refusal or ""))


def list_members(opened: Opened) -> Iterator[Listed]:
    """The files in an open zip or tar, in pages as they are asked for.

    Raises:
        ArchiveRefused: it cannot be read, or not further.
        OSError: the disk.
    """
    is_zip = os.pread(opened.fd, 2, 0) == b"PK"
    return (zip_members if is_zip else tar_members)(opened.fd, opened.size_bytes)
