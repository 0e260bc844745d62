"""Functions that give the text of an element, or a part or form of it."""

from __future__ import annotations

import math
import re
from typing import Final

from transfer.deid.script.functions import (
    Argument,
    Constant,
    Failing,
    Render,
    integer,
    pattern_of,
)
from transfer.deid.script.references import tag_reader
from transfer.deid.script.replacement import BadReplacement, java_replacement
from transfer.deid.script.scene import Quarantine, Scene
from transfer.deid.text.java import parse_float, parse_int, single, split, trim

_SPACES: Final = re.compile(r"[ \t\n\x0b\f\r]+")
_DIGIT: Final = re.compile(r"[0-9]")
_OTHER: Final = re.compile(r"[^0-9]")
_LARGEST: Final = 2**31 - 1
_SMALLEST: Final = -(2**31)


def contents(argument: Argument) -> Render:
    read = argument.text(0)
    if len(argument) == 1:
        return read
    if len(argument) > 3:
        argument.setting.warn("@contents with more than three arguments gives an empty text.")
        return Constant("")
    pattern = pattern_of(argument, argument.plain(1))
    if pattern is None:
        return Failing("@contents: the regular expression is broken")
    searched = pattern
    try:
        pieces = java_replacement(argument.plain(2), pattern)
    except BadReplacement:
        argument.setting.warn(
            "the replacement text of @contents is broken: "
            "every file in which the expression matches is quarantined."
        )

        def fail(scene: Scene, this: int) -> str:
            text = read(scene, this)
            if searched.search(text):
                raise Quarantine("@contents: the replacement text is broken")
            return text

        return fail

    def replacement(match: re.Match[str]) -> str:
        return "".join(piece if isinstance(piece, str) else match[piece] or "" for piece in pieces)

    return lambda scene, this: searched.sub(replacement, read(scene, this))


def value(argument: Argument) -> Render:
    read = argument.text(0)
    otherwise = argument.plain(1)
    return lambda scene, this: read(scene, this) or otherwise


def truncate(argument: Argument) -> Render:
    read = argument.text(0)
    try:
        length = parse_int(argument.raw(1)) if len(argument) > 1 else None
    except ValueError:
        length = None
    if length is None:
        return read
    kept = length
    if kept >= 0:
        return lambda scene, this: read(scene, this)[:kept]
    return lambda scene, this: trim(read(scene, this))[kept:]


def lowercase(argument: Argument) -> Render:
    read = argument.text(0)
    return lambda scene, this: read(scene, this).lower()


def uppercase(argument: Argument) -> Render:
    read = argument.text(0)
    return lambda scene, this: read(scene, this).upper()


def initials(argument: Argument) -> Render:
    read = argument.text(0)
    shift = integer(trim(argument.raw(1)), 0) if len(argument) > 1 else 0

    def render(scene: Scene, this: int) -> str:
        words = trim(_SPACES.sub(" ", read(scene, this).replace("^", " ").replace(",", " ")))
        if not words:
            letters = "X"
        else:
            first, *others = (word[0] for word in words.split(" "))
            letters = "".join([*others, first]).upper()
        return "".join(_moved(letter, shift) for letter in letters) if shift else letters

    return render


def _moved(character: str, shift: int) -> str:
    """Caesar's cipher within small letters, capital letters and digits."""
    for first, count in (("a", 26), ("A", 26), ("0", 10)):
        place = ord(character) - ord(first)
        if 0 <= place < count:
            return chr(ord(first) + (place + shift) % count)
    return character


def pathelement(argument: Argument) -> Render:
    read = argument.text(0)
    wanted = integer(argument.raw(1), 1000) if len(argument) > 1 else 1000

    def render(scene: Scene, this: int) -> str:
        text = read(scene, this)
        parts = split(text, "/")
        at = wanted + len(parts) if wanted < 0 else wanted
        return parts[at] if 0 <= at < len(parts) else text

    return render


def param(argument: Argument) -> Render:
    found = argument.param(0)
    if found is None:
        argument.setting.warn(
            '@param names a parameter that is not defined: it gives the text "null".'
        )
    return Constant("null" if found is None else found)


def require(argument: Argument) -> Render:
    """The element itself if it is there; else that of the argument, else a default."""
    find = tag_reader(argument.raw(0), argument.setting.names) if len(argument) else None
    otherwise = argument.plain(1)

    def render(scene: Scene, this: int) -> str:
        source = scene.level.source
        if this in source:
            return "@keep()"
        if find is None:
            return ""
        tag = find(scene, this)
        text: str | None = otherwise
        if tag in source:
            text = scene.text(tag)
            if text is None:
                raise Quarantine("@require: the other element has no text")
        return text if text is not None and trim(text) else f"@blank({len(text or '')})"

    return render


def round_(argument: Argument) -> Render:
    put_back = argument.put_back
    try:
        size = parse_int(argument.param(1) or "") if len(argument) > 1 else None
    except ValueError:
        size = None
    if size is None:
        return Constant(put_back)
    read = argument.text(0)
    width = size

    def render(scene: Scene, this: int) -> str:
        text = trim(read(scene, this))
        if not text:
            return ""
        try:
            number = single(parse_float(_OTHER.sub("", text)))
        except ValueError:
            return put_back
        rounded = _wrapped(_rounded(_divided(number, single(width))) * width)
        rest = _DIGIT.sub("", text)
        result = f"{rounded}{rest}"
        return f"0{result}" if len(result) % 2 else result

    return render


def _divided(number: float, by: float) -> float:
    if by:
        return single(number / by)
    return math.copysign(math.inf, by) if number else math.nan


def _rounded(number: float) -> int:
    """`Math.round` of a single precision number: half up, within the range of an int."""
    if number != number:
        return 0
    if abs(number) >= 2**31:
        return _LARGEST if number > 0 else _SMALLEST
    return math.floor(number + 0.5)


def _wrapped(number: int) -> int:
    return (number - _SMALLEST) % 2**32 + _SMALLEST
