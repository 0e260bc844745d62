"""How the bytes of a text table become text, and its digest, in one pass over the file."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

_CHUNK: Final = 1024 * 1024
_HEAD: Final = 4096
# Bytes that Windows-1252 leaves undefined; text that has one is Latin-1.
_UNDEFINED: Final = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))


class Encoded(NamedTuple):
    """Digest of a file, the codec that reads it, and a code for what is not plain UTF-8."""

    sha256: str
    codec: str
    note: str


def examine(file: BinaryIO) -> Encoded:
    """Read a file to its end. Text in two-byte units is known by its mark, or by its zeros.

    Raises:
        OSError: it cannot be read.
    """
    head = file.read(_HEAD)
    file.seek(0)
    digest = hashlib.sha256()
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8, is_windows = True, True
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        if is_utf8:
            try:
                utf8.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        is_windows = is_windows and not any(byte in chunk for byte in _UNDEFINED)
    if is_utf8:
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    sha256 = digest.hexdigest()
    if wide := _wide(head):
        return Encoded(sha256, wide, "utf-16")
    if is_utf8:
        has_mark = head.startswith(codecs.BOM_UTF8)
        return Encoded(sha256, "utf-8-sig", "byte-order-mark" if has_mark else "")
    return Encoded(sha256, "cp1252" if is_windows else "latin-1", "latin-1")


def read_sample(path: Path) -> str:
    """How a text begins, by a codec that never fails: enough to tell its columns, not its letters.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    codec = _wide(head) or "latin-1"
    text = head.decode(codec, "replace")
    # The last line may be cut.
    return text if len(head) < _HEAD else text[: text.rfind("\n") + 1] or text


def _wide(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(head) // 2
    if half < 4:
        return ""
    # Latin text in two-byte units has a zero in every other place, and hardly one in the rest.
    even, odd = head[0 : 2 * half : 2].count(0), head[1 : 2 * half : 2].count(0)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return ""
