"""What is searched for on account of an identifier, and how far each such phrase reaches.

A short or ordinary text ("Li", "Head", "7") stands in headers for a hundred reasons; a long one
with digits, or both parts of a name side by side, for one. So each phrase has a reach: the likelier
it is to stand somewhere by accident, the closer it must fit.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

from transfer.deid.look.identifiers import Fact, Kind
from transfer.deid.look.ordinary import INVENTED, LABELS, ORDINARY, PLACEHOLDERS
from transfer.deid.look.tokens import fold, is_unspaced, spelled_out, tokens_of

STRONG: Final = 6
"""Characters from which a token with digits in it is taken to be nobody else's by accident."""
_NAME_PARTS: Final = 6
_PIECE: Final = re.compile(r"[0-9]+|[^0-9]+")
_MONTHS: Final = {
    1: "jan january januar janvier enero gennaio januari janeiro stycznia",
    2: "feb february februar fevrier febrero febbraio februari fevereiro lutego",
    3: "mar march maerz marz mars marzo maart marco marca",
    4: "apr april avril abril aprile kwietnia",
    5: "may mai mayo maggio mei maio maja",
    6: "jun june juni juin junio giugno junho czerwca",
    7: "jul july juli juillet julio luglio julho lipca",
    8: "aug august aout agosto augustus sierpnia",
    9: "sep sept september septembre septiembre settembre setembro wrzesnia",
    10: "oct october okt oktober octobre octubre ottobre outubro pazdziernika",
    11: "nov november novembre noviembre novembro listopada",
    12: "dec december dez dezember decembre diciembre dicembre dezembro grudnia",
}  # fmt: skip
MONTH_WORDS: Final = frozenset(word for words in _MONTHS.values() for word in words.split())
"""Months as they are written out in Europe, folded."""


class Reach(IntEnum):
    """Where a phrase counts; each also reaches where the lesser ones do."""

    IDENTITY = 0  # as the whole value of an element made for this kind of identifier
    VALUE = 1  # as the whole value of any text
    PROSE = 2  # anywhere in running text and in names
    TEXT = 3  # anywhere in any text
    EVERYWHERE = 4  # in every text, and as the whole value of codes, numbers and UIDs


class Phrase(NamedTuple):
    """Tokens that stand one after the other; or, `is_pair`, two in any order, at most one between.

    `needle` is the token among them that says most. `literal` is set where the tokens alone are
    too short to say anything: the folded text then has to stand there as it is.
    """

    tokens: tuple[str, ...]
    kind: Kind
    reach: Reach
    needle: str
    is_pair: bool = False
    literal: str = ""

    def __repr__(self) -> str:
        return f"Phrase({self.kind.value!r}, {self.reach.name})"


@dataclass(slots=True, repr=False)
class Index:
    """All phrases of a patient, ready to be looked for; see `lastlook`."""

    by_needle: dict[str, list[Phrase]] = field(default_factory=dict)
    anywhere: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    raw: set[str] = field(default_factory=set)
    raw_texts: set[tuple[str, Kind]] = field(default_factory=set)
    unspaced: set[tuple[str, Kind]] = field(default_factory=set)
    birth_dates: set[str] = field(default_factory=set)
    birth_bytes: frozenset[bytes] = frozenset()
    anywhere_bytes: frozenset[bytes] = frozenset()
    codes_bytes: frozenset[bytes] = frozenset()
    raw_bytes: frozenset[bytes] = frozenset()


@lru_cache(maxsize=256)
def index_of(facts: frozenset[Fact]) -> Index:
    """Compile the identifiers of a patient; the same set is compiled once."""
    index = Index()
    for fact in facts:
        born = birth_date(fact.text) if fact.kind is Kind.BIRTH_DATE else None
        # The first of a month is what profiles make of any day of it: no leak where dates stand.
        is_coarse = born is not None and born.day == 1
        for phrase in dict.fromkeys(phrases_of(fact)):
            _enter(index, phrase, is_coarse=is_coarse)
        if born is not None and not is_coarse:
            index.birth_dates.add(f"{born.year}{born.month:02}{born.day:02}")
        if fact.kind is Kind.NAME:
            index.unspaced.update((text, fact.kind) for text in _unspaced(fact.text))
            parts = (*_parts(fact.text), *_unspaced(fact.text))
            index.raw_texts.update((part, fact.kind) for part in parts if not part.isascii())
    index.anywhere_bytes = _ascii(index.anywhere)
    index.codes_bytes = _ascii(index.codes)
    index.raw_bytes = _ascii(index.raw)
    index.birth_bytes = _ascii(index.birth_dates)
    return index


def phrases_of(fact: Fact) -> Iterator[Phrase]:
    """The phrases of one identifier; none for a placeholder that is nobody's."""
    kind, text = fact
    if kind is Kind.NAME:
        yield from _name(text)
    elif kind is Kind.BIRTH_DATE:
        yield from _birth_date(text)
    elif kind in (Kind.ADDRESS, Kind.PHONE):
        yield from _place(text, kind)
    else:
        # A short study or order number is counted up from 1 and says nothing.
        least = Reach.EVERYWHERE if kind is Kind.ORDER else Reach.IDENTITY
        yield from (phrase for phrase in _number(text, kind) if phrase.reach >= least)


def birth_date(text: str) -> dt.date | None:
    """The day of a birth date that is one: no placeholder, no mere year."""
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    year_first = (digits[:4], digits[4:6], digits[6:8])
    day_first = (digits[4:8], digits[2:4], digits[:2])
    for year, month, day in (year_first, day_first):
        try:
            born = dt.date(int(year), int(month), int(day))
        except ValueError:
            continue
        if 1880 < born.year < 2200 and born != dt.date(1900, 1, 1):
            return born
    return None


def _enter(index: Index, phrase: Phrase, *, is_coarse: bool) -> None:
    index.by_needle.setdefault(phrase.needle, []).append(phrase)
    if phrase.reach is not Reach.IDENTITY:
        index.anywhere.add(phrase.needle)
    if phrase.reach >= Reach.TEXT and not is_coarse:
        index.codes.add(phrase.needle)
        single = len(phrase.tokens) == 1
        if single and len(phrase.needle.encode()) >= STRONG:
            index.raw.add(phrase.needle)


def _ascii(tokens: set[str]) -> frozenset[bytes]:
    return frozenset(token.encode() for token in tokens if token.isascii())


def _run(tokens: tuple[str, ...], kind: Kind, reach: Reach) -> Phrase:
    needle = max(tokens, key=lambda token: (token not in ORDINARY, len(token)))
    return Phrase(tokens, kind, reach, needle)


# Numbers ------------------------------------------------------------------------------------


def _number(text: str, kind: Kind) -> Iterator[Phrase]:
    tokens = tokens_of(text)
    compact = "".join(tokens)
    if not compact or compact in PLACEHOLDERS or len(set(compact)) == 1 < len(compact):
        return
    if not any(c.isdigit() for c in compact):
        yield _run(tokens, kind, Reach.IDENTITY)
        if len(compact) >= STRONG and not ORDINARY.issuperset(tokens):
            yield _run(tokens, kind, Reach.TEXT)
            yield _run((compact,), kind, Reach.TEXT)
        return
    reach = _reach_of_number(compact)
    pieces = tuple(_PIECE.findall(compact))
    spellings: set[tuple[str, ...]] = {(compact,)}
    if len(tokens) > 1 and max(map(len, tokens)) > 2:
        spellings.add(tokens)
    elif len(tokens) > 1:
        yield _run(tokens, kind, reach)._replace(literal=fold(text.strip()))
    if reach is Reach.EVERYWHERE:
        if len(pieces) <= 4 and _says_enough(pieces):
            spellings.add(pieces)
        for piece in {compact, *pieces}:
            bare = piece.lstrip("0")
            if piece.isdigit() and len(bare) >= STRONG:
                spellings |= {(piece,), (bare,), *((bare.zfill(n),) for n in (8, 10, 12))}
    elif reach is Reach.IDENTITY and len(compact) > 1:
        labels = LABELS if len(compact) < 3 else (*LABELS, ("patient",), ("pat",))
        for label in labels:
            yield Phrase((*label, compact), kind, Reach.TEXT, label[0])
    for spelling in sorted(spellings):
        yield _run(spelling, kind, reach)


def _says_enough(pieces: tuple[str, ...]) -> bool:
    """Whether a number is still somebody's when blanks part its letters from its digits: `CT 2019`
    and `Head 123` are nobody's."""
    digits = max(len(piece) for piece in pieces if piece.isdigit())
    words = [p for p in pieces if not p.isdigit() and len(p) > 3 and p not in ORDINARY]
    return digits >= 5 or (digits == 4 and bool(words))


def _reach_of_number(compact: str) -> Reach:
    """Four digits may be a year, and fewer are anything."""
    if len(compact) >= STRONG:
        return Reach.EVERYWHERE
    has_letter = not compact.isdigit()
    return (
        Reach.VALUE if len(compact) == 5 or (has_letter and len(compact) == 4) else (Reach.IDENTITY)
    )


# Names --------------------------------------------------------------------------------------


def _name(text: str) -> Iterator[Phrase]:
    for group in dict.fromkeys((text, spelled_out(text))):
        for spelling in group.split("="):
            yield from _spelling(spelling)


def _spelling(text: str) -> Iterator[Phrase]:
    if any(c.isdigit() for c in text):
        yield from _number(text, Kind.NAME)
        return
    family, given = _family_and_given(text)
    # Who is called Test or Phantom is nobody; what else is in such a name is no one's name either.
    most = Reach.VALUE if INVENTED.intersection(tokens_of(text)) else Reach.EVERYWHERE
    words = {*family, *given, *_written_together(text)}
    for word in sorted(words):
        yield _run((word,), Kind.NAME, min(_reach_of_name(word), most))
    for one, other in product(family, given):
        yield from _both(one, other)


def _written_together(text: str) -> Iterator[str]:
    """Parts of several words as one: O'Brien, van den Berg, García López."""
    for part in text.split("^")[:2] if "^" in text else ():
        tokens = tokens_of(part)
        joined = "".join(tokens)
        if len(tokens) > 1 and len(joined) > 4 and not ORDINARY.issuperset(tokens):
            yield joined


def _family_and_given(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tokens that count; a name written in one piece may begin with either."""
    parts = text.split("^") if "^" in text else text.split(",")
    family = _significant(parts[0])
    given = tuple(token for part in parts[1:3] for token in _significant(part))
    if not given and len(family) > 1:
        return family[:-1], family[1:]
    return family, given[:_NAME_PARTS]


def _significant(text: str) -> tuple[str, ...]:
    return tuple(token for token in tokens_of(text) if token not in PLACEHOLDERS)[:_NAME_PARTS]


def _reach_of_name(token: str) -> Reach:
    if token in ORDINARY or len(token) < (2 if is_unspaced(token) else 4):
        return Reach.IDENTITY
    if is_unspaced(token):
        return Reach.VALUE if len(token) == 2 else Reach.TEXT
    return Reach.PROSE if len(token) == 4 else Reach.TEXT


def _both(one: str, other: str) -> Iterator[Phrase]:
    """Two parts of a name side by side, or written as one word."""
    if one == other:
        return
    telling = [t for t in (one, other) if t not in ORDINARY and len(t) > 1]
    if len(telling) == 2 or any(len(t) > 2 for t in telling):
        reach = Reach.TEXT if min(len(one), len(other)) > 1 else Reach.VALUE
    else:
        reach = Reach.IDENTITY
    needle = max(telling or (one, other), key=len)
    yield Phrase((one, other), Kind.NAME, reach, needle, is_pair=True)
    for word in (one + other, other + one):
        if reach is Reach.TEXT and len(word) > 4 and word not in ORDINARY:
            yield _run((word,), Kind.NAME, Reach.TEXT)


def _unspaced(text: str) -> Iterator[str]:
    """Whole names, and parts of three signs and more, in a script without blanks."""
    for spelling in text.split("="):
        family, given = _family_and_given(spelling)
        joined = "".join((*family, *given))
        for part in (joined, *family, *given):
            if is_unspaced(part) and len(part) >= (2 if part == joined else 3):
                yield part


def _parts(text: str) -> Iterator[str]:
    """Parts of a name as the file spells them, six bytes and more."""
    for part in re.findall(r"[^\W\d_]+", text):
        if len(part.encode()) >= STRONG and fold(part) not in ORDINARY | PLACEHOLDERS:
            yield part


# Dates, places ------------------------------------------------------------------------------


def _birth_date(text: str) -> Iterator[Phrase]:
    born = birth_date(text)
    if born is None:
        return
    year, month, day = f"{born.year}", f"{born.month:02}", f"{born.day:02}"
    runs = [(year + month + day,), (day + month + year,), (year, month, day), (day, month, year)]
    runs += [(month, day, year), (f"{born.day}", f"{born.month}", year)]
    runs += [(f"{born.month}", f"{born.day}", year)]
    for word in _MONTHS[born.month].split():
        for number in {day, f"{born.day}"}:
            runs += [(number, word, year), (word, number, year), (number + word + year,)]
    for run in dict.fromkeys(runs):
        # The year says more than the word of its month.
        needle = run[0] if len(run) == 1 else year
        yield Phrase(run, Kind.BIRTH_DATE, Reach.TEXT, needle)


def _place(text: str, kind: Kind) -> Iterator[Phrase]:
    """An address or phone number as a whole, and the parts of it that have digits in them."""
    for part in dict.fromkeys((text, *re.split(r"[\^,;\r\n]", text))):
        tokens = tokens_of(part)[:16]
        compact = "".join(tokens)
        if len(compact) < STRONG or len(set(compact)) == 1:
            continue
        if compact.isdigit() or (kind is Kind.PHONE and len(tokens) == 1):
            yield _run((compact,), kind, Reach.EVERYWHERE)
        if len(tokens) > 1 and (part is text or any(c.isdigit() for c in compact)):
            yield _run(tokens, kind, Reach.TEXT)
