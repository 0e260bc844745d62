"""Whole dates in running text, however they are written: a day that a policy took away elsewhere
would leave here."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from transfer.clinical.values import written_date
from transfer.deid.look.phrases import MONTH_WORDS
from transfer.deid.look.tokens import fold

_YEARS: Final = range(1900, 2100)
_YEAR: Final = r"(?:19|20)\d\d"
_SIGN: Final = r" ?[-/._|] ?"
_NUMBERS: Final = re.compile(
    rf"(?<![\d.])(?:{_YEAR}{_SIGN}(\d{{1,2}}){_SIGN}(\d{{1,2}})"
    rf"|(\d{{1,2}}){_SIGN}(\d{{1,2}}){_SIGN}{_YEAR}"
    rf"|{_YEAR} (\d\d) (\d\d)|(\d\d) (\d\d) {_YEAR}"
    rf"|{_YEAR}年(\d{{1,2}})月(\d{{1,2}})日)(?!\d|\.\d)"
)
_SHORT_YEAR: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2\d{2}")
_SHORT_IN_TEXT: Final = re.compile(r"(?<![\w./-])(\d{1,2})([/.])(\d{1,2})\2\d{2}(?![\w/-]|\.\d)")
_WORD: Final = r"([^\W\d_]{3,12})"
_DAY_FIRST: Final = re.compile(
    rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th|\.|º|ª)?[ /_-]?(?:of |de )?{_WORD}\.?,?[ /_-]?(?:de )?"
    rf"{_YEAR}(?!\d)",
    re.IGNORECASE,
)
_DAY_FIRST_SHORT: Final = re.compile(rf"(?<![\w./-])\d{{1,2}}([-/.]?){_WORD}\1\d\d(?![\w/-])")
_MONTH_FIRST: Final = re.compile(
    rf"{_WORD}\.? \d{{1,2}}(?:st|nd|rd|th)?,?(?: \d\d?:\d\d(?::\d\d)?)? {_YEAR}(?!\d)",
    re.IGNORECASE,
)
_YEAR_FIRST: Final = re.compile(rf"(?<!\d){_YEAR}[ ./-]{_WORD}\.?[ ./-]\d{{1,2}}(?!\d)")
_ROMAN: Final = re.compile(
    rf"(?<![\w.])\d{{1,2}}{_SIGN}(?:I{{1,3}}|I?V|VI{{1,3}}|I?X|XI{{1,2}}){_SIGN}{_YEAR}(?!\d)"
)
_RUN: Final = re.compile(
    rf"(?<![\w.]){_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{4}}|\d{{6}})?(?![\w.])"
)
_COMPACT: Final = re.compile(r"(?<!\d)(?<!\d\.)\d{8}(?!\d)")
_DIGITS: Final = 8
_SIX: Final = re.compile(r"(?<![\d.,])(\d{6})(?:\d{4,5})?(?![\d.,]\d|\d)")
# Months as they stand in dates elsewhere in Europe.
_WORDS: Final = """
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
януари февруари март април май юни юли август септември октомври ноември декември
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
ιανουαριου φεβρουαριου μαρτιου απριλιου μαιου ιουνιου ιουλιου αυγουστου σεπτεμβριου οκτωβριου
νοεμβριου δεκεμβριου
ledna unora brezna dubna kvetna cervna cervence srpna zari rijna listopadu prosince
januara februara aprila maja juna jula augusta septembra oktobra novembra decembra
januar februar marcius aprilis majus junius julius augusztus szeptember november
ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie
decembrie sijecnja veljace ozujka travnja svibnja lipnja srpnja kolovoza rujna listopada
studenoga prosinca
marts juni juli oktober desember maj augusti
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesakuuta heinakuuta elokuuta
syyskuuta lokakuuta marraskuuta joulukuuta
ene abr ago set dic gen mag giu lug ott avr juil fev out dez mrt mei okt maj lut kwi cze
"""  # noqa: RUF001 - Greek is meant
_MONTHS: Final = MONTH_WORDS | frozenset(map(fold, _WORDS.split()))


def holds_date(cell: str) -> bool:
    """Whether a text holds a date with its day, or is one."""
    text = cell.strip()
    if sum(map(str.isdigit, text)) < 3:
        return False
    whole = written_date(text).date
    if (whole is not None and whole.year in _YEARS) or _is_short(_SHORT_YEAR.fullmatch(text)):
        return True
    return (
        any(map(_is_calendar, _NUMBERS.finditer(text)))
        or any(map(_is_short, _SHORT_IN_TEXT.finditer(text)))
        or _RUN.search(text) is not None
        or _ROMAN.search(text) is not None
        or _names_month(text)
    )


def _names_month(text: str) -> bool:
    return any(
        fold(found[found.re.groups]) in _MONTHS
        for form in (_DAY_FIRST, _DAY_FIRST_SHORT, _MONTH_FIRST, _YEAR_FIRST)
        for found in form.finditer(text)
    )


def holds_day_of(cell: str, days: Collection[str]) -> bool:
    """Whether eight digits in a row, in a text, are one of these days of the patient (YYYYMMDD),
    the year first or last."""
    return len(cell) >= _DIGITS and any(
        digits in days or digits[4:] + digits[2:4] + digits[:2] in days
        for digits in _COMPACT.findall(cell)
    )


def holds_birth(cell: str, births: Collection[str]) -> bool:
    """Whether six digits of a text are the day of birth (YYYYMMDD), the century left out: alone, or
    as personal numbers of the North begin with them."""
    return bool(births) and any(
        digits in (born[2:], born[6:] + born[4:6] + born[2:4])
        for digits in _SIX.findall(cell)
        for born in births
    )


def _is_calendar(found: re.Match[str]) -> bool:
    one, other = (int(n) for n in found.groups() if n is not None)
    return min(one, other) in range(1, 13) and max(one, other) in range(1, 32)


def _is_short(found: re.Match[str] | None) -> bool:
    if found is None:
        return False
    one, other = int(found[1]), int(found[3])
    return min(one, other) in range(1, 13) and max(one, other) in range(1, 32)
