"""One look at one file: what it is, and whether it can go."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from transfer.members import is_member
from transfer.opening import MemberDamaged, open_in_place, open_source
from transfer.quality.extract import WANTED, header_facts, traits_document
from transfer.quality.segments import IS_WANTED as SEGMENTS_WANTED
from transfer.quality.segments import SEGMENTATION_CLASSES, segment_facts
from transfer.scan.elements import UNDEFINED, Outline, outline
from transfer.scan.facts import FileFacts, FileKind, FileVerdict, InstanceHeader
from transfer.scan.part10 import (
    DEFLATED,
    GROUP_LENGTH,
    MEDIA_CLASS,
    MEDIA_INSTANCE,
    Frame,
    FrameUnreadable,
    NotDicom,
    declared_encoding,
    encoding_of,
    read_frame,
    syntax_of,
)
from transfer.scan.pixels import GEOMETRY, judge_pixels, number_of_frames
from transfer.scan.reasons import Reason, verdict_of, worst_first
from transfer.scan.sniff import look_at_other, name_belies
from transfer.scan.source import FileSource, InflatedSource, Source, TooMuch
from transfer.scan.text import UID_LIMIT, decoded, plain

_MEDIA_DIRECTORY: Final = "1.2.840.10008.1.3.10"
# PS3.5 section 9.1: components without leading zeros, 64 characters in all.
_UID: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_MISSING: Final = (
    Reason.NO_SOP_CLASS,
    Reason.NO_SOP_UID,
    Reason.NO_STUDY_UID,
    Reason.NO_SERIES_UID,
    Reason.NO_PATIENT_ID,
    Reason.NO_MODALITY,
)
_DIGEST_BLOCK_BYTES: Final = 1024 * 1024

_CHARSET: Final = 0x00080005
_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
_STUDY_DATE: Final = 0x00080020
_MODALITY: Final = 0x00080060
_MANUFACTURER: Final = 0x00080070
_STUDY_DESCRIPTION: Final = 0x00081030
_SERIES_DESCRIPTION: Final = 0x0008103E
_PATIENT_NAME: Final = 0x00100010
_PATIENT_ID: Final = 0x00100020
_BIRTH_DATE: Final = 0x00100030
_IDENTITY_REMOVED: Final = 0x00120062
_BODY_PART: Final = 0x00180015
_STUDY: Final = 0x0020000D
_SERIES: Final = 0x0020000E
_SERIES_NUMBER: Final = 0x00200011
_DEIDENTIFICATION_CODES: Final = 0x00120064
_OF_SERIES: Final = (
    *(_SOP_CLASS, _STUDY, _SERIES, _PATIENT_ID, _PATIENT_NAME, _MODALITY, _MANUFACTURER),
    *(_STUDY_DATE, _STUDY_DESCRIPTION, _SERIES_NUMBER, _SERIES_DESCRIPTION, _BODY_PART),
    *(_IDENTITY_REMOVED, _BIRTH_DATE),
)
_UIDS: Final = frozenset((_SOP_CLASS, _STUDY, _SERIES))
_PLAIN: Final = frozenset(
    (_MODALITY, _STUDY_DATE, _SERIES_NUMBER, _BODY_PART, _IDENTITY_REMOVED, _BIRTH_DATE)
)
_WANTED: Final = GEOMETRY | WANTED | {_CHARSET, _SOP_INSTANCE, *_OF_SERIES}
_NONE: Final = (b"", b"")
_KEPT: Final = 256


def inspect_file(path: bytes | str) -> FileFacts:
    """Say what one file is. Never raises, whatever the file holds, and never reads pixel data.

    What the words mean is told by the manifest of the reference corpus: missing UIDs, a cut header
    and short pixel data reject; a missing Patient ID, Modality, preamble or transfer syntax, and
    whatever a person should look at, warns.
    """
    path = os.fsencode(path)
    try:
        with open_in_place(path) as opened:
            if not opened.is_regular:
                return _facts(FileKind.OTHER, [Reason.SPECIAL_FILE])
            if not opened.size_bytes:
                return _facts(FileKind.OTHER, [Reason.EMPTY_FILE])
            facts = _inspect(FileSource(opened.fd, opened.size_bytes, base=opened.base), path)
    except MemberDamaged:
        return _facts(FileKind.OTHER, [Reason.ARCHIVED_DAMAGED])
    except OSError:
        return _facts(FileKind.OTHER, [Reason.UNREADABLE_FILE])
    return _archived(facts) if is_member(path) else facts


def content_digest(path: bytes | str) -> str:
    """SHA-256 of a file's bytes in hex, read in pieces.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with open_source(path) as opened:
        while piece := os.read(opened.fd, _DIGEST_BLOCK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _facts(
    kind: FileKind, reasons: Iterable[Reason], header: InstanceHeader | None = None
) -> FileFacts:
    codes = worst_first(reasons)
    return FileFacts(kind, verdict_of(codes), codes, header)


def _archived(facts: FileFacts) -> FileFacts:
    """What is said of a member of an archive that cannot be read there: archives are opened, and
    tables found, in folders alone."""
    if facts.kind is FileKind.ARCHIVE and facts.verdict is not FileVerdict.REJECT:
        return _facts(facts.kind, [Reason.ARCHIVED_ARCHIVE])
    if facts.kind is FileKind.TABLE:
        return _facts(facts.kind, [Reason.ARCHIVED_NOT_READ, *map(Reason, facts.reasons)])
    return facts


def _inspect(source: FileSource, path: bytes) -> FileFacts:
    try:
        frame = read_frame(source)
    except NotDicom:
        return _inspect_other(source, path)
    except (FrameUnreadable, TooMuch):
        return _facts(FileKind.INSTANCE, [Reason.HEADER_CUT, Reason.NO_TRANSFER_SYNTAX, *_MISSING])
    if frame.uid(MEDIA_CLASS) == _MEDIA_DIRECTORY:
        return _facts(FileKind.DICOMDIR, [Reason.DICOMDIR])
    facts = _inspect_instance(source, frame)
    if facts.verdict is not FileVerdict.REJECT and name_belies(facts.kind, path):
        return _facts(facts.kind, [*map(Reason, facts.reasons), Reason.NAME_BELIES], facts.header)
    return facts


def _inspect_other(source: FileSource, path: bytes) -> FileFacts:
    try:
        kind, reasons = look_at_other(source, path)
    except TooMuch:
        return _facts(FileKind.OTHER, [Reason.NOT_DICOM])
    if verdict_of(reasons) is not FileVerdict.REJECT and name_belies(kind, path):
        reasons = [*reasons, Reason.NAME_BELIES]
    return _facts(kind, reasons)


def _inspect_instance(source: FileSource, frame: Frame) -> FileFacts:
    syntax = frame.transfer_syntax
    body: Source = source
    start = frame.body_at
    if syntax in DEFLATED:
        body, start = InflatedSource(source, start), 0
    encoding = encoding_of(body, start, syntax)
    declared = declared_encoding(syntax)
    # Nobody but the standard's own retired syntax is big endian, whatever a private one may be.
    is_odd = declared is None and bool(syntax) and not encoding.is_little
    differs = is_odd or declared not in (None, encoding)
    reasons = [Reason.ENCODING_DIFFERS] if differs else []
    found = outline(body, start, encoding, _WANTED)
    if not syntax:
        syntax = syntax_of(encoding)
        if found.pixels is not None and found.pixels.length == UNDEFINED:
            reasons.append(Reason.COMPRESSION_UNKNOWN)
    header = _header(found, frame, syntax, _facts_of(source, found, syntax))
    if header.sop_class_uid == _MEDIA_DIRECTORY:
        return _facts(FileKind.DICOMDIR, [Reason.DICOMDIR])
    if found.is_cut:
        reasons.append(Reason.HEADER_CUT)
    else:
        reasons += judge_pixels(body, found, encoding, syntax)
    if found.has_unreadable_element:
        reasons.append(Reason.UNREADABLE_ELEMENT)
    reasons += _judge_frame(frame, header)
    reasons += _judge_identity(header)
    return _facts(FileKind.INSTANCE, reasons, header)


def _facts_of(source: FileSource, found: Outline, syntax: str) -> Mapping[int, str]:
    has_codes = _DEIDENTIFICATION_CODES in found.filled
    facts = _usual_facts(syntax, frozenset(found.groups), has_codes)
    if SEGMENTS_WANTED and not found.is_cut:
        _, sop_class = found.values.get(_SOP_CLASS, (b"", b""))
        if sop_class.strip(b" \0") in SEGMENTATION_CLASSES:
            return {**facts, **_segments_of(source)}
    return facts


@lru_cache(_KEPT)
def _usual_facts(syntax: str, groups: frozenset[int], has_codes: bool) -> Mapping[int, str]:
    return header_facts(syntax, groups, has_codes=has_codes)


def _segments_of(source: FileSource) -> dict[int, str]:
    from transfer.deid.header.reading import Unreadable, read_header

    try:
        return segment_facts(read_header(source.fd, source.size_bytes).dataset)
    except Unreadable:
        return {}


def _header(found: Outline, frame: Frame, syntax: str, facts: Mapping[int, str]) -> InstanceHeader:
    values = found.values
    charset = values.get(_CHARSET, _NONE)[1]
    texts = _texts(tuple([values.get(tag, _NONE)[1] for tag in _OF_SERIES]), charset)
    sop_class, study, series, patient_id, patient_name, modality, manufacturer = texts[:7]
    study_date, study_text, series_number, series_text, body_part, removed, birth_date = texts[7:]
    has_part10 = frame.is_complete
    return InstanceHeader(
        sop_instance_uid=plain(values.get(_SOP_INSTANCE, _NONE)[1], UID_LIMIT),
        sop_class_uid=sop_class,
        study_uid=study,
        series_uid=series,
        patient_id=patient_id,
        patient_name=patient_name,
        transfer_syntax_uid=syntax[:UID_LIMIT],
        modality=modality,
        manufacturer=manufacturer,
        study_date=study_date,
        study_description=study_text,
        series_number=series_number,
        series_description=series_text,
        body_part=body_part,
        patient_identity_removed=removed == "YES",
        number_of_frames=number_of_frames(found),
        body_offset=0 if has_part10 else frame.body_at,
        has_part10=has_part10,
        traits=traits_document(lambda tag: values.get(tag, _NONE)[1], charset, facts),
        birth_date=birth_date,
    )


# The slices of a series say the same in the same bytes.
@lru_cache(_KEPT)
def _texts(values: tuple[bytes, ...], charset: bytes) -> tuple[str, ...]:
    """The texts of `_OF_SERIES`."""
    return tuple(
        plain(value, UID_LIMIT)
        if tag in _UIDS
        else plain(value)
        if tag in _PLAIN
        else decoded(value, charset, is_name=tag == _PATIENT_NAME)
        for tag, value in zip(_OF_SERIES, values, strict=True)
    )


def _judge_frame(frame: Frame, header: InstanceHeader) -> list[Reason]:
    reasons = []
    if not frame.has_preamble:
        reasons.append(Reason.NO_PREAMBLE)
    if not frame.transfer_syntax:
        reasons.append(Reason.NO_TRANSFER_SYNTAX)
    if frame.meta and GROUP_LENGTH not in frame.meta:
        reasons.append(Reason.NO_GROUP_LENGTH)
    named = frame.uid(MEDIA_INSTANCE)
    if named and header.sop_instance_uid and named != header.sop_instance_uid:
        reasons.append(Reason.META_UID_DIFFERS)
    return reasons


def _judge_identity(header: InstanceHeader) -> list[Reason]:
    identity = (
        header.sop_class_uid,
        header.sop_instance_uid,
        header.study_uid,
        header.series_uid,
        header.patient_id,
        header.modality,
    )
    shaped = (
        (header.sop_instance_uid, Reason.BAD_SOP_UID),
        (header.study_uid, Reason.BAD_STUDY_UID),
        (header.series_uid, Reason.BAD_SERIES_UID),
    )
    return [reason for value, reason in zip(identity, _MISSING, strict=True) if not value] + [
        reason for uid, reason in shaped if uid and not (len(uid) <= 64 and _UID.fullmatch(uid))
    ]
