"""Faults of clinical values (EUCAIM's requirements, sections 4 and 5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.clinical.cohorts import negative
from tests.quality.cohort import (
    AS_IS,
    PATIENTS,
    TODAY,
    clean_images,
    scanned,
    told,
    write_images,
    write_table,
)
from tests.quality.tabled import NAME, rows, said
from transfer.clinical.columns import Role
from transfer.clinical.mapping import ColumnMap, Declared, TermMap
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.ledger.mapping import declare, map_column, map_term
from transfer.quality.answers import answer
from transfer.quality.cells import Cell, read_cells
from transfer.quality.judging import judge
from transfer.quality.table_errors import table_errors

Table = list[dict[str, str]]
Told = tuple[str, str, str]
IN_A_MONTH = (TODAY + dt.timedelta(days=30)).isoformat()


def controls(*changes: Mapping[str, str | None]) -> Table:
    """Both patients as a control group; studies on 2024-01-31 and 2024-03-15, aged 61 and 58."""
    clean = (
        negative(PATIENTS[0], Sex="Female"),
        negative(PATIENTS[1], Age="58.0", Date_of_imaging_acquisition="2024-03-15"),
    )
    table = []
    for n, row in enumerate(clean):
        change = changes[n] if n < len(changes) else {}
        new = {**row, **{k: v for k, v in change.items() if v is not None}}
        table.append({k: v for k, v in new.items() if change.get(k, "") is not None})
    return table


def without(column: str, table: Table | None = None) -> Table:
    return [{k: v for k, v in row.items() if k != column} for row in table or rows()]


def nothing(ledger: Ledger) -> None:
    pass


def declaring(*roles: Role) -> Callable[[Ledger], None]:
    def say(ledger: Ledger) -> None:
        for role in roles:
            declare(ledger, Declared(role, "Dr A", "never kept"))

    return say


@dataclass(frozen=True)
class TableFault:
    """What is planted, and what is told."""

    name: str
    table: Table
    told: list[Told]
    before: Callable[[Ledger], None] = field(default=nothing)


FAULTS = [
    TableFault(
        "a row without an ID",
        [*rows(), {**rows()[0], "PatientID": ""}],
        [("CLP-01", "R4", "block")],
    ),
    TableFault("no population", rows({"Population": ""}), [("CLP-02", "R2", "block")]),
    TableFault("no column of it", without("Population"), [("CLP-02", "R1", "block")]),
    TableFault("unknown population", rows({"Population": "Ward 3"}), [("CLP-02", "R2", "ask")]),
    TableFault("no sex", rows({"Sex": "unknown"}), [("CLP-03", "R2", "block")]),
    TableFault("sex in a letter", rows({"Sex": "F"}), [("CLP-03", "R2", "block")]),
    TableFault(
        "no detection", rows({"Date of radiology detection": ""}), [("CLP-04", "R2", "block")]
    ),
    TableFault(
        "no column of detection",
        without("Date of radiology detection"),
        [("CLP-04", "R1", "block")],
    ),
    TableFault("no diagnosis date", rows({"Diagnosis date": "NA"}), [("CLP-05", "R2", "block")]),
    TableFault("no age", rows({"Age at diagnosis": "-"}), [("CLP-06", "R2", "block")]),
    TableFault(
        "no confirmation",
        rows({"Pathology confirmation": ""}),
        [("CLP-07", "R2", "block"), ("CLP-22", "R2", "warn")],
    ),
    TableFault("no organ", rows({"Topography": ""}), [("CLP-08", "R2", "block")]),
    TableFault("a lung of no side", rows({"Laterality": ""}), [("CLP-08", "R1", "warn")]),
    TableFault("regions are not there", without("Region"), [("CLP-08", "R1", "warn")]),
    TableFault(
        "no pathology",
        rows({"Pathology": ""}),
        [("CLP-09", "R2", "block"), ("CLP-22", "R2", "warn")],
    ),
    TableFault(
        "no protocol", rows({"Imaging procedure protocol": "null"}), [("CLP-10", "R2", "block")]
    ),
    TableFault(
        "no treatment",
        rows({"Treatment": ""}),
        [("CLP-11", "R2", "block"), ("CLP-21", "R2", "warn")],
    ),
    TableFault(
        "no date of treatment",
        rows({"Date of first treatment": ""}),
        [("CLP-12", "R2", "block"), ("CLP-21", "R2", "warn")],
    ),
    TableFault(
        "diagnosed before it was detected",
        rows({"Diagnosis date": "2024-01-02"}),
        [("CLP-20", "R2", "warn")],
    ),
    TableFault(
        "treated before birth",
        [{**row, "Date of birth": "2024-03-01"} for row in rows()][:1] + rows()[1:],
        [("CLP-20", "R2", "warn")],
    ),
    TableFault(
        "treatment still to come",
        rows({"Date of first treatment": IN_A_MONTH}),
        [("CLP-20", "R2", "block")],
    ),
    TableFault(
        "a date of no treatment",
        rows({"Treatment": "No treatment"}),
        [("CLP-21", "R2", "warn")],
    ),
    TableFault("the images say another sex", rows({"Sex": "Male"}), [("CLP-23", "R2", "warn")]),
    TableFault(
        "chests and a prostate",
        rows({"Topography": "Prostate", "Sex": "Female"}),
        [("CLP-24", "R2", "warn")],
    ),
    TableFault(
        "declared",
        without("Pathology"),
        [("CLP-90", "all", "info")],
        declaring(Role.PATHOLOGY),
    ),
    TableFault(
        "a control without an ID",
        [*controls(), {**controls()[0], "PatientID": ""}],
        [("CLN-01", "R4", "block")],
    ),
    TableFault("among controls nothing", controls({"Population": ""}), [("CLN-02", "R2", "block")]),
    TableFault(
        "among controls a stranger", controls({"Population": "X"}), [("CLN-02", "R2", "ask")]
    ),
    TableFault("a control of no sex", controls({"Sex": ""}), [("CLN-03", "R2", "block")]),
    TableFault(
        "a control of no date",
        controls({"Date of imaging acquisition": ""}),
        [("CLN-04", "R2", "block")],
    ),
    TableFault("a control of no age", controls({"Age": ""}), [("CLN-05", "R2", "block")]),
    TableFault("no ages of controls", without("Age", controls()), [("CLN-05", "R1", "block")]),
    TableFault("a control of no organ", controls({"Topography": ""}), [("CLN-06", "R2", "block")]),
    TableFault(
        "a treated control",
        [{**row, "Treatment": text} for row, text in zip(controls(), ("Surgery", ""), strict=True)],
        [("CLN-10", "R2", "warn")],
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_a_clinical_value_is_told_and_nothing_else(
    fault: TableFault, tmp_path: Path
) -> None:
    found = said(tmp_path, fault.table, before=fault.before)

    assert told(found) == fault.told
    text = " ".join(f"{f.message} {f.remedy}" for f in found)
    values = {value for row in fault.table for value in row.values() if len(value) > 3}
    # Terms that are allowed are told, and titles of attributes may be terms as well.
    values -= {"Female", "Male", "Biopsy", "Treatment", "Lung", "unknown"}
    assert [value for value in values if value in text] == []


@pytest.mark.parametrize("table", [rows(), controls()], ids=["positive", "negative"])
def test_a_clean_table_of_either_set_gives_no_finding(table: Table, tmp_path: Path) -> None:
    assert said(tmp_path, table) == []


def test_patients_and_controls_in_one_table_are_asked_for_what_their_set_has(
    tmp_path: Path,
) -> None:
    heading = dict.fromkeys((*rows()[0], *controls()[0]), "")
    table = [heading | rows()[0], heading | controls()[1]]

    assert said(tmp_path, table) == []


def test_an_empty_value_is_told_as_eucaim_words_it(tmp_path: Path) -> None:
    (found,) = said(tmp_path, rows({"Diagnosis date": ""}))

    assert found.message == "Row 2, column Diagnosis date: Date of diagnosis is empty."
    assert found.remedy == "Fill it, or declare it not available for the dataset."
    assert read_cells(found.cells) == (Cell(4, "empty", ("a date, 2024-01-31",)),)


def test_a_value_that_is_not_on_the_list_is_told_by_its_form(tmp_path: Path) -> None:
    (found,) = said(tmp_path, rows({"Sex": "F"}))

    assert found.message == (
        "Row 2, column Sex: the value (letters) is not one of Female, Male, Other, another agreed"
        " term."
    )
    assert read_cells(found.cells) == (
        Cell(2, "letters", ("Female", "Male", "Other", "another agreed term")),
    )


def test_one_value_of_many_rows_is_one_finding(tmp_path: Path) -> None:
    (found,) = said(tmp_path, rows({"Sex": "w"}, {"Sex": "w"}))

    assert (found.key, found.n) == ("R2", 2)
    assert found.message.startswith("Row 2 and 1 more, column Sex:")


def test_a_value_that_a_person_mapped_is_no_fault(tmp_path: Path) -> None:
    def mapped(ledger: Ledger) -> None:
        map_term(ledger, TermMap(Role.SEX, "F", "Female"), "Dr A")
        map_term(ledger, TermMap(Role.POPULATION, "tumour", "Patient with Cancer"), "Dr A")

    assert said(tmp_path, rows({"Sex": "F", "Population": "tumour"}), before=mapped) == []


def test_a_missing_column_is_one_finding_that_says_how_to_declare_it(tmp_path: Path) -> None:
    (found,) = said(tmp_path, without("Pathology confirmation"))

    assert (found.rule, found.key, found.n) == ("CLP-07", "R1", 2)
    assert found.message == "The clinical table has no column for Pathology confirmation."
    assert found.remedy == (
        "Add the column, or say which one it is: --map COLUMN=confirmation. If the source does not"
        " hold it: --declare confirmation."
    )


@pytest.mark.parametrize(
    ("column", "rule"), [("Age at diagnosis", "CLP-06"), ("Topography", "CLP-08")]
)
def test_what_must_be_there_cannot_be_declared(tmp_path: Path, column: str, rule: str) -> None:
    role = {"Age at diagnosis": Role.AGE_AT_DIAGNOSIS, "Topography": Role.TOPOGRAPHY}[column]
    found = said(tmp_path, without(column), before=declaring(role))

    assert (rule, "R1", "block") in told(found)


def test_a_declaration_is_told_with_name_and_reason(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"Pathology": ""}), before=declaring(Role.PATHOLOGY))

    assert told(found) == [("CLP-90", "all", "info")]
    assert found[0].message == (
        "Declared not available in the source: Pathology (by Dr A: never kept; 1 patient of the"
        " table have it all the same)."
    )


def test_a_column_that_a_person_leaves_out_does_not_count(tmp_path: Path) -> None:
    def left_out(ledger: Ledger) -> None:
        map_column(ledger, ColumnMap("Pathology", Role.PATHOLOGY, is_left_out=True), "Dr A")

    assert told(said(tmp_path, rows(), before=left_out)) == [("CLP-09", "R1", "block")]


VERTICAL = [
    {**row, "Timepoint": number} for row in rows() for number in ("1", "2")
]  # fmt: skip


def test_what_does_not_change_may_stand_in_one_row_of_a_patient(tmp_path: Path) -> None:
    """EUCAIM recommends a row a timepoint; the second row has nothing but its ID and number."""
    table = [
        row if row["Timepoint"] == "1" else dict.fromkeys(row, "") | {
            "PatientID": row["PatientID"], "Timepoint": "2",
        }
        for row in VERTICAL
    ]  # fmt: skip

    assert said(tmp_path, table, images=clean_images(studies=2)) == said(
        _below(tmp_path), VERTICAL, images=clean_images(studies=2)
    )


def _below(folder: Path) -> Path:
    (folder / "again").mkdir()
    return folder / "again"


def test_what_no_row_of_a_patient_has_is_one_finding(tmp_path: Path) -> None:
    table = [row if n > 1 else {**row, "Sex": ""} for n, row in enumerate(VERTICAL)]

    (found,) = [f for f in said(tmp_path, table) if f.rule == "CLP-03"]

    assert found.message == "Row 2, column Sex: Sex is empty, and in 1 more of the patient."


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("Sex", "Male", [("CLP-03", "R3", "block")]),
        ("Diagnosis date", "2024-01-21", [("CLP-05", "R3", "block")]),
        ("Date of radiology detection", "2024-01-11", [("CLP-04", "R3", "block")]),
        ("Age at diagnosis", "61.6", [("CLP-06", "R3", "block")]),
        ("Date of first treatment", "2024-02-22", [("CLP-12", "R3", "block")]),
        ("Population", "Screening", [("CLP-02", "R3", "block")]),
    ],
)
def test_rows_of_a_patient_that_contradict_each_other_are_named(
    tmp_path: Path, column: str, value: str, expected: list[Told]
) -> None:
    table = [row if n != 1 else {**row, column: value} for n, row in enumerate(VERTICAL)]

    found = said(tmp_path, table)

    assert [one for one in told(found) if one[0] not in ("CLN-10", "CLP-23")] == expected
    assert found[0].message.startswith("Rows 2 and 3 are of one patient and differ in column ")
    assert value not in found[0].message


def _answered(folder: Path, choice: str) -> list[Told]:
    write_images(folder / "source", clean_images())
    table = [{**row, "Population": "Ward 3"} for row in rows()]
    path = write_table(folder / NAME, table)
    with scanned(folder / "source", folder / "home", path) as ledger:
        judge(ledger, AS_IS)
        assert told(read_findings(ledger)) == [("CLP-02", "R2", "ask")]
        assert read_findings(ledger)[0].n == 2
        answer(ledger, "CLP-02", choice, None, "Dr A", "our code")
        judge(ledger, AS_IS)
        return told(read_findings(ledger))


def test_an_unknown_population_is_asked_about_once_and_the_answer_decides_the_set(
    tmp_path: Path,
) -> None:
    assert _answered(tmp_path, "positive") == []

    negative = _answered(_below(tmp_path), "negative")
    assert {rule for rule, _, _ in negative} == {"CLN-04", "CLN-05", "CLN-10"}


def test_an_answer_about_a_population_holds_for_the_next_export(tmp_path: Path) -> None:
    write_images(tmp_path / "source", clean_images())
    table = [{**row, "Population": "Ward 3"} for row in rows()]
    path = write_table(tmp_path / NAME, table)
    with scanned(tmp_path / "source", tmp_path / "home", path) as ledger:
        judge(ledger, AS_IS)
        answer(ledger, "CLP-02", "positive", None, "Dr A", "our code")
        judge(ledger, AS_IS)
        write_table(path, [{**row, "Population": "WARD 3"} for row in table])
        from transfer.clinical.phase import read_clinical

        read_clinical(ledger)
        judge(ledger, AS_IS)

        assert read_findings(ledger) == []


def test_more_populations_than_anybody_can_answer_are_one_finding(tmp_path: Path) -> None:
    images = clean_images()
    table = [
        {**rows()[0], "PatientID": f"N-{n}", "Population": f"free text {n}"} for n in range(150)
    ]

    found = [f for f in said(tmp_path, table, images=images) if f.rule == "CLP-02"]

    assert sum(f.severity == "ask" for f in found) == 100
    assert [f.message for f in found if f.severity == "block"] == [
        "More than 100 values are not on the list: is it the right column?"
    ]


def test_a_patient_without_treatment_needs_no_date_of_it(tmp_path: Path) -> None:
    table = rows({"Treatment": "No treatment", "Date of first treatment": ""})

    assert said(tmp_path, table) == []


@pytest.mark.parametrize("part", ["", "PELVIS", "WHOLEBODY"])
def test_only_a_clear_contradiction_of_organ_and_body_part_is_told(
    tmp_path: Path, part: str
) -> None:
    """A body part that is empty or shows all, or one image of the right region, is enough."""
    images = clean_images()
    for image in images[:2]:
        image.BodyPartExamined = part

    found = said(tmp_path, rows({"Topography": "Prostate"}), images=images)

    assert [f for f in found if f.rule == "CLP-24"] == []


@pytest.mark.parametrize("sex", ["O", "", "X"])
def test_a_sex_that_the_images_do_not_tell_contradicts_nothing(tmp_path: Path, sex: str) -> None:
    images = clean_images()
    for image in images[:4]:
        image.PatientSex = sex

    assert [
        f for f in said(tmp_path, rows({"Sex": "Male"}), images=images) if f.rule == "CLP-23"
    ] == []


def test_a_thousand_faulty_rows_are_named_and_the_rest_is_one_finding(tmp_path: Path) -> None:
    """The error report has them all; the ledger and its screens are bounded."""
    table = [{**rows()[0], "PatientID": f"N-{n}", "Diagnosis date": ""} for n in range(1200)]
    write_images(tmp_path / "source", clean_images())
    path = write_table(tmp_path / NAME, table)
    with scanned(tmp_path / "source", tmp_path / "home", path) as ledger:
        judge(ledger, AS_IS)
        kept = read_findings(ledger, limit=5000, rule="CLP-05")
        errors = [f for f in table_errors(ledger, AS_IS) if f.rule == "CLP-05"]

    assert len(kept) == 1001
    assert kept[-1].n == 200
    assert kept[-1].message.startswith("There is more of this kind: Row ")
    assert len(errors) == 1200
    assert {f.n for f in errors} == {1}
    assert all(read_cells(f.cells)[0].form == "empty" for f in errors)


def test_what_a_person_answered_stands_answered_in_the_error_report(tmp_path: Path) -> None:
    write_images(tmp_path / "source", clean_images())
    path = write_table(tmp_path / NAME, rows({"Remarks": "a@example.org"}, {"Remarks": ""}))
    with scanned(tmp_path / "source", tmp_path / "home", path) as ledger:
        judge(ledger, AS_IS)
        answer(ledger, "TAB-05", "harmless", None, "Dr A", "a department's address")
        (error,) = table_errors(ledger, AS_IS)

    assert (error.rule, error.standing) == ("TAB-05", "answered")


def test_under_the_gate_integrity_clinical_faults_stop_nothing(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"Sex": ""}), now=replace(AS_IS, gate="integrity"))

    assert [(f.rule, f.severity) for f in found] == [("CLP-03", "warn")]
