"""One file on its way out: its header read, rewritten, looked over, and put together again.

Deterministic: the same file, method and moment give the same bytes, so that what was prepared
before the first byte left is what a batch holds, however often it is sent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.deid.header.reading import Unreadable, read_header
from transfer.deid.header.writing import PIECE_BYTES, assemble, size_of
from transfer.deid.look.identifiers import Identifiers, identifiers_of
from transfer.deid.look.lastlook import Hit, Read, look
from transfer.deid.model import (
    DataSet,
    Header,
    Method,
    Moment,
    Piece,
    Quarantined,
    Skipped,
    Stretch,
)
from transfer.mending import Mend, mend
from transfer.opening import open_source
from transfer.quality.extract import document_of_leaving
from transfer.scan.filemeta import part10_prefix
from transfer.scan.part10 import read_frame
from transfer.scan.source import FileSource
from transfer.scan.text import decoded, plain

if TYPE_CHECKING:
    from transfer.deid.pixels import OutgoingPiece, PixelPlan, PixelScript

_CHARSET: Final = 0x00080005
_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
_PATIENT_ID: Final = 0x00100020
_STUDY: Final = 0x0020000D
_SERIES: Final = 0x0020000E
_IDENTITY_REMOVED: Final = 0x00120062

_OF_NUMBERS: Final = b"0123456789+-.eE\\ \0"

NO_NUMBERS: Final = (
    "A long list of numbers holds something else than numbers. Correct it in the archive and"
    " export again."
)
CHANGED: Final = "The file is gone or is not the one that was scanned."


@dataclass(frozen=True, slots=True)
class OutgoingIdentity:
    """By what a node knows the instance that leaves; texts as they stand in its header."""

    patient_id: str
    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The Part 10 stream that leaves, its length in bytes, and the digest of its part in memory.

    The stretches among `pieces` are copied from the source file unchanged; a `PixelPlan` is
    streamed by `stream_pixels`, and its `spool`, where it has one, is the taker's to delete.
    `is_marked`: Patient Identity Removed (0012,0062) says so. `traits` is what rules read of the
    header that leaves, see `transfer.quality.extract`; `mends` which mends changed something in it,
    see `transfer.mending`.
    """

    pieces: tuple[OutgoingPiece, ...] = field(repr=False)
    size_bytes: int
    head_sha256: str
    identity: OutgoingIdentity = field(repr=False)
    is_marked: bool = False
    traits: str = field(default="", repr=False)
    mends: tuple[str, ...] = ()


class Cause(StrEnum):
    """Why an instance does not leave."""

    SKIPPED = "skipped"
    QUARANTINED = "quarantined"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True)
class Stopped:
    """An instance that does not leave, and why, in an operator's words that hold no value."""

    cause: Cause
    reason: str
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What the last look searches for besides what the file itself tells of its patient.

    `released` names elements that a person answered for; `names` are texts of the request
    (destination, labels).
    """

    identifiers: Identifiers
    released: Collection[str | int] = frozenset()
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PixelRules:
    """The pixel script in force. With a `spool` folder, frames that had to be decoded are kept
    there in a private file until they have gone; without, they are decoded again on the way."""

    script: PixelScript
    spool: Path | None = None


def rewrite(
    path: bytes | str,
    method: Method,
    moment: Moment,
    last_look: Look,
    scanned: tuple[int, int] | None = None,
    pixel_rules: PixelRules | None = None,
    mends: Sequence[Mend] = (),
) -> Outgoing | Stopped:
    """Rewrite one file. `scanned` is its size in bytes and time in nanoseconds by the scan. What
    persons had mended is mended before the method sees it.

    Raises:
        NumberNeeded: a script asks for a number that has not been given yet.
    """
    try:
        opened = open_source(path)
    except OSError:
        return Stopped(Cause.CHANGED, CHANGED)
    plan: PixelPlan | None = None
    made: Outgoing | Stopped | None = None
    try:
        if scanned is not None and opened.stamp != scanned:
            return Stopped(Cause.CHANGED, CHANGED)
        header = read_header(opened.fd, opened.size_bytes)
        header, evidence = mend(header, mends) if mends else (header, ())
        if pixel_rules is not None:
            blanked = _blanked(header, opened.fd, pixel_rules)
            if isinstance(blanked, Stopped):
                return blanked
            header, plan = blanked
        made = rewrite_header(header, method, moment, last_look, plan, partial(_read_at, opened.fd))
        if evidence and isinstance(made, Outgoing):
            made = replace(made, mends=evidence)
        return made
    except Unreadable as refused:
        return Stopped(Cause.UNREADABLE, refused.reason)
    except OSError:
        return Stopped(Cause.CHANGED, CHANGED)
    finally:
        opened.close()
        if plan is not None and plan.spool is not None and not isinstance(made, Outgoing):
            plan.spool.unlink(missing_ok=True)


def rewrite_mended(
    path: bytes | str,
    mends: Sequence[Mend],
    scanned: tuple[int, int],
    has_part10: bool,
) -> Outgoing | Stopped:
    """One file that goes as it is but for its mends: nothing is looked for, nothing else changes
    but group lengths, which are retired and would be wrong. A data set that is not mended leaves
    byte for byte. `has_part10`: the file can go as it is; see `InstanceHeader`."""
    try:
        with open_source(path) as opened:
            if opened.stamp != scanned:
                return Stopped(Cause.CHANGED, CHANGED)
            source = read_header(opened.fd, opened.size_bytes)
            header, evidence = mend(source, mends)
            made = replace(_outgoing(header), mends=evidence)
            if header is not source:
                return made
            if has_part10 and not evidence:
                return _of_pieces(made, (Stretch(0, opened.size_bytes),))
            body_at = read_frame(FileSource(opened.fd, opened.size_bytes)).body_at
            identity = made.identity
            uids = identity.sop_class_uid, identity.sop_instance_uid
            prefix = part10_prefix(*uids, identity.transfer_syntax_uid)
            return _of_pieces(made, (prefix, Stretch(body_at, opened.size_bytes - body_at)))
    except Unreadable as refused:
        return Stopped(Cause.UNREADABLE, refused.reason)
    except OSError:
        return Stopped(Cause.CHANGED, CHANGED)


def _of_pieces(made: Outgoing, pieces: tuple[Piece, ...]) -> Outgoing:
    return replace(made, pieces=pieces, size_bytes=size_of(pieces), head_sha256=_digest(pieces))


def _read_at(fd: int, offset: int, length: int) -> bytes:
    return os.pread(fd, length, offset)


def _blanked(
    header: Header, fd: int, rules: PixelRules
) -> tuple[Header, PixelPlan | None] | Stopped:
    from transfer.deid.pixels import blank, regions_for

    outcome = blank(header, fd, regions_for(rules.script, header), rules.spool)
    if isinstance(outcome, Quarantined):
        return Stopped(Cause.QUARANTINED, outcome.reason)
    return (header, None) if outcome is None else (outcome.header, outcome.plan)


def rewrite_header(
    header: Header,
    method: Method,
    moment: Moment,
    last_look: Look,
    plan: PixelPlan | None = None,
    read: Read | None = None,
) -> Outgoing | Stopped:
    """As `rewrite`, for a header that was read already, or blanked by `plan`. By `read` the last
    look sees the long values that stay in the file.

    Raises:
        NumberNeeded: see `rewrite`.
        OSError: by `read`.
    """
    outcome = method.apply(header, moment)
    if isinstance(outcome, Skipped):
        return Stopped(Cause.SKIPPED, outcome.reason)
    if isinstance(outcome, Quarantined):
        return Stopped(Cause.QUARANTINED, outcome.reason)
    out = outcome.header
    if read is not None and not all(_is_list(stretch, out, read) for stretch in outcome.lists):
        return Stopped(Cause.QUARANTINED, NO_NUMBERS)
    identifiers = identifiers_of(header).merge(last_look.identifiers)
    hits = look(out, identifiers, last_look.released, last_look.names, read)
    if hits:
        return Stopped(Cause.IDENTIFIER, _told(hits[0]), tuple(hits))
    identity = identity_of(out)
    lacking = _lacking(identity)
    if lacking:
        return Stopped(Cause.QUARANTINED, f"The method leaves no {lacking}; nodes file by it.")
    return _outgoing(out, plan)


def _outgoing(out: Header, plan: PixelPlan | None = None) -> Outgoing:
    identity = identity_of(out)
    pieces = assemble(out)
    is_marked = plain(_raw(out.dataset, _IDENTITY_REMOVED)) == "YES"
    return Outgoing(
        _placed(pieces, plan),
        size_of(pieces),
        _digest(pieces),
        identity,
        is_marked,
        _traits(out, identity, is_blanked=plan is not None),
    )


def _digest(pieces: Sequence[Piece]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        if isinstance(piece, bytes):
            digest.update(piece)
    return digest.hexdigest()


def _traits(out: Header, identity: OutgoingIdentity, *, is_blanked: bool) -> str:
    uids = {
        "study": identity.study_uid,
        "series": identity.series_uid,
        "instance": identity.sop_instance_uid,
    }
    return document_of_leaving(out, uids, is_blanked=is_blanked)


def _is_list(stretch: Stretch, header: Header, read: Read) -> bool:
    """Whether a long value holds nothing but numbers as text (PS3.5 section 6.2, DS and IS)."""
    at, end = stretch.offset, stretch.offset + stretch.length
    while at < end:
        if header.inflated is not None:
            piece = header.inflated[at:end]
        else:
            piece = read(at, min(end - at, PIECE_BYTES))
        if not piece or piece.translate(None, _OF_NUMBERS):
            return False
        at += len(piece)
    return True


def _placed(pieces: tuple[Piece, ...], plan: PixelPlan | None) -> tuple[OutgoingPiece, ...]:
    if plan is None:
        return pieces
    from transfer.deid.pixels import place

    return place(pieces, plan)


def identity_of(header: Header) -> OutgoingIdentity:
    """What a node will read as the identity of this instance."""
    charset = _raw(header.dataset, _CHARSET)
    return OutgoingIdentity(
        patient_id=decoded(_raw(header.dataset, _PATIENT_ID), charset),
        study_uid=plain(_raw(header.dataset, _STUDY)),
        series_uid=plain(_raw(header.dataset, _SERIES)),
        sop_instance_uid=plain(_raw(header.dataset, _SOP_INSTANCE)),
        sop_class_uid=plain(_raw(header.dataset, _SOP_CLASS)),
        transfer_syntax_uid=header.transfer_syntax_uid,
    )


def _raw(dataset: DataSet, tag: int) -> bytes:
    element = dataset.get(tag)
    return element.value if element is not None and isinstance(element.value, bytes) else b""


def _lacking(identity: OutgoingIdentity) -> str:
    for value, name in (
        (identity.patient_id, "Patient ID"),
        (identity.study_uid, "Study Instance UID"),
        (identity.series_uid, "Series Instance UID"),
        (identity.sop_instance_uid, "SOP Instance UID"),
        (identity.sop_class_uid, "SOP Class UID"),
    ):
        if not value:
            return name
    return ""


def _told(hit: Hit) -> str:
    return f"The last look found the patient's {hit.kind} in {hit.where}, so it does not leave."
