"""What Java's CTP gives for real and constructed files, element by element.

`$EUCAIM_GOLDEN_DEID` names the folder; nothing here knows a particular case.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deid.golden import (
    ABSENT,
    Case,
    cases,
    differences,
    is_eucaim,
    lethe_of,
    method_of,
    micro_cases,
    need_golden,
    run_case,
    wanted,
)

pytestmark = pytest.mark.golden

CASES = cases()
MICRO_CASES = micro_cases()
EUCAIM_CASES = [case for case in CASES if is_eucaim(case)]


def one_test_each(cases: list[Case]) -> pytest.MarkDecorator:
    """A failure names its case; without cases one test tells why there are none."""
    absent = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=ABSENT))
    named = [pytest.param(case, id=case.name) for case in cases]
    return pytest.mark.parametrize("case", named or [absent])


def test_the_golden_folder_has_cases_of_both_kinds() -> None:
    """A folder that cannot be read judges nothing."""
    need_golden()
    assert CASES
    assert MICRO_CASES


@one_test_each(CASES)
def test_a_file_under_a_script_gives_what_java_gives(case: Case, tmp_path: Path) -> None:
    """Values, absence, pixel digest, file meta and outcome of the whole data set."""
    found = list(differences(run_case(case, method_of(case), tmp_path), wanted(case)))
    assert not found, "\n".join([f"{len(found)} differences", *found])


@one_test_each(MICRO_CASES)
def test_a_rule_gives_what_java_gives(case: Case, tmp_path: Path) -> None:
    """One function or edge of the language each."""
    found = list(differences(run_case(case, method_of(case), tmp_path), wanted(case)))
    assert not found, "\n".join([f"{len(found)} differences", *found])


@one_test_each(EUCAIM_CASES)
def test_the_profile_lethe_gives_what_its_script_gives(case: Case, tmp_path: Path) -> None:
    """The profile is written in our own words; what comes out must be the same."""
    found = list(differences(run_case(case, lethe_of(case), tmp_path), wanted(case)))
    assert not found, "\n".join([f"{len(found)} differences", *found])
