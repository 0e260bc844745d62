"""Values of a header as text that is safe to store and to show."""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from transfer.charsets import codec_of

TEXT_LIMIT: Final = 1024
UID_LIMIT: Final = 128
_TRIM: Final = " \0\t\r\n\f\v"
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
# Control, format (direction overrides among them), line and paragraph separators, surrogates.
_HIDDEN: Final = frozenset(("Cc", "Cf", "Zl", "Zp", "Cs"))
_PN_DELIMITERS: Final = frozenset(b"\\^=")
_TEXT_DELIMITERS: Final = frozenset(b"\\\t\n\f\r")


@contextmanager
def silent_pydicom() -> Iterator[None]:
    """pydicom tells about doubtful values by warnings and log records that quote them."""
    logger = logging.getLogger("pydicom")
    was_disabled = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = was_disabled


def plain(raw: bytes, limit: int = TEXT_LIMIT) -> str:
    """A value of the default repertoire (UI, CS, DA, IS)."""
    return _safe(raw.decode("ascii", "replace"), limit)


def decoded(raw: bytes, charset: bytes, *, is_name: bool = False) -> str:
    """A value of VR LO, SH, PN, … in the Specific Character Set (0008,0005) given, as its bytes."""
    if raw.isascii() and b"\x1b" not in raw:
        return _safe(raw.decode("ascii"), TEXT_LIMIT)
    codec = codec_of(raw, charset)
    if codec is not None:
        return _safe(raw.decode(codec, "replace"), TEXT_LIMIT)
    from pydicom.charset import convert_encodings, decode_bytes

    names = [name.strip() for name in charset.decode("ascii", "replace").strip(_TRIM).split("\\")]
    delimiters = set(_PN_DELIMITERS if is_name else _TEXT_DELIMITERS)
    with silent_pydicom():
        try:
            text = decode_bytes(raw, convert_encodings(names), delimiters)
        except (LookupError, UnicodeError, ValueError):
            text = raw.decode("ascii", "replace")
    return _safe(text, TEXT_LIMIT)


def _safe(text: str, limit: int) -> str:
    text = text.strip(_TRIM)[:limit]
    if text.isascii() and text.isprintable():
        return text
    return "".join(_REPLACEMENT if unicodedata.category(c) in _HIDDEN else c for c in text)
