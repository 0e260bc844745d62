"""Counts that would single a person out stay here, and what gives them away too (CAT-03)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transfer.catalogue.figures import Facet, Figures, Group
from transfer.catalogue.small import told, told_ages, told_years


def figures(subjects: int, facet: Facet, counts: dict[str, int]) -> Figures:
    groups = [Group(value, n, n, 2 * n, 100 * n) for value, n in counts.items()]
    groups.sort(key=lambda group: (-group.subjects, group.value))
    return Figures(subjects=subjects, images=100 * subjects, groups={facet: groups})


def shown(found: Figures, facet: Facet, least: int = 5) -> list[str]:
    return [group.value for group in told(found, facet, least).groups]


def test_a_group_below_the_limit_is_not_told() -> None:
    found = figures(30, Facet.SEX, {"F": 15, "M": 10, "O": 3, "": 2})
    part = told(found, Facet.SEX, 5)
    assert [(g.value, g.subjects) for g in part.groups] == [("F", 15), ("M", 10)]
    assert (part.withheld, part.small) == (2, 2)


def test_one_count_that_the_total_would_give_away_takes_a_second_with_it() -> None:
    found = figures(100, Facet.SEX, {"F": 60, "M": 38, "O": 2})
    part = told(found, Facet.SEX, 5)
    assert [group.value for group in part.groups] == ["F"]
    assert (part.withheld, part.small) == (2, 1)


def test_of_two_values_of_which_one_is_small_neither_is_told() -> None:
    assert shown(figures(100, Facet.SEX, {"F": 98, "M": 2}), Facet.SEX) == []


def test_a_value_that_every_subject_has_is_told_beside_a_small_one() -> None:
    """Each has CT: that one of them has MR as well cannot be worked out from it."""
    found = figures(100, Facet.MODALITY, {"CT": 100, "MR": 2})
    assert shown(found, Facet.MODALITY) == ["CT"]


def test_where_something_stays_here_no_other_count_leads_to_it() -> None:
    found = figures(100, Facet.MODALITY, {"CT": 100, "MR": 2})
    (group,) = told(found, Facet.MODALITY, 5).groups
    assert (group.studies, group.series, group.images) == (None, None, None)


def test_with_a_limit_of_one_all_of_it_is_told() -> None:
    found = figures(3, Facet.SEX, {"F": 2, "M": 1})
    part = told(found, Facet.SEX, 1)
    assert [(g.value, g.subjects, g.images) for g in part.groups] == [("F", 2, 200), ("M", 1, 100)]
    assert part.withheld == 0


def test_the_oldest_and_the_youngest_are_not_told_by_the_age_range() -> None:
    found = figures(23, Facet.AGE, {"50": 10, "60": 8, "90": 3, "20": 2})
    assert told_ages(found, 5) == (50, 69)


def test_an_age_range_ends_at_ninety() -> None:
    assert told_ages(figures(16, Facet.AGE, {"90": 8, "80": 8}), 5) == (80, 90)


def test_a_year_of_few_subjects_is_none_of_the_range() -> None:
    found = figures(26, Facet.YEAR, {"2020": 10, "2021": 10, "2013": 3, "2023": 3})
    assert told_years(found, 5) == (2020, 2021)


@given(
    st.dictionaries(st.integers(0, 12).map(str), st.integers(1, 40), min_size=1, max_size=12),
    st.integers(2, 12),
)
def test_what_is_left_over_is_never_smaller_than_the_limit(
    counts: dict[str, int], least: int
) -> None:
    """Of a facet in which each subject has one value: what a reader works out is nothing, or a
    number as large as the limit, or that of a whole dataset which is smaller."""
    total = sum(counts.values())
    part = told(figures(total, Facet.BODY_PART, counts), Facet.BODY_PART, least)
    assert all(group.subjects >= least for group in part.groups)
    left_over = total - sum(group.subjects for group in part.groups)
    assert left_over == 0 or left_over >= least or left_over == total
    assert part.withheld + len(part.groups) == len(counts)
