"""The work of one process that looks at pixel data: a file in, a digest of its picture out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from transfer.workers import News, Pool, Trade

if TYPE_CHECKING:
    from transfer.deid.model import Header

_PIECE_BYTES: Final = 1024 * 1024
_SAMPLE_BYTES: Final = 4096
_SAMPLES, _FRAMES, _ROWS, _COLUMNS = 0x00280002, 0x00280008, 0x00280010, 0x00280011
# Samples, photometric interpretation, planes, frames, rows, columns, bits, representation.
_FORM: Final = (
    _SAMPLES, 0x00280004, 0x00280006, _FRAMES, _ROWS, _COLUMNS, 0x00280100, 0x00280103,
)  # fmt: skip
_NATIVE: Final = frozenset(("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"))
# Compressed to less than a bit for so many samples, a picture has next to nothing in it.
_SAMPLES_A_BIT: Final = 8

_Read = Callable[[int, int], bytes]


class Question(NamedTuple):
    """One file, with its size and time by the scan; `is_whole`: to be read to the end."""

    path: bytes
    scanned: tuple[int, int]
    is_whole: bool


def digesters(processes: int) -> Pool[Question, bytes | None]:
    """Processes that answer with a digest of the pixel data, or of a sample of them; None where
    there is no picture, nothing in it, or the file is another one by now."""
    return Pool(processes, Trade(_begin, None, _nothing, lambda question: 64 + len(question.path)))


def _begin(setup: None, news: News) -> Callable[[Question], bytes | None]:
    return digest_of


def _nothing(question: Question) -> None:
    return None


def digest_of(question: Question) -> bytes | None:
    """See `digesters`. Never raises for any content."""
    from transfer.deid.header.reading import Unreadable, read_header
    from transfer.deid.model import Stretch
    from transfer.opening import open_source

    try:
        with open_source(question.path) as opened:
            if opened.stamp != question.scanned:
                return None
            header = read_header(opened.fd, opened.size_bytes)
            value = None if header.pixels is None else header.pixels.value
            if not isinstance(value, Stretch) or _has_nothing_in_it(header, value.length):
                return None
            read = _reader(header, opened.fd)
            look = _whole if question.is_whole else _sample
            return look(_form_of(header, value.length), value.offset, value.length, read)
    except (OSError, Unreadable):
        return None


def _reader(header: Header, fd: int) -> _Read:
    if header.inflated is None:
        return lambda offset, length: os.pread(fd, length, offset)
    inflated = header.inflated
    return lambda offset, length: inflated[offset : offset + length]


def _raw(header: Header, tag: int) -> bytes:
    element = header.dataset.get(tag)
    if element is None or not isinstance(element.value, bytes):
        return b""
    return element.value.strip(b" ")


def _number(header: Header, tag: int) -> int:
    value = _raw(header, tag)
    if tag == _FRAMES:
        text = value.strip(b" \0")
        return int(text) if text.isdigit() and len(text) < 10 else 1
    return int.from_bytes(value[:2], "little" if header.encoding.is_little else "big")


def _has_nothing_in_it(header: Header, length: int) -> bool:
    if not length:
        return True
    if header.pixels is None or not header.pixels.is_encapsulated:
        return False
    samples = 1
    for tag in (_ROWS, _COLUMNS, _FRAMES, _SAMPLES):
        samples *= max(_number(header, tag), 1)
    return length * 8 * _SAMPLES_A_BIT < samples


def _form_of(header: Header, length: int) -> bytes:
    """What two equal pictures have in common besides their bytes."""
    syntax = header.transfer_syntax_uid
    way = "native" if syntax in _NATIVE else syntax
    values = b"\\".join(_raw(header, tag) for tag in _FORM)
    return f"{way}\\{length}\\".encode() + values


def _sample(form: bytes, offset: int, length: int, read: _Read) -> bytes:
    digest = hashlib.sha256(form)
    for at in (0, length // 2, max(length - _SAMPLE_BYTES, 0)):
        digest.update(read(offset + at, min(_SAMPLE_BYTES, length - at)))
    return digest.digest()


def _whole(form: bytes, offset: int, length: int, read: _Read) -> bytes | None:
    digest = hashlib.sha256(form)
    at, is_flat, flat = 0, True, b""
    while at < length:
        piece = read(offset + at, min(_PIECE_BYTES, length - at))
        if not piece:
            return None
        flat = flat or piece[:2] * (_PIECE_BYTES // 2)
        is_flat = is_flat and piece == flat[: len(piece)]
        digest.update(piece)
        at += len(piece)
    # Black slices at the end of a volume are no copies of each other.
    return None if is_flat else digest.digest()
