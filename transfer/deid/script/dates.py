"""Functions that shift and replace dates, and today's date and time (reference, section 4.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from transfer.deid.script.calendar import Moment, date_of, day_number, parse_moment
from transfer.deid.script.functions import Argument, Constant, Failing, Missing, Render, integer
from transfer.deid.script.hashes import digits
from transfer.deid.script.references import text_reader
from transfer.deid.script.scene import Quarantine, Scene
from transfer.deid.script.tables import NotFound, found_in
from transfer.deid.text.java import INT_MIN, LONG_MAX, LONG_MIN, parse_int, split, trim

_EMPTY: Final = "@empty()"
_REMOVE: Final = "@remove()"
_SHORTEST: Final = 8
_TEN_YEARS: Final = 3650
_NUMBER: Final = re.compile(r"-?\d+")


def shifted(text: str, days: int) -> str:
    """The dates of a text some days later.

    Raises:
        ValueError: one of them is no date.
    """
    days = (days - INT_MIN) % 2**32 + INT_MIN

    def shift(moment: Moment) -> int:
        return moment.resolved().day + days

    return _each(text, shift)


def replaced(text: str, year: int, month: int, day: int) -> str:
    """The dates of a text with some of their fields replaced; a field below 0 is left.

    Raises:
        ValueError: one of them is no date.
    """

    def replace(moment: Moment) -> int:
        if min(year, month, day) < 0:
            # Reading a field resolves what runs over; without that the hours run over last.
            moment = moment.resolved()
        own_year, own_month, own_day = date_of(moment.day)
        changed = day_number(
            own_year if year < 0 else year,
            own_month if month < 0 else month,
            own_day if day < 0 else day,
        )
        return Moment(changed, moment.second).resolved().day

    return _each(text, replace)


def _each(text: str, change: Callable[[Moment], int]) -> str:
    return "\\".join(_one(date, change) for date in split(text, "\\"))


def _one(text: str, change: Callable[[Moment], int]) -> str:
    dash = "-" if "-" in text else ""
    year, month, day = date_of(change(parse_moment(text)))
    return f"{year:04d}{dash}{month:02d}{dash}{day:02d}{text[10 if dash else 8 :]}"


def _dates(argument: Argument, change: Callable[[str, Scene, int], str | None]) -> Render:
    """The frame that all three share: absent, too short, unparsable; None stands for absent."""
    if not len(argument):
        return Constant(_EMPTY)
    read = argument.text_or_none(0)

    def render(scene: Scene, this: int) -> str:
        text = read(scene, this)
        if text is None:
            return _REMOVE
        if len(text) < _SHORTEST:
            return _EMPTY
        try:
            changed = change(text, scene, this)
        except ValueError:
            return _EMPTY
        return _REMOVE if changed is None else changed

    return render


def hashdate(argument: Argument) -> Render:
    try:
        read = argument.text_or_none(1)
    except Missing:
        return _dates(argument, _never)

    def change(text: str, scene: Scene, this: int) -> str | None:
        hashed = read(scene, this)
        if hashed is None:
            return None
        return shifted(text, -(int(digits(hashed)[-4:]) % _TEN_YEARS))

    return _dates(argument, change)


def incrementdate(argument: Argument) -> Render:
    try:
        days = parse_int(argument.param(1) or "", LONG_MIN, LONG_MAX)
    except (Missing, ValueError):
        return _dates(argument, _never)
    if len(argument) > 2:
        argument.setting.warn(
            "@incrementdate with a third argument is of newer builds of CTP; "
            "here, as in the build that EUCAIM uses, only the second counts."
        )
    return _dates(argument, lambda text, scene, this: shifted(text, days))


def modifydate(argument: Argument) -> Render:
    try:
        fields = [argument.param(at) for at in (1, 2, 3)]
    except Missing:
        return _dates(argument, _never)
    if None in fields:
        return _dates(argument, _never)
    year, month, day = (integer(trim(field or ""), -1) for field in fields)
    return _dates(argument, lambda text, scene, this: replaced(text, year, month, day))


def _never(text: str, scene: Scene, this: int) -> str:
    raise ValueError("CTP fails here, which empties the element")


def date(argument: Argument) -> Render:
    mark = argument.plain(0)
    return lambda scene, this: mark.join(f"{scene.clock:%Y %m %d}".split())


def time(argument: Argument) -> Render:
    mark = argument.plain(0)
    return lambda scene, this: mark.join(f"{scene.clock:%H %M %S}".split())


def dateinterval(argument: Argument) -> Render:
    """Days since a base date of the lookup table, or a date that many days after another."""
    failing = "@dateinterval: a date or its base date in the lookup table is missing or unreadable"
    if len(argument) < 3:
        return Failing("@dateinterval has too few arguments")
    read = argument.text(0)
    key_type = argument.raw(1)
    read_key = text_reader(argument.raw(2), argument.setting.names)
    lookup = argument.setting.lookup
    origin = argument.param(3) if len(argument) > 3 else ""

    def render(scene: Scene, this: int) -> str:
        level = scene.level
        try:
            # The key is looked for one level up: in the data set around a sequence.
            scene.level = level.parent or level
            key = read_key(scene, this) or ""
            scene.level = level
            base = _base_day(found_in(lookup, key_type, key))
            days = _compact_day(read(scene, this)[:8]) - base
            if len(argument) == 3:
                return str(days)
            return shifted(origin or "", days)
        except (ValueError, NotFound):
            raise Quarantine(failing) from None
        finally:
            scene.level = level

    return render


def _field(text: str, at: int, width: int | None = None) -> tuple[int, int]:
    """A number after blanks; `width` counts the blanks. With it, where the number ends."""
    start = at
    while at < len(text) and text[at] in " \t":
        at += 1
    end = len(text) if width is None else start + width
    if at >= len(text) or end > len(text):
        raise ValueError("cut off")
    number = _NUMBER.match(text, at, end)
    if number is None:
        raise ValueError("no number")
    return int(number[0]), number.end()


def _compact_day(text: str) -> int:
    """Java's `yyyyMMdd`, which takes more than it should."""
    year, at = _field(text, 0, 4)
    month, at = _field(text, at, 2)
    day, _ = _field(text, at)
    return day_number(year, month, day)


def _base_day(text: str) -> int:
    """Java's `M/d/yyyy`."""
    month, at = _field(text, 0)
    day, at = _field(text, _slash(text, at))
    year, _ = _field(text, _slash(text, at))
    return day_number(year, month, day)


def _slash(text: str, at: int) -> int:
    if text[at : at + 1] != "/":
        raise ValueError("no slash")
    return at + 1
