"""The tests of `@if` (reference, section 4.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from transfer.deid.script.functions import Argument, pattern_of
from transfer.deid.script.references import tag_reader, text_reader
from transfer.deid.script.scene import Quarantine, Scene, is_blank
from transfer.deid.text.java import parse_int, trim

Test = Callable[[Scene, int], bool]

_NO_DIGITS: Final = re.compile(r"[^0-9]")
_TESTS: Final = frozenset(("isblank", "exists", "equals", "contains", "matches", "greaterthan"))


def test_of(argument: Argument) -> Test:
    """The test that the arguments of an `@if` describe."""
    if len(argument) < 2:
        return _false
    kind = argument.raw(1)
    if kind not in _TESTS:
        argument.setting.warn("@if does not know this test: it is never true.")
        return _false
    name = argument.plain(0)
    names = argument.setting.names
    if kind == "exists":
        find = tag_reader(name, names)
        return lambda scene, this: find(scene, this) in scene.level.source
    read = text_reader(name, names)
    if kind == "isblank":
        return lambda scene, this: is_blank(read(scene, this) or "")
    if len(argument) < 3:
        return _false
    other = _other(argument)
    if kind == "equals":
        lower = other.lower()
        return lambda scene, this: (read(scene, this) or "").lower() == lower
    if kind == "contains":
        lower = other.lower()
        return lambda scene, this: lower in (read(scene, this) or "").lower()
    if kind == "greaterthan":
        least = _number(other)
        return lambda scene, this: _number(read(scene, this) or "") > least
    pattern = pattern_of(argument, trim(other))
    if pattern is None:
        return _broken
    whole = pattern.fullmatch
    return lambda scene, this: whole(read(scene, this) or "") is not None


def _other(argument: Argument) -> str:
    """The third argument: quotes stripped, a defined parameter's value."""
    other = argument.plain(2)
    if other.startswith("@"):
        return argument.setting.params.get(other[1:], other)
    return other


def _number(text: str) -> int:
    try:
        return parse_int(_NO_DIGITS.sub("", text))
    except ValueError:
        return 0


def _false(scene: Scene, this: int) -> bool:
    return False


def _broken(scene: Scene, this: int) -> bool:
    raise Quarantine("@if: the regular expression is broken")
