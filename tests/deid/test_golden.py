"""What Java's CTP gives for real and constructed files, element by element.

`$EUCAIM_GOLDEN_DEID` names the folder; nothing here knows a particular case.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deid.golden import (
    Case,
    cases,
    differences,
    method_of,
    micro_cases,
    need_golden,
    run_case,
    wanted,
)

pytestmark = pytest.mark.golden

CASES = cases()
MICRO_CASES = micro_cases()


def test_the_golden_folder_has_cases_of_both_kinds() -> None:
    """A folder that cannot be read judges nothing."""
    need_golden()
    assert CASES
    assert MICRO_CASES


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_file_under_a_script_gives_what_java_gives(case: Case, tmp_path: Path) -> None:
    """Values, absence, pixel digest, file meta and outcome of the whole data set."""
    found = list(differences(run_case(case, method_of(case), tmp_path), wanted(case)))
    assert not found, "\n".join([f"{len(found)} differences", *found])


@pytest.mark.parametrize("case", MICRO_CASES, ids=[case.name for case in MICRO_CASES])
def test_a_rule_gives_what_java_gives(case: Case, tmp_path: Path) -> None:
    """One function or edge of the language each."""
    found = list(differences(run_case(case, method_of(case), tmp_path), wanted(case)))
    assert not found, "\n".join([f"{len(found)} differences", *found])
