"""A subject's clinical data as the JSON file that researchers read."""

from __future__ import annotations

import json

import pytest

from adapters.xnat.clinical_document import document
from transfer.clinical.leaving import ClinicalField, ClinicalSubject, SubjectTable
from transfer.errors import ClinicalRefused

FIELDS = (ClinicalField("PatientID", "patient"), ClinicalField("Sex", "sex"), ClinicalField("Size"))


def subject(*tables: SubjectTable, pseudonym: str = "SUBJ-001") -> ClinicalSubject:
    return ClinicalSubject(pseudonym, tables)


def test_a_subject_is_records_by_table_under_its_pseudonym() -> None:
    made = document(
        subject(
            SubjectTable("made_clinical", FIELDS, [("SUBJ-001", "Female", "-12.50")]),
            SubjectTable("made_followup", FIELDS[:1], [("SUBJ-001",), ("SUBJ-001",)]),
        ),
        "n",
    )
    assert (made.name, made.media_type) == ("SUBJ-001_clinical.json", "application/json")
    assert made.content.decode() == (
        "{\n"
        '  "PatientID": "SUBJ-001",\n'
        '  "tables": {\n'
        '    "made_clinical": [\n'
        "      {\n"
        '        "PatientID": "SUBJ-001",\n'
        '        "Sex": "Female",\n'
        '        "Size": "-12.50"\n'
        "      }\n"
        "    ],\n"
        '    "made_followup": [\n'
        "      {\n"
        '        "PatientID": "SUBJ-001"\n'
        "      },\n"
        "      {\n"
        '        "PatientID": "SUBJ-001"\n'
        "      }\n"
        "    ]\n"
        "  }\n"
        "}\n"
    )


def test_an_empty_cell_is_null_and_every_value_else_the_text_of_the_table() -> None:
    table = SubjectTable("t", FIELDS, [("SUBJ-001", "", '007, "ø"\n=1+1\x00')])
    made = json.loads(document(subject(table), "n").content)
    assert made["tables"]["t"] == [
        {"PatientID": "SUBJ-001", "Sex": None, "Size": '007, "ø"\n=1+1\x00'}
    ]


def test_two_columns_of_one_heading_are_refused_and_not_one_of_them_lost() -> None:
    fields = (*FIELDS, ClinicalField("Sex"))
    table = SubjectTable("t", fields, [("SUBJ-001", "Female", "1", "Male")])
    with pytest.raises(ClinicalRefused, match=r"Columns 2 and 4 .* same heading"):
        document(subject(table), "n")


def test_two_tables_of_one_name_are_refused() -> None:
    table = SubjectTable("t", FIELDS, [])
    with pytest.raises(ClinicalRefused, match="one name"):
        document(subject(table, table), "n")


def test_what_no_utf_8_can_carry_is_refused_without_the_value() -> None:
    table = SubjectTable("t", FIELDS, [("SUBJ-001", "Jos\udce9", "1")])
    with pytest.raises(ClinicalRefused, match="no text") as refused:
        document(subject(table), "n")
    assert "Jos" not in refused.value.what + refused.value.remedy


@pytest.mark.parametrize(
    ("pseudonym", "name"),
    [
        ("a_b", "a_b_clinical.json"),
        ("a b", "a_b-c8687a08_clinical.json"),
        ("-x", "x-a4209624_clinical.json"),
        ("...", "ID-ab5df625-ab5df625_clinical.json"),
    ],
)
def test_a_name_tells_pseudonyms_apart_that_share_a_label(pseudonym: str, name: str) -> None:
    assert document(subject(pseudonym=pseudonym), "n").name == name
