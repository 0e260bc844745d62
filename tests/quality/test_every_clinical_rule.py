"""Which test plants the fault of each rule of EUCAIM's requirements that is about clinical data."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ABSENT_SHARED
from tests.quality.test_every_rule import _planted
from transfer.quality.rules import BY_ID

REQUIREMENTS: Final = Path(__file__).parents[3] / "shared" / "reference" / "eucaim-requirements.md"
_SECTIONS: Final = ("3", "4", "5", "6", "7", "11", "12")
_FAULT: Final = "test_clinical::test_a_fault_of_a_clinical_value_is_told_and_nothing_else"

PLANTED_BY: Final = {
    # Section 3
    "AGE-01": "test_age::test_a_study_without_an_age_in_header_or_table_is_named",
    "AGE-02": "test_age::test_header_and_table_that_differ_by_more_than_a_year_are_told",
    "AGE-03": "test_age::test_an_impossible_age_in_the_table_is_refused",
    "AGE-04": "test_age::test_a_patient_above_89_is_asked_about",
    "AGE-05": "test_age::test_an_age_that_the_table_lets_compute_is_enough",
    # Sections 4 and 5
    **{f"CLP-{number:02}": _FAULT for number in (*range(1, 13), *range(20, 25), 90)},
    **{f"CLN-{number:02}": _FAULT for number in (*range(1, 7), 10)},
    # Section 6
    "REL-01": "test_relative::test_altered_dates_without_relative_days_are_refused",
    "REL-02": "test_relative::test_a_relative_day_that_is_no_whole_number_is_refused",
    "REL-03": "test_relative::test_a_relative_day_that_differs_from_the_dates_is_refused",
    "REL-04": "test_relative::test_dates_of_a_patient_move_by_the_same_days",
    "REL-05": "test_relative::test_coarsened_dates_need_a_baseline",
    "REL-06": "test_relative::test_an_offset_that_the_etl_cannot_keep_is_told",
    "REL-07": "test_relative::test_what_is_no_date_is_refused_with_its_form",
    # Section 7
    "LNK-01": "test_link::test_a_patient_without_a_row_is_named",
    "LNK-02": "test_link::test_ids_that_look_alike_are_asked_about_and_never_linked_unasked",
    "LNK-03": "test_link::test_images_alone_are_asked_about_once",
    "UNQ-01": "test_link::test_a_patient_twice_in_a_table_of_one_row_each_is_refused",
    "UNQ-02": "test_unique::FAULTS",
    "UNQ-03": "test_unique::FAULTS",
    "UNQ-04": "test_unique::FAULTS",
    "UNQ-05": "test_pixels::test_the_same_picture_under_two_uids_is_told_and_nothing_else",
    "UNQ-06": "test_unique::FAULTS",
    # Section 11
    "TPT-01": "test_timepoints::test_a_row_with_the_study_of_another_patient_is_refused",
    "TPT-02": "test_timepoints::test_once_begun_a_study_without_an_episode_is_refused",
    "TPT-03": "test_timepoints::test_descriptions_of_studies_do_not_leave_with_the_table",
    "TPT-04": "test_timepoints::test_an_episode_that_is_spelt_otherwise_in_the_table_is_refused",
    "TPT-05": "test_timepoints::test_a_timepoint_of_the_table_that_is_no_number_from_1_is_refused",
    "TPT-06": (
        "test_timepoints::test_studies_of_one_day_are_asked_about_and_numbered_by_the_answer"
    ),
    "TPT-07": "test_timepoints::test_a_timepoint_of_the_table_without_a_study_is_told",
    # Section 12
    "TAB-01": "test_tables::test_a_table_that_cannot_be_read_is_one_finding",
    "TAB-02": "test_tables::test_another_dialect_is_recognised_and_told",
    "TAB-03": "test_tables::test_a_row_with_a_value_too_many_is_named",
    "TAB-04": "test_tables::test_headings_that_are_not_clear_are_refused",
    "TAB-05": "test_tables::test_a_column_that_tells_who_a_patient_is_is_asked_about",
    "TAB-06": "test_tables::test_a_file_name_without_the_dataset_is_a_warning",
    "TAB-07": "test_tables::test_the_table_of_another_dataset_in_the_same_folder_is_a_warning",
    "TAB-08": "test_clinical::test_a_thousand_faulty_rows_are_named_and_the_rest_is_one_finding",
    "TAB-09": (
        "test_workbooks::test_a_workbook_of_several_sheets_has_to_say_which_one_is_the_table"
    ),
}
NO_FINDING: Final = ("AGE-05", "TAB-08")
"""What they ask for is something that the program makes: an age, a report."""


@pytest.mark.parametrize(("rule", "place"), PLANTED_BY.items())
def test_a_rule_about_clinical_data_has_a_test_that_plants_its_fault(rule: str, place: str) -> None:
    module, _, name = place.partition("::")

    assert hasattr(importlib.import_module(f"tests.quality.{module}"), name)
    assert (rule in BY_ID) == (rule not in NO_FINDING)
    assert rule in NO_FINDING or rule in {planted for planted, _ in _planted()}


@pytest.mark.skipif(not REQUIREMENTS.is_file(), reason=ABSENT_SHARED)
def test_no_rule_of_the_requirements_is_forgotten() -> None:
    text = REQUIREMENTS.read_text(encoding="utf-8")
    asked = {
        rule
        for section in re.split(r"^## ", text, flags=re.MULTILINE)
        if section.partition(".")[0] in _SECTIONS
        for rule in re.findall(r"^\| ([A-Z]{3}-\d\d) \|", section, flags=re.MULTILINE)
    }

    assert len(asked) > 60
    assert sorted(asked - set(PLANTED_BY)) == []
    assert sorted(set(PLANTED_BY) - asked) == []
