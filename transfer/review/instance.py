"""One instance of a transfer by its key, and its header as it lies in the source."""

from __future__ import annotations

import os
from typing import Final

from transfer.deid.header.reading import Unreadable, read_header
from transfer.deid.model import Element, Header, Stretch
from transfer.errors import SourceChanged, UsageError
from transfer.ledger.connection import Ledger
from transfer.opening import Opened, open_source
from transfer.review.outline import Outline
from transfer.review.sample import Sample, sample_of, series_row
from transfer.review.telling import HEAD_BYTES

_HEADS_LIMIT: Final = 256
_WARMED: Final = 64
_NO_KEY: Final = (
    "That is no key of an instance or a series.",
    "Instances are called I1, I2, …, series E1, E2, …: eucaim-transfer review NAME",
)


def find_sample(ledger: Ledger, key: str) -> Sample:
    """The instance of that key (I12), or the one in the middle of a Series (E3).

    Raises:
        UsageError: it is no key, or there is no such instance.
    """
    kind, number = key[:1].upper(), key[1:]
    if not number.isdecimal() or len(number) > 11 or kind not in ("I", "E"):
        raise UsageError(*_NO_KEY)
    if kind == "E":
        return sample_of(ledger, series_row(key))
    row = ledger.row("SELECT series_id FROM instance WHERE id = ?", int(number))
    if row is None:
        raise UsageError("There is no instance of that key in this transfer.", _NO_KEY[1])
    return sample_of(ledger, row[0], instance=int(number))


def key_of_example(ledger: Ledger, key: str, example: str) -> str | None:
    """The instance to look at for a finding about an object: its example where it has one, else one
    of the Series, Study or patient; None for what holds no instance."""
    for wanted in (example, key):
        kind, number = wanted[:1], wanted[1:]
        if not number.isdecimal() or kind not in _FIRST:
            continue
        row = ledger.row(_FIRST[kind], int(number))
        if row is not None:
            return f"I{row[0]}"
    return None


_FIRST: Final = {
    "I": "SELECT id FROM instance WHERE id = ?",
    "F": "SELECT id FROM instance WHERE file_id = ? LIMIT 1",
    "E": "SELECT id FROM instance WHERE series_id = ? LIMIT 1",
    "S": "SELECT i.id FROM series e JOIN instance i ON i.series_id = e.id"
    " WHERE e.study_id = ? LIMIT 1",
    "P": "SELECT i.id FROM study s JOIN series e ON e.study_id = s.id"
    " JOIN instance i ON i.series_id = e.id WHERE s.patient_id = ? LIMIT 1",
}


def read_outline(sample: Sample) -> Outline:
    """The outline of an instance. Blocking: it reads the file.

    Raises:
        SourceChanged: the file is gone or not what was scanned.
        UsageError: its header cannot be followed.
    """
    try:
        with open_sample(sample) as opened:
            header = read_header(opened.fd, opened.size_bytes)
            outline = Outline(header, _heads(opened.fd, header))
    except Unreadable as refused:
        raise UsageError(refused.reason, "The source file is untouched.") from None
    except OSError:
        raise gone() from None
    for place in outline.walk(_WARMED)[0]:
        outline.tell(place)  # what is slow to import is imported here, not while drawing
    return outline


def open_sample(sample: Sample) -> Opened:
    """The file, or the member of an archive, as it was scanned; the caller closes it.

    Raises:
        SourceChanged: it is gone or another one.
    """
    try:
        opened = open_source(sample.path)
    except OSError:
        raise gone() from None
    if opened.stamp != sample.scanned:
        opened.close()
        raise gone()
    return opened


def gone() -> SourceChanged:
    """What is said of a file that is not the one that was scanned."""
    return SourceChanged(
        "The source file of this instance is gone or was changed since the scan.",
        "Scan again, then look again: eucaim-transfer scan NAME",
    )


def _heads(fd: int, header: Header) -> dict[int, bytes]:
    """The first bytes of the long values at the root."""
    found: dict[int, bytes] = {}
    elements: list[Element] = [*header.dataset.values(), *header.after]
    if header.pixels is not None:
        elements.append(header.pixels)
    for element in elements:
        if isinstance(element.value, Stretch) and len(found) < _HEADS_LIMIT:
            at, length = element.value
            n = min(HEAD_BYTES, length)
            whole = header.inflated
            found[at] = whole[at : at + n] if whole is not None else os.pread(fd, n, at)
    return found
