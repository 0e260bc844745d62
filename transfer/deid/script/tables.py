"""Functions that ask a table: the lookup table, and the numbers of `@integer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from transfer.deid.script.functions import (
    Argument,
    Failing,
    Missing,
    Render,
    integer,
    pattern_of,
)
from transfer.deid.script.references import text_reader
from transfer.deid.script.scene import Quarantine, Scene
from transfer.deid.text.java import split, trim

_MOST_REFERENCES: Final = 10
_MOST_DIGITS: Final = 1024  # more than any value that a number is written into has use for
_MARKERS: Final = {"keep": "@keep()", "remove": "@remove()", "empty": "@empty()"}


class NotFound(Exception):
    """The table has no entry; the words say why, without the key."""


def found_in(table: Mapping[str, str] | None, key_type: str, key: str) -> str:
    """The entry for a key, references followed.

    Raises:
        NotFound
    """
    if table is None:
        raise NotFound("there is no lookup table")
    if not table:
        raise NotFound("the lookup table is empty")
    value = _entry(table, f"{trim(key_type)}/{trim(key)}")
    followed = 0
    while value.startswith("@") and "/" in value and followed < _MOST_REFERENCES:
        value = _entry(table, trim(value[1:]))
        followed += 1
    if followed >= _MOST_REFERENCES:
        raise NotFound("the lookup table has a chain of references that does not end")
    return value


def _entry(table: Mapping[str, str], key: str) -> str:
    value = table.get(key)
    if value is None:
        raise NotFound("the lookup table has no entry for the value")
    return trim(value)


def lookup(argument: Argument) -> Render:
    table = argument.setting.lookup
    try:
        names = split(argument.raw(0), "|")
        key_type = argument.raw(1)
    except Missing:
        return Failing("@lookup has too few arguments")
    readers = [text_reader(trim(name), argument.setting.names) for name in names]
    action = trim(argument.plain(2))
    is_ignoring = action == "ignore" and len(argument) > 3
    ignored = pattern_of(argument, argument.plain(3)) if is_ignoring else None

    def render(scene: Scene, this: int) -> str:
        key = "|".join(read(scene, this) or "" for read in readers).replace("\\", "")
        try:
            return found_in(table, key_type, key)
        except NotFound as missing:
            if action in _MARKERS:
                return _MARKERS[action]
            if action == "default" and len(argument) > 3:
                return trim(argument.plain(3))
            if ignored is not None and ignored.fullmatch(key):
                return key
            raise Quarantine(f"@lookup: {missing}") from None

    return render


def integer_(argument: Argument) -> Render:
    try:
        read = argument.text(0)
        key_type = argument.raw(1)
    except Missing:
        return Failing("@integer has too few arguments")
    width = integer(argument.raw(2), 0) if len(argument) > 2 else 0
    if width > _MOST_DIGITS:
        return Failing("@integer asks for a number of too many digits")

    def render(scene: Scene, this: int) -> str:
        text = trim(read(scene, this))
        if scene.number is None:
            raise Quarantine("@integer: there is no table of numbers")
        return str(scene.number(key_type, text)).rjust(width, "0")

    return render
