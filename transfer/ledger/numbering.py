"""In which order the studies of a patient are timepoints, as far as dates and persons tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

_LAST: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Dated:
    """One study that takes part. `date` is eight digits, or empty where it is not known.

    `place` counts from 0: among the studies of that day, or without a date among all.
    """

    study: int
    date: str
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    """A study with its number, None while that is a question, and the numbers it can have."""

    study: int
    number: int | None
    first: int
    last: int


def numbered(studies: Sequence[Dated]) -> list[Numbered]:
    """Whole numbers from 1 by date, over all episodes (EUCAIM's requirements, TPT-05 and TPT-06).

    Studies of one day are a question until a person places each of them; so is a study without a
    date, unless there is no other.
    """
    order: list[tuple[Dated, bool]] = []
    dated = sorted((s for s in studies if s.date), key=lambda s: s.date)
    for _, group in groupby(dated, key=lambda s: s.date):
        order += _of_one_day(list(group))
    undated = sorted((s for s in studies if not s.date), key=_place)
    for one in undated:
        is_known = one.place is not None or len(studies) == 1
        order.insert(min(_place(one), len(order)), (one, is_known))
    days = _spans([one for one, _ in order])
    return [
        Numbered(one.study, number if is_known else None, *days[one.study])
        for number, (one, is_known) in enumerate(order, 1)
    ]


def _of_one_day(group: list[Dated]) -> list[tuple[Dated, bool]]:
    """In their places; those that have none take what is left, and are not known."""
    if len(group) == 1:
        return [(group[0], True)]
    taken: dict[int, Dated] = {}
    left: list[Dated] = []
    for one in group:
        if one.place is not None and one.place < len(group) and one.place not in taken:
            taken[one.place] = one
        else:
            left.append(one)
    rest = iter(sorted(left, key=lambda s: s.study))
    return [(taken[i], True) if i in taken else (next(rest), False) for i in range(len(group))]


def _spans(order: Sequence[Dated]) -> dict[int, tuple[int, int]]:
    """The lowest and highest number of a study's day; without a date it can have any."""
    spans: dict[str, tuple[int, int]] = {}
    for number, one in enumerate(order, 1):
        first, _ = spans.get(one.date, (number, number))
        spans[one.date] = (first, number)
    return {one.study: spans[one.date] if one.date else (1, len(order)) for one in order}


def _place(one: Dated) -> int:
    return _LAST if one.place is None else one.place
