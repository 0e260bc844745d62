"""Counts so small that they would single a person out, and what else has to be kept back for them
(CAT-03).

A count is small by its subjects: whoever knows one of three patients learns of the other two. One
that is kept back can be got again from the total and the others; so more are, until what is left
over is as large as the limit, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from transfer.catalogue.figures import TOP_AGE, Facet, Figures, Group, in_order

USUAL_LEAST: Final = 5
MOST_TOLD: Final = 200
"""Groups of one kind that stand in a file."""


@dataclass(frozen=True, slots=True)
class ToldGroup:
    """A group as it may be told. `studies`, `series` and `images` are None where they would give
    away those of a group that is kept back."""

    value: str
    subjects: int
    studies: int | None
    series: int | None
    images: int | None


@dataclass(frozen=True, slots=True)
class ToldFacet:
    """What may be told of one facet; of `withheld` values nothing is. `small` of them are below
    the limit themselves, the others would give those away."""

    groups: Sequence[ToldGroup]
    withheld: int = 0
    small: int = 0


def told(figures: Figures, facet: Facet, least: int) -> ToldFacet:
    """What a file may tell of a facet; with a limit of 1 all of it."""
    groups = list(figures.of(facet))
    shown = [g for g in groups if g.subjects >= least][:MOST_TOLD]
    small = sum(1 for group in groups if group.subjects < least)
    # The largest come first: what is kept back for others is the smallest that could be shown.
    while shown and len(shown) < len(groups) and 0 < _left_over(figures, shown) < least:
        shown.pop()
    is_whole = len(shown) == len(groups)
    return ToldFacet(
        tuple(_told(group, is_whole=is_whole) for group in in_order(facet, shown)),
        len(groups) - len(shown),
        small,
    )


def _left_over(figures: Figures, shown: Sequence[Group]) -> int:
    """How many subjects surely have none of these values, as a reader can work out."""
    return figures.subjects - sum(group.subjects for group in shown)


def _told(group: Group, *, is_whole: bool) -> ToldGroup:
    if is_whole:
        return ToldGroup(group.value, group.subjects, group.studies, group.series, group.images)
    return ToldGroup(group.value, group.subjects, None, None, None)


def small_groups(figures: Figures, least: int) -> dict[Facet, list[Group]]:
    """Every group below the limit, for the person who sets it."""
    found = {
        facet: [group for group in figures.of(facet) if group.subjects < least] for facet in Facet
    }
    return {facet: groups for facet, groups in found.items() if groups}


def told_years(figures: Figures, least: int) -> tuple[int, int] | None:
    """First and last year of those that may be told."""
    years = [int(g.value) for g in told(figures, Facet.YEAR, least).groups if g.value]
    return (min(years), max(years)) if years else None


def told_ages(figures: Figures, least: int) -> tuple[int, int] | None:
    """Lowest and highest age. With a limit the ends of tens of years that may be told: the very
    youngest and oldest would be single persons. 90 stands for all above it, too."""
    if least <= 1:
        return figures.ages
    tens = [int(g.value) for g in told(figures, Facet.AGE, least).groups if g.value]
    if not tens:
        return None
    highest = max(tens)
    return min(tens), min(highest + 9, TOP_AGE)
