"""What only a person gave, kept a second time: a file of lines beside the ledger, only added to.

Legal entries and words (waivers, answers, orders) are there before the command that took them says
so; that something was chosen or mended stands there too. Each line holds the digest of the one
before, so that a line that was changed or taken out shows. A ledger that is put back from a copy,
or made anew, takes from here what it lacks.

Texts that a person typed stand here as in a report: what in them tells of a patient is veiled, and
what a person chose by is left out where it is an original itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.private import locked, sync_folder, unwritable_home
from transfer.workspace import private_opener

KEPT_WORDS: Final = "ledger.words.jsonl"
"""The file, in the folder of the transfer."""

LEGAL_COLUMNS: Final = (
    "what",
    "state",
    "person",
    "day",
    "sha256",
    "is_digested_here",
    "ticket",
    "reason",
    "entered_by",
    "is_sandbox",
    "recorded_at_utc",
)
_LOCK: Final = "words.lock"
_NOTHING: Final = "0" * 64
_CHOSEN_BY: Final = (" study-date", " description", " patients", " studies")
_TAIL_BYTES: Final = 1024 * 1024
_FOUND: Final = (
    "SELECT a.id, a.at_utc, a.what, a.source_row FROM audit a"
    " WHERE a.id > ? AND (a.what IN ('word', 'legal') OR (a.what = 'event' AND EXISTS"
    " (SELECT 1 FROM event e WHERE e.id = a.source_row AND e.kind IN ('select', 'mend'))))"
    " ORDER BY a.id"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `upto` is the row of the ledger's own list of what happened that it came from."""

    upto: int
    what: str
    at_utc: str
    said: dict[str, Any]

    @property
    def likeness(self) -> tuple[str, str, str]:
        """By what the row of a ledger is known to be the one of this line."""
        named = self.said.get("subject") or self.said.get("what") or self.said.get("text") or ""
        return self.what, self.at_utc, str(named)


@dataclass(frozen=True, slots=True)
class Kept:
    """All lines that can be trusted, and whether others follow that cannot."""

    lines: tuple[Line, ...]
    is_broken: bool = False


def keep_words(ledger: Ledger) -> int:
    """Write what the ledger has and the file has not, and see that it is on the disk; how many
    lines. Of a transfer without a word there is no file.

    Raises:
        UsageError: the file cannot be written; the words stand in the ledger.
        LedgerDamaged: that cannot be read.
    """
    folder = ledger.folder
    if not (folder / KEPT_WORDS).exists() and ledger.row(f"{_FOUND} LIMIT 1", 0) is None:
        return 0
    try:
        with locked(folder / _LOCK):
            upto, digest = _tail(folder / KEPT_WORDS)
            found = [
                Line(row, what, at_utc, _said(ledger, what, source))
                for row, at_utc, what, source in ledger.rows(_FOUND, upto)
            ]
            if found:
                _append(folder / KEPT_WORDS, _veiled(ledger, found), digest)
    except OSError as error:
        raise unwritable_home(error) from error
    return len(found)


def is_behind(ledger: Ledger) -> bool:
    """Whether the file tells of more than the ledger: that is an older one, put back.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        upto, _ = _tail(ledger.folder / KEPT_WORDS)
    except OSError as error:
        raise unwritable_home(error) from error
    return upto > ledger.number("SELECT max(id) FROM audit")


def read_kept(folder: Path) -> Kept:
    """The lines from the first to the last whose digests fit. Untrusted text."""
    before = _NOTHING
    lines: list[Line] = []
    try:
        with open(folder / KEPT_WORDS, "rb") as file:
            for raw in file:
                line = _line(raw, before)
                if line is None:
                    # What a power cut left of the last line was never said to be kept.
                    return Kept(tuple(lines), is_broken=raw.endswith(b"\n"))
                before = hashlib.sha256(raw[:-1]).hexdigest()
                lines.append(line)
    except FileNotFoundError:
        return Kept(())
    return Kept(tuple(lines))


def mark_recovered(ledger: Ledger) -> None:
    """From here on lines follow another ledger: one that took over what it lacked.

    Raises:
        UsageError: the file cannot be written.
    """
    folder = ledger.folder
    try:
        with locked(folder / _LOCK):
            _, digest = _tail(folder / KEPT_WORDS)
            upto = ledger.number("SELECT max(id) FROM audit")
            _append(folder / KEPT_WORDS, [Line(upto, "recovered", utc_now(), {})], digest)
    except OSError as error:
        raise unwritable_home(error) from error


def begin_anew(ledger: Ledger) -> None:
    """Write the file from what the ledger holds now, without what it held before.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        (ledger.folder / KEPT_WORDS).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable_home(error) from error
    keep_words(ledger)


def _said(ledger: Ledger, what: str, row: int) -> dict[str, Any]:
    if what == "legal":
        found = ledger.row(f"SELECT {', '.join(LEGAL_COLUMNS)} FROM legal WHERE id = ?", row)  # noqa: S608 - our own words
        return dict(zip(LEGAL_COLUMNS, found or (), strict=True))
    if what == "event":
        found = ledger.row("SELECT kind, text FROM event WHERE id = ?", row)
        return dict(zip(("kind", "text"), found or (), strict=True))
    found = ledger.row("SELECT subject, value, person, reason FROM word WHERE id = ?", row)
    return dict(zip(("subject", "value", "person", "reason"), found or (), strict=True))


def _veiled(ledger: Ledger, lines: Sequence[Line]) -> list[Line]:
    """The lines as they may stand outside of the ledger."""
    for line in lines:
        if line.what == "word" and line.said["subject"].endswith(_CHOSEN_BY):
            line.said["value"] = ""
    if not ledger.number("SELECT 1 FROM patient LIMIT 1"):
        return list(lines)
    from transfer.evidence.speech import Speech

    speech = Speech(
        ledger,
        [str(line.said[key]) for line in lines for key in _typed(line)],
        [str(line.said[key]) for line in lines for key in _persons(line)],
    )
    for line in lines:
        for key in _typed(line):
            line.said[key] = speech.typed(str(line.said[key]))
        for key in _persons(line):
            line.said[key] = speech.person(str(line.said[key]))
    return list(lines)


def _typed(line: Line) -> list[str]:
    """What a person typed. What a waiver is about are keys of rows and places in a header."""
    is_ours = str(line.said.get("subject", "")).startswith("waive ")
    typed = ("reason", "ticket") if is_ours else ("reason", "ticket", "value")
    return [key for key in typed if key in line.said]


def _persons(line: Line) -> list[str]:
    return [key for key in ("person", "entered_by") if key in line.said]


def _append(path: Path, lines: Sequence[Line], digest: str) -> None:
    is_new = not path.exists()
    with open(path, "ab", opener=private_opener) as file:
        for raw in _written(lines, digest):
            file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def _written(lines: Sequence[Line], before: str) -> Iterator[bytes]:
    for line in lines:
        document = {
            "upto": line.upto,
            "what": line.what,
            "at_utc": line.at_utc,
            "said": line.said,
            "before": before,
        }
        raw = json.dumps(document, ensure_ascii=True).encode()
        before = hashlib.sha256(raw).hexdigest()
        yield raw + b"\n"


def _line(raw: bytes, before: str) -> Line | None:
    try:
        found = json.loads(raw)
        if not raw.endswith(b"\n") or found["before"] != before:
            return None
        return Line(
            int(found["upto"]), str(found["what"]), str(found["at_utc"]), dict(found["said"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _tail(path: Path) -> tuple[int, str]:
    """The row that the last whole line came from, and its digest. What a power cut left behind it
    is cut off."""
    try:
        with open(path, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - _TAIL_BYTES)
            file.seek(start)
            read = file.read()
            whole = read.rfind(b"\n") + 1
            if whole < len(read):
                file.truncate(start + whole)
            last = read[:whole].rstrip(b"\n").rpartition(b"\n")[2]
    except FileNotFoundError:
        return 0, _NOTHING
    if not last:
        return 0, _NOTHING
    digest = hashlib.sha256(last).hexdigest()
    try:
        return int(json.loads(last)["upto"]), digest
    except (ValueError, KeyError, TypeError):
        # A line that cannot be read: all that the ledger has stands behind it once more.
        return 0, digest
