"""Specific Character Set (0008,0005) as a codec, for texts that need no more than one.

pydicom decodes the others, those that switch by escape sequences. Importing it for a single umlaut
costs each process what `transfer.dictionary` says.
"""

from __future__ import annotations

from typing import Final

# PS3.3 tables C.12-2, C.12-3 and C.12-5, and the codecs that pydicom takes for them.
_LATIN_1: Final = "iso8859"
_PARTS: Final = {
    6: _LATIN_1,
    13: "shift_jis",
    100: "latin_1",
    101: "iso8859_2",
    109: "iso8859_3",
    110: "iso8859_4",
    126: "iso_ir_126",
    127: "iso_ir_127",
    138: "iso_ir_138",
    144: "iso_ir_144",
    148: "iso_ir_148",
    166: "iso_ir_166",
}
_CODECS: Final = {
    "": _LATIN_1,
    **{f"ISO_IR {number}": codec for number, codec in _PARTS.items()},
    **{f"ISO 2022 IR {number}": codec for number, codec in _PARTS.items()},
    "ISO_IR 192": "utf8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
_ESCAPE: Final = b"\x1b"
_TRIM: Final = " \0\t\r\n\f\v"


def codec_named(term: str) -> str | None:
    """The codec for a defined term; None for one that switches, and for any other word."""
    return _CODECS.get(term.strip(_TRIM))


def codec_of(raw: bytes, charset: bytes) -> str | None:
    """The one codec by which a text is read, from the value of Specific Character Set; None where
    it takes several, or `codec_named` knows none."""
    if _ESCAPE in raw:
        return None
    return codec_named(charset.partition(b"\\")[0].decode("ascii", "replace"))
