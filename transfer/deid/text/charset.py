"""Specific Character Set as CTP's DICOM library takes it (reference, section 8).

Only the first value chooses the codec; with several values escape sequences are followed when
reading, and never written. Codecs are Java's: what a byte or character has no counterpart for
becomes U+FFFD on the way in and `?` on the way out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_CODECS: Final = {
    "100": "iso8859_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "144": "iso8859_5",
    "127": "iso8859_6",
    "126": "iso8859_7",
    "138": "iso8859_8",
    "148": "iso8859_9",
    "13": "jis_x0201",
    "166": "tis_620",
}
_TERMS: Final = {
    "": "ascii",
    **{f"ISO_IR {number}": codec for number, codec in _CODECS.items()},
    **{f"ISO 2022 IR {number}": codec for number, codec in _CODECS.items()},
    "ISO 2022 IR 6": "ascii",
    "ISO 2022 IR 87": "jis0208",
    "ISO 2022 IR 159": "jis0212",
    "ISO 2022 IR 149": "cp949",
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
}
# What follows the escape character (PS3.3 tables C.12-3 and C.12-4); two of them take a third byte.
_ESCAPES: Final = {
    b"$B": "jis0208",
    b"(B": "ascii",
    b"(J": "jis_x0201",
    b")I": "jis_x0201",
    b"-A": "iso8859_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "tis_620",
}
_LONG_ESCAPES: Final = {b"$(": (0x44, "jis0212"), b"$)": (0x43, "cp949")}
_PLANES: Final = frozenset(("jis0208", "jis0212"))
_ESC: Final = 0x1B
_UNKNOWN: Final = "\ufffd"
_CONTROLS: Final = re.compile("[\x80-\x9f]")

# Where IBM's code page 949 (Java's cp949) differs from the one of the same number in Python.
_KOREAN_SINGLE: Final = {
    0x5C: "\u20a9", 0x80: "\xa2", 0x81: "\xac", 0x82: "\\", 0x83: "\u203e", 0x84: "\xa6",
}  # fmt: skip
_KOREAN_DOUBLE: Final = {
    b"\xa1\xa4": "\u30fb", b"\xa1\xa9": "\u2010", b"\xa1\xaa": "\u2014", b"\xa1\xad": "\u301c",
    b"\xa2\xa6": "\u02dc", b"\xa2\xc1": "\u25c9", b"\xa2\xe6": _UNKNOWN, b"\xa2\xe7": _UNKNOWN,
}  # fmt: skip
_KOREAN_OUT: Final = {text: bytes((code,)) for code, text in _KOREAN_SINGLE.items()} | {
    text: code for code, text in _KOREAN_DOUBLE.items() if text != _UNKNOWN
}


class Undecodable(ValueError):
    """An escape sequence or a two-byte character is cut off: Java gives no text at all."""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """How the texts of a data set are read and written."""

    codec: str
    follows_escapes: bool = False

    def decode(self, value: bytes) -> str:
        """The text of a value.

        Raises:
            Undecodable: there is none.
        """
        if not self.follows_escapes or _ESC not in value:
            if self.codec in _PLANES and self.follows_escapes and len(value) % 2:
                raise Undecodable
            return _decode(value, self.codec)
        return _follow(value, self.codec)

    def encode(self, text: str) -> bytes:
        """The bytes of a text; what the codec lacks becomes `?`."""
        if self.codec in _OWN_CODECS:
            return b"".join(map(_OWN_CODECS[self.codec], text))
        return text.encode(self.codec, "replace")


DEFAULT: Final = CharacterSet("utf_8")
"""Java's own, where a data set has none and for texts that DICOM wants in ASCII."""

LATIN_1: Final = CharacterSet("iso8859_1")
LATIN_1_TERM: Final = b"ISO_IR 100"


@lru_cache(maxsize=256)
def character_set(value: bytes) -> CharacterSet | None:
    """The character set that a raw value of (0008,0005) names; None: empty, or not known."""
    terms = value.decode("utf_8", "replace").rstrip("\0 ").lstrip(" ")
    if not terms:
        return None
    first, *others = terms.split("\\")
    codec = _TERMS.get(first)
    return None if codec is None else CharacterSet(codec, bool(others))


def _decode(value: bytes, codec: str) -> str:
    if codec in _PLANES:
        return _decode_plane(value, codec)
    if codec == "cp949":
        return _decode_korean(value)
    if codec == "jis_x0201":
        return "".join(map(_katakana, value))
    if codec == "tis_620":
        return _CONTROLS.sub(_UNKNOWN, value.decode("iso8859_11", "replace"))
    return value.decode(codec, "replace")


def _follow(value: bytes, codec: str) -> str:
    parts: list[str] = []
    done = at = 0
    while at < len(value):
        if value[at] != _ESC:
            at += 2 if codec in _PLANES or (codec == "cp949" and value[at] >= 0x80) else 1
            continue
        if done < at:
            parts.append(_decode(value[done:at], codec))
        at += 3
        if at > len(value):
            raise Undecodable
        sequence = value[at - 2 : at]
        if sequence in _LONG_ESCAPES:
            last, other = _LONG_ESCAPES[sequence]
            if at >= len(value):
                raise Undecodable
            at += 1
            if value[at - 1] == last:
                codec = other
            else:
                parts.append(_decode(value[at - 4 : at], codec))
        elif sequence in _ESCAPES:
            codec = _ESCAPES[sequence]
        else:
            parts.append(_decode(value[at - 3 : at], codec))
        done = at
    if at > len(value):
        raise Undecodable
    if done < at:
        parts.append(_decode(value[done:at], codec))
    return "".join(parts)


def _decode_plane(value: bytes, codec: str) -> str:
    """Pairs of seven-bit bytes of JIS X 0208 or JIS X 0212."""
    lead = b"" if codec == "jis0208" else b"\x8f"
    text = []
    for at in range(0, len(value), 2):
        pair = value[at : at + 2]
        if len(pair) == 2 and all(0x21 <= byte <= 0x7E for byte in pair):
            if codec == "jis0208" and pair == b"\x21\x3d":
                text.append("\u2014")
                continue
            try:
                text.append((lead + bytes(byte | 0x80 for byte in pair)).decode("euc_jp"))
            except UnicodeDecodeError:
                text.append(_UNKNOWN)
        else:
            text.append(_UNKNOWN)
    return "".join(text)


def _decode_korean(value: bytes) -> str:
    text = []
    at = 0
    while at < len(value):
        byte = value[at]
        if byte in _KOREAN_SINGLE:
            text.append(_KOREAN_SINGLE[byte])
            at += 1
        elif byte < 0x80:
            text.append(chr(byte))
            at += 1
        else:
            pair = value[at : at + 2]
            at += 2
            text.append(_KOREAN_DOUBLE.get(pair) or pair.decode("cp949", "replace")[:1])
    return "".join(text)


def _katakana(byte: int) -> str:
    if byte < 0x80:
        return chr(byte)
    return chr(byte - 0xA1 + 0xFF61) if 0xA1 <= byte <= 0xDF else _UNKNOWN


def _encode_katakana(character: str) -> bytes:
    code = ord(character)
    if code < 0x80:
        return bytes((code,))
    if 0xFF61 <= code <= 0xFF9F:
        return bytes((code - 0xFF61 + 0xA1,))
    return {"\xa5": b"\\", "\u203e": b"~"}.get(character, b"?")


def _encode_thai(character: str) -> bytes:
    return b"?" if _CONTROLS.match(character) else character.encode("iso8859_11", "replace")


def _encode_korean(character: str) -> bytes:
    known = _KOREAN_OUT.get(character)
    if known is not None:
        return known
    code = character.encode("cp949", "replace")
    return b"?" if code in _KOREAN_DOUBLE else code


def _encode_plane(character: str, lead: bytes, absent: bytes) -> bytes:
    if character in "\u2014\u2015" and not lead:
        return b"\x21\x3d" if character == "\u2014" else absent
    try:
        code = character.encode("euc_jp")
    except UnicodeEncodeError:
        return absent
    if len(code) != 2 + len(lead) or not code.startswith(lead) or code[0] == 0x8E:
        return absent
    return bytes(byte & 0x7F for byte in code[len(lead) :])


_OWN_CODECS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "jis_x0201": _encode_katakana,
    "tis_620": _encode_thai,
    "cp949": _encode_korean,
    "jis0208": lambda character: _encode_plane(character, b"", b"\x21\x29"),
    "jis0212": lambda character: _encode_plane(character, b"\x8f", b"\x22\x44"),
}
