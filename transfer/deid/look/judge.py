"""Whether one value holds an identifier: by the reach of each phrase and the kind of element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple

from transfer.charsets import codec_named, codec_of
from transfer.deid.look.identifiers import SOURCES, Kind
from transfer.deid.look.phrases import STRONG, Index, Phrase, Reach
from transfer.deid.look.tokens import ascii_tokens, fold, is_unspaced, tokens_of
from transfer.scan.text import silent_pydicom

CHARSET: Final = 0x00080005
_ONE_VALUE: Final = frozenset(("LT", "ST", "UT", "UR"))
_PROSE: Final = frozenset(("LT", "ST", "UT", "UC", "PN"))
_WELL_FORMED: Final = {
    "AS": re.compile(r"\d{3}[DWMY]"),
    "DA": re.compile(r"\d{8}"),
    "TM": re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?"),
    "DT": re.compile(r"\d{4}(\d{2}){0,5}(\.\d{1,6})?([+-]\d{4})?"),
    "DS": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    "IS": re.compile(r"[+-]?\d+"),
    "UI": re.compile(r"[0-9.]+"),
}
_NUMBER: Final = 7
"""Digits from which a number, or a part of a UID, is taken to be an identifier and no accident."""
_CACHED_BYTES: Final = 1024
_UTF_16_LITTLE: Final = re.compile(rb"(?:[\x20-\x7e]\0){6,}")
_UTF_16_BIG: Final = re.compile(rb"(?:\0[\x20-\x7e]){6,}")
# What names are written in without the header saying so: another system of the same hospital.
_CODECS: Final = (
    *("utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso8859-2", "iso8859-5", "iso8859-7"),
    *("iso8859-9", "cp1250", "cp1251", "cp1253", "cp1254", "koi8-r", "gb18030", "big5"),
    *("shift_jis", "euc_jp", "euc_kr"),
)

_NUMBERS_OF_A_PATIENT: Final = frozenset((Kind.PATIENT_ID, Kind.OTHER_ID))
# Elements made for an identifier of a kind: there even a short one is no accident.
HOMES: Final[dict[int, frozenset[Kind]]] = {
    tag: _NUMBERS_OF_A_PATIENT if kind in _NUMBERS_OF_A_PATIENT else frozenset((kind,))
    for tag, kind in SOURCES.items()
    if kind is not Kind.ORDER
}
_BIRTH_DATE: Final = 0x00100030


class Place(NamedTuple):
    """The element that a value stands in."""

    tag: int
    vr: str

    @property
    def is_private(self) -> bool:
        return bool(self.tag & 0x10000)


def judge(place: Place, texts: Iterable[str], index: Index) -> Iterator[Kind]:
    """The kinds of identifier that a value holds; `texts` are the ways to read it."""
    for text in texts:
        for value in [text] if place.vr in _ONE_VALUE else text.split("\\"):
            yield from _judge_value(place, value.strip(" \0\r\n\t"), index)


def _judge_value(place: Place, value: str, index: Index) -> Iterator[Kind]:
    if place.tag == _BIRTH_DATE and place.vr == "UN":
        place = place._replace(vr="DA")
    form = _WELL_FORMED.get(place.vr)
    if form is not None and form.fullmatch(value):
        yield from _judge_formed(place, value, index)
        return
    parts = value.split("=") if place.vr == "PN" else [value]
    for part in parts:
        tokens = tokens_of(part)
        for token in dict.fromkeys(tokens):
            for phrase in index.by_needle.get(token, ()):
                if _stands(phrase, tokens, place) and _stands_alone(phrase, part):
                    yield phrase.kind
        if index.unspaced and is_unspaced(part):
            joined = "".join(tokens)
            yield from (kind for name, kind in index.unspaced if name in joined)


def _judge_formed(place: Place, value: str, index: Index) -> Iterator[Kind]:
    """A value that is what its VR promises is an identifier only if it is that very number."""
    vr = place.vr
    if vr in ("DA", "DT"):
        # Another date of the same day says what happened then, not who was born.
        is_birth = place.is_private or place.tag == _BIRTH_DATE
        if is_birth and value[:8] in index.birth_dates:
            yield Kind.BIRTH_DATE
        return
    if vr in ("TM", "AS"):
        return
    for number in value.split(".") if vr == "UI" else [value]:
        if len(number) >= _NUMBER:
            for phrase in index.by_needle.get(number, ()):
                if phrase.tokens == (number,) and phrase.reach is Reach.EVERYWHERE:
                    yield phrase.kind


def _stands_alone(phrase: Phrase, text: str) -> bool:
    """Whether digits stand for themselves somewhere: not as one side of a decimal point."""
    if phrase.literal and phrase.literal not in fold(text):
        return False
    digits = phrase.needle
    if "." not in text or phrase.tokens != (digits,) or not digits.isdigit():
        return True
    alone = rf"(?<![^\W_])(?<!\d\.){digits}(?![^\W_])(?!\.\d)"
    return re.search(alone, text, re.ASCII) is not None


def _stands(phrase: Phrase, tokens: tuple[str, ...], place: Place) -> bool:
    reach = phrase.reach
    if reach is Reach.IDENTITY:
        is_home = phrase.kind in HOMES.get(place.tag, ())
        is_home |= place.vr == "PN" and phrase.kind is Kind.NAME
        return is_home and _is_whole(phrase, tokens)
    if _is_code(place):
        return (reach >= Reach.TEXT or phrase.is_pair) and _is_in(phrase, tokens)
    if reach is Reach.VALUE or (reach is Reach.PROSE and place.vr not in _PROSE):
        return _is_whole(phrase, tokens)
    return _is_in(phrase, tokens)


def _is_code(place: Place) -> bool:
    return place.vr in ("CS", "AE")


def _is_whole(phrase: Phrase, tokens: tuple[str, ...]) -> bool:
    if phrase.is_pair:
        return sorted(phrase.tokens) == sorted(tokens)
    return phrase.tokens == tokens


def _is_in(phrase: Phrase, tokens: tuple[str, ...]) -> bool:
    wanted = phrase.tokens
    if phrase.is_pair:
        one, other = wanted
        places = [i for i, token in enumerate(tokens) if token == one]
        return any(other in tokens[max(i - 2, 0) : i + 3] for i in places)
    n = len(wanted)
    return n == 1 or any(
        tokens[i : i + n] == wanted for i, token in enumerate(tokens) if token == wanted[0]
    )


def judge_bytes(value: bytes, charset: bytes, index: Index) -> Iterator[Kind]:
    """The kinds whose tokens of six bytes and more stand in bytes that are no text.

    In ASCII and its kin, and in UTF-16 of either order: that is ASCII with NULs between.
    """
    for view in _views(value):
        found = index.raw_bytes.intersection(ascii_tokens(view))
        for needle in found:
            for phrase in index.by_needle[needle.decode()]:
                is_single = phrase.tokens == (phrase.needle,) and phrase.reach >= Reach.TEXT
                if is_single and _stands_alone(phrase, view.decode("latin-1")):
                    yield phrase.kind
    if index.raw_texts and not value.isascii():
        for text, kind in index.raw_texts:
            if any(spelling in value for spelling in _spellings(text, charset)):
                yield kind


def _views(value: bytes) -> Iterator[bytes]:
    yield value
    if b"\0" in value:
        # Not all NULs taken out at once: what stands before a text would grow onto it.
        for order in (_UTF_16_BIG, _UTF_16_LITTLE):
            yield b" ".join(order.findall(value)).replace(b"\0", b"")


@lru_cache(maxsize=1024)
def _spellings(text: str, charset: bytes) -> frozenset[bytes]:
    """The bytes of a name that is not ASCII in the encodings in use."""
    codecs = {*_CODECS, *(c for c in _codecs(charset) if not c.startswith("iso2022"))}
    found = set()
    for word in {text, text.lower(), text.upper(), text.capitalize()}:
        for codec in codecs:
            try:
                raw = word.encode(codec)
            except (LookupError, UnicodeError):
                continue
            if len(raw) >= STRONG:
                found.add(raw)
    return frozenset(found)


def _codecs(charset: bytes) -> list[str]:
    names = [name.strip() for name in charset.decode("ascii", "replace").split("\\")]
    plain = [codec for name in names if (codec := codec_named(name)) is not None]
    if len(plain) == len(names):
        return plain
    from pydicom.charset import convert_encodings

    with silent_pydicom():
        try:
            return list(convert_encodings(names))
        except (LookupError, UnicodeError, ValueError):
            return ["iso8859"]


def readings(value: bytes, charset: bytes) -> tuple[str, ...]:
    """The ways to read a text: as its character set says, and as UTF-8 or Latin-1 all the same,
    since senders get the character set wrong. Never empty."""
    if value.isascii() and b"\x1b" not in value:
        return (value.decode("ascii"),)
    if len(value) > _CACHED_BYTES:
        return _read(value, charset)
    return _cached(value, charset)


def _read(value: bytes, charset: bytes) -> tuple[str, ...]:
    texts = [value.decode("latin-1")]
    with suppress(UnicodeError):
        texts.append(value.decode("utf-8"))
    codec = codec_of(value, charset)
    if codec is not None:
        return tuple(dict.fromkeys((*texts, value.decode(codec, "replace"))))
    from pydicom.charset import decode_bytes

    with silent_pydicom(), suppress(LookupError, UnicodeError, ValueError):
        texts.append(decode_bytes(value, _codecs(charset), set(b"\\^=\t\n\f\r")))
    return tuple(dict.fromkeys(texts))


_cached: Final = lru_cache(maxsize=4096)(_read)
