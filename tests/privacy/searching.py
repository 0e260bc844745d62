"""One search for everything that was planted, through every way in which bytes can be written.

Words, UIDs and days are found by their form (see `marks`) and names by each of their spellings, in
the bytes as they are and in all that can be unpacked from them: UTF-16, base64 at any place, hex,
escapes of addresses, JSON, XML and mail, zip, gzip, and deflated DICOM.
"""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import cached_property
from typing import Final
from urllib.parse import quote

from tests.privacy.marks import ARC, STEM, Marks

_WORD: Final = re.compile(STEM.lower().encode() + rb"[a-z]*")
_UID: Final = re.compile(re.escape(ARC).encode() + rb"\.[0-9]+\.4711")
# In binary DICOM a digit and a NUL behind a day are the next element's group: 0030 to 0039.
_DAY: Final = re.compile(
    rb"(?<![0-9])(18[0-9]{2})([-./ ]?)([0-9]{2})\2([0-9]{2})(?:[0-9]{6})?(?![0-9](?!\0))"
)
_DAY_FIRST: Final = re.compile(rb"(?<![0-9])([0-9]{2})([-./ ])([0-9]{2})\2(18[0-9]{2})(?![0-9])")
_WIDE: Final = (re.compile(rb"(?:[\x20-\x7e]\0){8,}"), re.compile(rb"(?:\0[\x20-\x7e]){8,}"))
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{12,}(?:\r?\n[A-Za-z0-9+/_-]{12,})*")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{12,}|[0-9A-Fa-f]{2}(?:[ :-][0-9A-Fa-f]{2}){5,}")
_ESCAPE: Final = re.compile(
    rb"%([0-9A-Fa-f]{2})|=([0-9A-F]{2})|\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|\\([0-7]{3})"
    rb"|&#[xX]0*([0-9A-Fa-f]{2,4});|&#0*([0-9]{2,5});"
)
_SOFT: Final = re.compile(rb"=\r?\n")
_PACKED: Final = re.compile(rb"\x1f\x8b\x08|x[\x01\x5e\x9c\xda]|PK\x03\x04")
_DEFLATED: Final = b"1.2.840.10008.1.2.1.99"
_DEPTH: Final = 3
_MOST_BYTES: Final = 1 << 26
_CODECS: Final = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "latin-1", "cp1252", "utf-7")


class Search:
    """Finds all marks of a cohort. `bytes_searched` counts what it was given."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._folded = {value.lower(): value for value in marks.where if value.startswith(STEM)}
        self.bytes_searched = 0

    def find(self, content: bytes) -> set[str]:
        """The planted values in these bytes; one that is cut short as far as it stands."""
        self.bytes_searched += len(content)
        return {value for view in _views(content, _DEPTH) for value in self._plain(view)}

    def place_of(self, value: str) -> str:
        """Where a found value was planted."""
        known = self._marks.where.get(value)
        return known or next(
            (f"cut: {w}" for v, w in self._marks.where.items() if v.startswith(value)), "cut"
        )

    def _plain(self, view: bytes) -> Iterator[str]:
        lower = view.lower()
        if STEM.lower().encode() in lower:
            for found in _WORD.finditer(lower):
                word = found[0].decode()
                yield self._folded.get(word[:10], word.capitalize())
        where = self._marks.where
        for found in _UID.finditer(view):
            yield found[0].decode()
        if b"18" in view:
            for form in (_DAY.finditer(view), _DAY_FIRST.finditer(view)):
                for found in form:
                    year, day = (found[1], found[4]) if len(found[1]) == 4 else (found[4], found[1])
                    if (written := (year + found[3] + day).decode()) in where:
                        yield written
        for spelling, name in self._names.items():
            if spelling in view:
                yield name

    @cached_property
    def _names(self) -> dict[bytes, str]:
        return {
            spelling: name
            for name, codec in self._marks.charset.items()
            for spelling in spellings(name, codec)
        }


def spellings(name: str, codec: str) -> Iterator[bytes]:
    """A name that is not ASCII as bytes: folded and not, composed and not, in each encoding, and
    with each kind of escape."""
    cases = {name, name.lower(), name.upper(), name.casefold(), name.title()}
    texts = {unicodedata.normalize(form, text) for text in cases for form in ("NFC", "NFD")}
    for text in texts:
        for each in dict.fromkeys((*_CODECS, codec)):
            try:
                raw = text.encode(each)
            except UnicodeError:
                continue
            yield raw
            if each in ("utf-8", codec, "latin-1"):
                for case in (str.upper, str.lower):
                    yield "".join(case(f"%{b:02x}") for b in raw).encode()
                    yield case(raw.hex()).encode()
                yield "".join(f"={b:02X}" for b in raw).encode()
                yield "".join(chr(b) if b < 128 else f"={b:02X}" for b in raw).encode()
                yield quote(raw, safe="").encode()
                yield repr(raw)[2:-1].encode()
                for before in range(3):
                    for encode in (base64.b64encode, base64.urlsafe_b64encode):
                        written = encode(b"\0" * before + raw)
                        core = written[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6 - 1]
                        if len(core) >= 8:
                            yield core
        yield json.dumps(text)[1:-1].encode()
        yield json.dumps(text)[1:-1].upper().replace("\\U", "\\u").encode()
        yield text.encode("ascii", "xmlcharrefreplace")
        yield "".join(c if ord(c) < 128 else f"&#x{ord(c):x};" for c in text).encode()
        yield "".join(c if ord(c) < 128 else f"&#x{ord(c):X};" for c in text).encode()


def _views(content: bytes, depth: int) -> Iterator[bytes]:
    yield content
    if not depth:
        return
    for derived in _derived(content):
        yield from _views(derived, depth - 1)


def _derived(content: bytes) -> Iterator[bytes]:
    """All that is packed or escaped in some bytes, one layer off."""
    if b"\0" in content:
        for wide in _WIDE:
            if found := wide.findall(content):
                yield b"\n".join(found).replace(b"\0", b"")
    yield from _decoded(content)
    if (unescaped := _ESCAPE.sub(_byte, _SOFT.sub(b"", content))) != content:
        yield unescaped
    if b"&" in content and (plain := html.unescape(content.decode("latin-1"))):
        entity_free = plain.encode("utf-8", "replace")
        if entity_free != content.decode("latin-1").encode():
            yield entity_free
    yield from _unpacked(content)


def _decoded(content: bytes) -> Iterator[bytes]:
    """What runs of base64 and hex stand for, wherever in them it begins."""
    pieces = []
    for found in _BASE64.finditer(content):
        run = re.sub(rb"\s", b"", found[0]).translate(_TO_STANDARD)
        for start in range(4):
            part = run[start:]
            pieces.append(base64.b64decode(part[: len(part) // 4 * 4] or b"", validate=False))
            # A last group that is not whole holds one or two bytes more.
            if rest := len(part) % 4:
                last = part[-rest:] + b"A" * (4 - rest)
                pieces[-1] += base64.b64decode(last)[: max(rest - 1, 0)]
    for found in _HEX.finditer(content):
        for start in range(2):
            part = re.sub(rb"[ :-]", b"", found[0])[start:]
            pieces.append(bytes.fromhex(part[: len(part) // 2 * 2].decode()))
    if pieces:
        yield b"\xff\n".join(pieces)


_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


def _byte(found: re.Match[bytes]) -> bytes:
    *of_bytes, code_point, octal, hexa, decimal = (
        found[1], found[2], found[3], found[4], found[5], found[6], found[7],
    )  # fmt: skip
    for digits in of_bytes:
        if digits:
            return bytes((int(digits, 16),))
    if octal:
        return bytes((int(octal, 8) & 0xFF,))
    number = int(decimal) if decimal else int(code_point or hexa, 16)
    return chr(number).encode("utf-8", "surrogatepass")


def _unpacked(content: bytes) -> Iterator[bytes]:
    for found in _PACKED.finditer(content):
        start = found.start()
        if found[0] == b"PK\x03\x04":
            names, extra = content[start + 26 : start + 28], content[start + 28 : start + 30]
            begin = start + 30 + int.from_bytes(names, "little") + int.from_bytes(extra, "little")
            is_deflated = content[start + 8 : start + 10] == b"\x08\0"
            plain = _inflated(content, begin, -15) if is_deflated else b""
        else:
            plain = _inflated(content, start, 47)
        if plain:
            yield plain
    at = content.find(_DEFLATED)
    while at >= 0:
        yield from _inflated_dicom(content, at)
        at = content.find(_DEFLATED, at + 1)


def _inflated_dicom(content: bytes, at: int) -> Iterator[bytes]:
    """The data set behind the file meta information that names this transfer syntax."""
    start = content.rfind(b"DICM\x02\0\0\0UL\x04\0", 0, at)
    if start >= 0:
        length = int.from_bytes(content[start + 12 : start + 16], "little")
        if plain := _inflated(content, start + 16 + length, -15):
            yield plain


def _inflated(content: bytes, start: int, wbits: int) -> bytes:
    try:
        return zlib.decompressobj(wbits).decompress(content[start:], _MOST_BYTES)
    except zlib.error:
        return b""
