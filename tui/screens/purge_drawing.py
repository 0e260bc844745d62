"""How the end of retention is drawn: what goes, what stays, what nobody reaches from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from transfer.sentences import listed
from tui import figures
from tui.purging import NOT_HERE, End, Removal, key_told, names_told
from tui.screens.evidence_drawing import digest_lines
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line

_LABEL: Final = 10
_GOES: Final = (
    "Patient IDs, names, original UIDs, dates, paths and clinical rows in the ledger",
    "The cohort's key, unless another transfer needs it, and the crosswalk with it",
    "Previews, logs, prepared tables, hand-over copies: every other file here",
)
_STAYS: Final = (
    "Counts, receipts, digests, findings by row key, legal record, audit log",
    "The report, written right before; its digest is shown here afterwards",
)
_NAMES_STAY: Final = "The names on the node, to answer a withdrawal by pseudonym"
_NAMES_GO: Final = "The names on the node too: files went under their own, which are originals"


def draw_end(end: End | None, width: int) -> list[Content]:
    """Before: what would happen."""
    if end is None:
        return []
    found = _due(end, width)
    if end.unfinished:
        found.append(ink("! Originals are still needed:", "bold $warn"))
        found += _points(end.unfinished, width, "$warn")
    goes = _GOES if end.may_keep_names else (*_GOES, _NAMES_GO)
    stays = (*_STAYS, _NAMES_STAY) if end.may_keep_names else _STAYS
    for title, points in (
        ("Goes for good:", goes),
        ("Stays:", stays),
        ("Out of reach from here, and yours to remove:", NOT_HERE),
    ):
        found += [ink(title, "bold"), *_points(points, width)]
    return found


def _due(end: End, width: int) -> list[Content]:
    day = end.retention.due_day
    told = ink(day or "no day is recorded", "" if day else "$muted")
    if end.retention.is_due(end.today):
        told = ink(f"! {day}: the day has come", "bold $warn")
    return [line(cell("Due", _LABEL, "$muted"), cell(told, width - _LABEL))]


def _points(points: Sequence[str], width: int, style: str = "") -> list[Content]:
    found: list[Content] = []
    for text in points:
        pieces = wrapped(ink(plain(text), style), width - 4)
        found += [line("  · " if not n else "    ", piece) for n, piece in enumerate(pieces)]
    return found


def draw_removal(removal: Removal, width: int) -> list[Content]:
    """While it goes on."""
    text = (
        "It is not stopped any more. If this machine loses power now, it goes on where it was the"
        " next time it is asked for."
    )
    return [ink(plain(removal.stage), "bold"), Content(""), *wrapped(ink(text, "$muted"), width)]


def draw_done(end: End, removal: Removal | None, width: int) -> list[Content]:
    """After: what was removed, and by what the evidence is proved."""
    now = end.retention
    found = [
        line(("✓ ", "$good"), (f"Originals were removed on {now.done_at_utc[:10]}.", "bold $good"))
    ]
    purged = removal.purged if removal else None
    if purged is not None:
        copies = figures.count(purged.copies, "file or folder", "files and folders")
        found += _fact("Copies", f"{copies} removed", width)
        found += _fact("Key", key_told(now, purged), width)
    found += _fact("Names", names_told(now), width)
    if purged is not None and purged.telling:
        told = listed(purged.telling, 5)
        text = f"{told}: what was recorded there is never changed, and may tell of a patient"
        found += _fact("Look at", text, width)
    found += [Content(""), ink("The digest of the evidence, to be kept elsewhere:", "$muted")]
    found += digest_lines(now.report_digest)
    return [*found, Content(""), ink("Yours to remove:", "bold"), *_points(NOT_HERE, width)]


def _fact(name: str, text: str, width: int) -> list[Content]:
    pieces = wrapped(ink(plain(text)), width - _LABEL)
    return [line(cell("" if n else name, _LABEL, "$muted"), one) for n, one in enumerate(pieces)]


def purge_now(end: End | None, removal: Removal | None) -> Now:
    """What now."""
    if removal is not None and not removal.is_over:
        return Now("Originals are being removed.", "Please wait; [Esc] goes back, and it goes on.")
    if end is None:
        return Now("Looking at the transfer…", "[Esc] goes back.")
    if end.retention.is_done:
        return Now("The evidence is kept: it is all that is left.", "[Esc] goes back.")
    if end.retention.is_begun:
        return Now("The removal was interrupted.", "[x] finishes it.", "bold $warn")
    if end.unfinished:
        press = "[d] records the day it is due.   [x] removes all the same; it asks first."
        return Now("It is too early: originals are still needed.", press)
    press = "[x] removes them; the name has to be typed.   [d] records a day instead."
    return Now("Nothing is removed yet.", press)
