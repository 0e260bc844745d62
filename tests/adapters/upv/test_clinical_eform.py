"""A subject's eForm: which page and field a value goes to, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.upv.clinical_answer import holds
from adapters.upv.clinical_options import Place
from adapters.upv.eform import eform_document
from transfer.clinical.leaving import ClinicalField, ClinicalSubject, SubjectTable
from transfer.errors import ClinicalRefused

PATIENT = ClinicalField("PatientID", "patient", "identifier")
SEX = ClinicalField("Sex", "sex", "term")
AGE = ClinicalField("Age at diagnosis", "age-at-diagnosis", "years")
DATE = ClinicalField("Date of diagnosis", "diagnosis-date", "date")
POINT = ClinicalField("Timepoint", "timepoint", "number")
SIZE = ClinicalField("Tumour size (mm)")
NO_MAPPING: Mapping[str, Place] = {}


def document(
    fields: Sequence[ClinicalField],
    *rows: Sequence[str],
    mapping: Mapping[str, Place] = NO_MAPPING,
    more: Sequence[SubjectTable] = (),
) -> dict[str, Any]:
    """The eForm of subject P1; each row begins behind the Patient ID."""
    table = SubjectTable("lung_clinical", [PATIENT, *fields], [["P1", *row] for row in rows])
    made = eform_document(ClinicalSubject("P1", [table, *more]), mapping, "none", "n")
    read: dict[str, Any] = json.loads(made.content)
    return read


def pages(form: dict[str, Any]) -> dict[str, dict[str, object]]:
    """Page name to field to value; each page stands there once."""
    names = [page["page_name"] for page in form["pages"]]
    assert len(set(names)) == len(names)
    return {
        page["page_name"]: {name: field["value"] for name, field in page["page_data"].items()}
        for page in form["pages"]
    }


def test_what_the_dataset_service_reads_stands_where_it_reads_it() -> None:
    form = document([SEX, AGE, DATE, SIZE], ["Female", "61.5", "2019-03-01", "23"])
    assert pages(form) == {
        "inclusion_criteria": {"baseline_date": "2019-03-01", "age_at_diagnosis": 61.5},
        "patient_data": {"gender": "FEMALE"},
        "clinical_data": {"tumour_size_mm": "23"},
    }


def test_the_bytes_are_the_same_for_the_same_data_in_another_order_of_columns() -> None:
    def content(*order: int) -> bytes:
        fields, cells = [SEX, AGE, SIZE], ["Male", "70", "1"]
        table = SubjectTable(
            "t", [PATIENT, *(fields[i] for i in order)], [["P1", *(cells[i] for i in order)]]
        )
        return eform_document(ClinicalSubject("P1", [table]), {}, "none", "n").content

    assert content(0, 1, 2) == content(2, 0, 1)
    assert content(0, 1, 2) == (
        b'{"pages":[{"page_name":"inclusion_criteria","page_data":{"age_at_diagnosis":{"value":70}}},'
        b'{"page_name":"patient_data","page_data":{"gender":{"value":"MALE"}}},'
        b'{"page_name":"clinical_data","page_data":{"tumour_size_mm":{"value":"1"}}}]}'
    )


def test_each_row_of_a_vertical_table_has_a_page_named_after_its_timepoint() -> None:
    form = document([POINT, SIZE], ["1", "20"], ["2", "18"])
    assert pages(form) == {
        "clinical_data_timepoint_1": {"timepoint": 1, "tumour_size_mm": "20"},
        "clinical_data_timepoint_2": {"timepoint": 2, "tumour_size_mm": "18"},
    }


def test_one_timepoint_is_named_as_well_so_that_all_subjects_have_the_same_pages() -> None:
    assert list(pages(document([POINT, SIZE], ["1", "20"]))) == ["clinical_data_timepoint_1"]


def test_rows_without_a_timepoint_are_numbered() -> None:
    form = document([SIZE], ["20"], ["18"])
    assert list(pages(form)) == ["clinical_data_row_1", "clinical_data_row_2"]


def test_two_rows_of_one_timepoint_stay_two_pages() -> None:
    form = document([POINT, SIZE], ["1", "20"], ["1", "18"], ["2", "9"])
    assert list(pages(form)) == [
        "clinical_data_timepoint_1_row_1",
        "clinical_data_timepoint_1_row_2",
        "clinical_data_timepoint_2",
    ]


def test_what_is_said_once_of_a_patient_may_stand_in_one_row_alone() -> None:
    form = document([POINT, SEX, SIZE], ["1", "Male", "20"], ["2", "", "18"])
    assert pages(form)["patient_data"] == {"gender": "MALE"}


def test_rows_that_contradict_each_other_are_refused_by_their_column() -> None:
    with pytest.raises(ClinicalRefused, match="values of column Sex differ") as refused:
        document([POINT, SEX], ["1", "Male"], ["2", "Female"])
    assert "patient_data, gender" in refused.value.what
    assert "Female" not in refused.value.what + refused.value.remedy


def test_an_empty_cell_is_left_out() -> None:
    assert pages(document([SIZE, SEX], ["", "  "])) == {}


def test_a_second_table_has_pages_of_its_own_whoever_is_in_the_first() -> None:
    second = SubjectTable("lung_clinical_2", [PATIENT, SIZE], [["P1", "5"]])
    both = document([SIZE], ["20"], more=[second])
    alone = document([SIZE], more=[second])
    assert list(pages(both)) == ["clinical_data", "clinical_data_table_2"]
    assert list(pages(alone)) == ["clinical_data_table_2"]


def test_two_headings_that_make_one_name_stay_two_fields() -> None:
    fields = [ClinicalField("PSA"), ClinicalField("psa "), ClinicalField("???")]
    assert pages(document(fields, ["1", "2", "3"]))["clinical_data"] == {
        "psa": "1",
        "psa_2": "2",
        "column_4": "3",
    }


def test_a_made_name_never_takes_that_of_another_column() -> None:
    fields = [ClinicalField("a"), ClinicalField("a"), ClinicalField("a 2"), ClinicalField("A")]
    written = pages(document(fields, ["1", "2", "3", "4"]))["clinical_data"]
    assert written == {"a": "1", "a_2": "2", "a_2_2": "3", "a_3": "4"}


def test_the_mapping_names_page_field_type_and_values() -> None:
    mapping = {
        "Tumour size (mm)": Place("tumour", "diameter", "number"),
        "sex": Place("demographics", "sex_at_birth", "text", {"Female": "2", "Male": "1"}, True),
    }
    form = document([SEX, SIZE], ["Female", "23.50"], mapping=mapping)
    assert pages(form) == {"demographics": {"sex_at_birth": "2"}, "tumour": {"diameter": 23.5}}


def test_a_heading_goes_before_an_attribute_in_the_mapping() -> None:
    mapping = {"sex": Place("a", "a"), "Sex": Place("b", "b")}
    assert pages(document([SEX], ["Male"], mapping=mapping)) == {"b": {"b": "Male"}}


def test_two_columns_for_one_field_are_refused_when_they_differ() -> None:
    mapping = {"A": Place("p", "f"), "B": Place("p", "f")}
    fields = [ClinicalField("A"), ClinicalField("B")]
    assert pages(document(fields, ["x", "x"], mapping=mapping)) == {"p": {"f": "x"}}
    with pytest.raises(ClinicalRefused, match="column B or column A differ"):
        document(fields, ["x", "y"], mapping=mapping)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-12", -12), ("+3", 3), ("61.50", 61.5), ("7.0", 7), ("007", 7), ("0.1", 0.1)],
)
def test_a_number_is_the_number_that_is_written(text: str, value: float) -> None:
    written = pages(document([AGE], [text]))["inclusion_criteria"]["age_at_diagnosis"]
    assert written == value
    assert type(written) is type(value)


@pytest.mark.parametrize(
    "text", ["61,5", "1e3", "NaN", "Infinity", "sixty", "6 1", "0.1234567890123456789", "٣", "--1"]
)
def test_what_is_no_number_is_refused_by_column_and_form_never_by_value(text: str) -> None:
    with pytest.raises(ClinicalRefused, match="column Age at diagnosis") as refused:
        document([AGE], [text])
    told = refused.value.what + refused.value.remedy
    assert text not in told
    assert "inclusion_criteria, age_at_diagnosis" in told


@pytest.mark.parametrize("text", ["01/02/2019", "2019-02-30", "2019", "20190201", "2019-2-1"])
def test_what_is_no_iso_date_is_refused(text: str) -> None:
    with pytest.raises(ClinicalRefused, match="is no date as its field takes it") as refused:
        document([DATE], [text])
    assert text not in refused.value.what


@pytest.mark.parametrize(
    ("text", "gender"),
    [("Male", "MALE"), ("F", "FEMALE"), ("Other", "OTHER"), ("unknown", "OTHER")],
)
def test_sex_is_written_in_the_words_of_the_dataset_service(text: str, gender: str) -> None:
    assert pages(document([SEX], [text])) == {"patient_data": {"gender": gender}}


@pytest.mark.parametrize("text", ["1", "2", "V", "weiblich"])
def test_a_sex_that_would_silently_count_as_other_is_refused(text: str) -> None:
    with pytest.raises(ClinicalRefused, match="none of the values that its field takes"):
        document([SEX], [text])


def test_a_column_is_told_by_its_number_where_its_heading_may_be_a_value() -> None:
    with pytest.raises(ClinicalRefused, match="A value of column 2 is no number") as refused:
        document([ClinicalField("12345678Z", "relative-day", "days")], ["x"])
    assert "12345678Z" not in refused.value.what


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ClinicalRefused, match="is no text as its field takes it"):
        document([SIZE], ["a\ud800"])


def test_the_envelope_of_the_dataset_service_names_the_subject() -> None:
    subject = ClinicalSubject("P1", [SubjectTable("t", [PATIENT, SIZE], [["P1", "5"]])])
    made = json.loads(eform_document(subject, {}, "dataset-service", "n").content)
    assert made["subjectName"] == "P1"
    assert made["eForm"]["pages"][0]["page_name"] == "clinical_data"


def form(**values: object) -> dict[str, Any]:
    return {
        "pages": [{"page_name": "p", "page_data": {k: {"value": v} for k, v in values.items()}}]
    }


def test_a_node_may_order_keys_anew_and_add_of_its_own() -> None:
    held: dict[str, Any] = {
        "id": 7,
        "pages": [
            {"page_name": "other", "page_data": {}},
            {
                "page_data": {
                    "z": {"value": 1},
                    "b": {"unit": "mm", "value": 2},
                    "a": {"value": "x"},
                },
                "page_name": "p",
                "page_number": 3,
            },
        ],
    }
    assert holds(held, form(a="x", b=2.0))


@pytest.mark.parametrize(
    ("held", "sent"),
    [("1", 1), (1, "1"), (True, 1), (1, True), (None, ""), ("x ", "x"), (61.4, 61.5), ([1], 1)],
)
def test_another_value_or_another_type_is_not_the_same(held: object, sent: object) -> None:
    assert not holds(form(a=held), form(a=sent))


@pytest.mark.parametrize(
    "held", [None, [], "x", {}, {"pages": {}}, {"pages": [None]}, {"pages": [{"page_name": "p"}]}]
)
def test_what_is_no_eform_holds_nothing(held: object) -> None:
    assert not holds(held, form(a=1))


def test_two_pages_of_one_name_that_differ_are_not_the_same() -> None:
    held = {"pages": [*form(a=1)["pages"], *form(a=2)["pages"]]}
    assert not holds(held, form(a=1))


_CELLS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    headings=st.lists(st.text(max_size=8), min_size=1, max_size=6),
    data=st.data(),
)
def test_no_cell_is_lost_and_none_is_made_up(headings: list[str], data: st.DataObject) -> None:
    """Whatever headings and cells a table has, as long as they are text."""
    cells = st.lists(_CELLS, min_size=len(headings), max_size=len(headings))
    rows = data.draw(st.lists(cells, max_size=4))
    form = document([ClinicalField(heading) for heading in headings], *rows)
    written = [value for page in pages(form).values() for value in page.values()]
    assert sorted(map(str, written)) == sorted(c.strip() for r in rows for c in r if c.strip())
    assert holds(form, form)
