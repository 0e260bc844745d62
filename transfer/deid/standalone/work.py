"""What the processes of `deid IN OUT` do: look at a file, and write what leaves of it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from transfer.deid.look.identifiers import Fact
from transfer.deid.methods import MethodSpec
from transfer.deid.standalone.rows import Fate
from transfer.errors import SourceChanged
from transfer.workers import News, Pool, Trade

if TYPE_CHECKING:
    from transfer.deid.pixels import OutgoingPiece, PixelPlan
    from transfer.deid.rewrite import Stopped

Numbers = dict[tuple[str, str], int]

_DIED: Final = (
    "The process that worked on this file ended. Look at it in a DICOM viewer, and export it again."
)
# A pipe that somebody puts in the place of a file must not hold us up.
_READING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_PATIENT_ID: Final = 0x00100020
_PATIENT_NAME: Final = 0x00100010
_INSTANCE_NUMBER: Final = 0x00200013
_KINDS: Final = {
    "dicomdir": "A DICOMDIR is an index with patient data; it is not needed.",
    "nifti": "NIfTI images are not de-identified here.",
    "table": "Only tables in the top folder whose name ends in .csv are taken along.",
    "sidecar": "Side files of images are not de-identified here.",
    "archive": "Archives are not opened. Unpack it into the folder if it holds images.",
    "other": "This is no DICOM object.",
}


@dataclass(frozen=True, slots=True)
class Input:
    """One file of the input."""

    row: int
    path: bytes = field(repr=False)
    scanned: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """An instance: `mark` tells its patient from others."""

    row: int
    mark: str = field(repr=False)
    facts: tuple[Fact, ...]
    number: int | None
    sop: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """A file that goes no further. `places` are elements that would tell whose it is."""

    row: int
    fate: Fate
    reason: str
    message: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written of an instance, and where. `names` would stand in file names."""

    input: Input
    facts: tuple[Fact, ...]
    path: bytes = field(repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Drafted:
    """It was written. `names` are the new ones of patient, study and series."""

    row: int
    names: tuple[str, str, str] = field(repr=False)
    size_bytes: int
    is_marked: bool


@dataclass(frozen=True, slots=True)
class NumberWanted:
    """The script asks for a number that was not given yet."""

    row: int
    key_type: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DiskTrouble:
    """The disk does not take what is to be written."""

    row: int
    why: str


@dataclass(frozen=True, slots=True, repr=False)
class Setup:
    """What a writing process needs to know; `spool` is a folder for pixels that it has to decode.
    Never shown: it holds the key."""

    spec: MethodSpec
    clock: dt.datetime
    spool: Path
    released: frozenset[int] = frozenset()


def lookers(processes: int) -> Pool[Input, Seen | Ended]:
    """Processes that look at files."""
    return Pool(processes, Trade(_begin_look, None, _looking_died, lambda one: 64 + len(one.path)))


def writers(
    processes: int, setup: Setup
) -> Pool[Draft, Drafted | Ended | NumberWanted | DiskTrouble]:
    """Processes that write drafts; told `(key type, text, number)` of each number given."""
    return Pool(processes, Trade(_begin_write, setup, _writing_died, _draft_size, 4))


def _looking_died(one: Input) -> Seen | Ended:
    return Ended(one.row, Fate.QUARANTINED, "reader-died", _DIED)


def _writing_died(draft: Draft) -> Drafted | Ended | NumberWanted | DiskTrouble:
    return Ended(draft.input.row, Fate.QUARANTINED, "unreadable", _DIED)


def _draft_size(draft: Draft) -> int:
    texts = (*(fact.text for fact in draft.facts), *draft.names)
    return 128 + len(draft.input.path) + len(draft.path) + sum(32 + 4 * len(t) for t in texts)


# Looking ------------------------------------------------------------------------------------


def _begin_look(setup: object, news: News) -> Callable[[Input], Seen | Ended]:
    return look_at


def look_at(one: Input) -> Seen | Ended:
    """What a file is, and whose. Never raises, whatever it holds."""
    from transfer.deid.header.reading import Unreadable, read_header
    from transfer.deid.look.identifiers import identifiers_of
    from transfer.scan.facts import FileKind, FileVerdict
    from transfer.scan.inspect import inspect_file
    from transfer.scan.reasons import explain

    facts = inspect_file(one.path)
    code = facts.reasons[0] if facts.reasons else ""
    if facts.kind is not FileKind.INSTANCE or facts.header is None:
        told = explain(code) if facts.verdict is FileVerdict.REJECT else _KINDS[facts.kind]
        return Ended(one.row, Fate.LEFT_OUT, code or f"{facts.kind}-not-taken", told)
    if facts.verdict is FileVerdict.REJECT:
        return Ended(one.row, Fate.QUARANTINED, code, explain(code))
    try:
        fd = os.open(one.path, _READING)
        try:
            header = read_header(fd, one.scanned[0])
        finally:
            os.close(fd)
    except Unreadable as refused:
        return Ended(one.row, Fate.QUARANTINED, "unreadable", refused.reason)
    except OSError:
        told = explain("unreadable-file")
        return Ended(one.row, Fate.QUARANTINED, "unreadable-file", told)
    known = identifiers_of(header)
    told_id = facts.header.patient_id.strip()
    # Who has no ID is told from others by the name, and without one by the study.
    mark = told_id or f"\0{facts.header.patient_name or facts.header.study_uid}"
    element = header.dataset.get(_INSTANCE_NUMBER)
    number = _whole(element.value if element is not None else None)
    return Seen(one.row, mark, tuple(known.facts), number, facts.header.sop_instance_uid)


def _whole(value: object) -> int | None:
    text = value.strip(b" \0") if isinstance(value, bytes) else b""
    try:
        number = int(text[:12])
    except ValueError:
        return None
    return number


# Writing ------------------------------------------------------------------------------------


def _begin_write(
    setup: Setup, news: News
) -> Callable[[Draft], Drafted | Ended | NumberWanted | DiskTrouble]:
    from transfer.deid.look.identifiers import Identifiers
    from transfer.deid.methods import build_method, build_pixel_rules
    from transfer.deid.model import Moment, NumberNeeded
    from transfer.deid.rewrite import Look, Stopped, rewrite

    method = build_method(setup.spec)
    pixel_rules = build_pixel_rules(setup.spec, setup.spool)
    numbers: Numbers = {}

    def number(key_type: str, text: str) -> int:
        if (key_type, text) not in numbers:
            raise NumberNeeded(key_type, text)
        return numbers[key_type, text]

    moment = Moment(setup.clock, number)

    def write(draft: Draft) -> Drafted | Ended | NumberWanted | DiskTrouble:
        while news:
            key_type, text, given = news.popleft()
            numbers[key_type, text] = given
        one = draft.input
        last_look = Look(Identifiers(draft.facts), setup.released, draft.names)
        try:
            made = rewrite(one.path, method, moment, last_look, one.scanned, pixel_rules)
        except NumberNeeded as needed:
            return NumberWanted(one.row, needed.key_type, needed.text)
        if isinstance(made, Stopped):
            return _ended(one.row, made)
        trouble = _copy(one, draft.path, made.pieces)
        if trouble is not None:
            return trouble
        new = made.identity
        names = (new.patient_id, new.study_uid, new.series_uid)
        return Drafted(one.row, names, made.size_bytes, made.is_marked)

    return write


def _ended(row: int, stopped: Stopped) -> Ended:
    from transfer.deid.rewrite import Cause

    fate = {Cause.SKIPPED: Fate.SKIPPED, Cause.IDENTIFIER: Fate.STOPPED}
    places = tuple(f"{hit.kind} in {hit.where}" for hit in stopped.hits)
    return Ended(
        row, fate.get(stopped.cause, Fate.QUARANTINED), stopped.cause, stopped.reason, places
    )


def _copy(one: Input, target: bytes, pieces: Sequence[OutgoingPiece]) -> DiskTrouble | Ended | None:
    """Write the pieces into a file for its owner alone; None when it is there whole."""
    from transfer.deid.rewrite import CHANGED

    changed = Ended(one.row, Fate.QUARANTINED, "changed", CHANGED)
    try:
        source = os.open(one.path, _READING)
    except OSError:
        return changed
    try:
        status = os.fstat(source)
        if (status.st_size, status.st_mtime_ns) != one.scanned:
            return changed
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with open(os.open(target, flags, 0o600), "wb") as file:
            _stream(pieces, source, file)
    except SourceChanged:
        return changed
    except OSError as error:
        return DiskTrouble(one.row, error.strerror or "")
    finally:
        os.close(source)
    return None


def _stream(pieces: Sequence[OutgoingPiece], source: int, file: BinaryIO) -> None:
    from transfer.deid.header.writing import copy
    from transfer.deid.model import Stretch

    for piece in pieces:
        if isinstance(piece, bytes | Stretch):
            copy([piece], source, file.write)
        else:
            _stream_blanked(piece, source, file)


def _stream_blanked(plan: PixelPlan, source: int, file: BinaryIO) -> None:
    from transfer.deid.pixels import NotBlanked, stream_pixels

    try:
        for block in stream_pixels(plan, source):
            file.write(block)
    except NotBlanked as error:
        raise SourceChanged(
            "A source file changed while its pixels were blanked.", "Start over."
        ) from error
    finally:
        if plan.spool is not None:
            plan.spool.unlink(missing_ok=True)
