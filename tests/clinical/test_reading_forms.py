"""The forms that clinical tables come in: separators, line ends, cells of a workbook, eForms."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.clinical.test_reading import PATIENTS, book, read, text
from transfer.clinical.columns import Role, roles_of
from transfer.clinical.notes import CONVERTED, PROBLEMS, WORKBOOK
from transfer.clinical.rows import TableProblem


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("PatientID,Age\nA,1\nB,2\n", set()),
        ("PatientID;Age\nA;1\nB;2\n", {"semicolon"}),
        ("PatientID\tAge\nA\t1\nB\t2\n", {"tab"}),
        ("PatientID|Age\nA|1\nB|2\n", {"bar"}),
        ("PatientID,Age\rA,1\rB,2\r", set()),
        ("PatientID,Age\r\nA,1\r\nB,2", set()),
        ("sep=;\r\nPatientID;Age\r\nA;1\r\nB;2\r\n", {"semicolon", "separator-line"}),
        ("sep=^\rPatientID^Age\rA^1\rB^2\r", {"separator-line"}),
        ('"sep=|"\nPatientID|Age\nA|1\nB|2\n', {"bar", "separator-line"}),
        (
            "\ufeffsep=;\nPatientID;Age\nA;1\nB;2\n",
            {"semicolon", "separator-line", "byte-order-mark"},
        ),
        ("'PatientID';'Age'\n'A';'1'\n'B';'2'\n", {"semicolon", "single-quotes"}),
    ],
    ids=[
        "comma", "semicolon", "tab", "bar", "CR alone", "CR LF", "named", "named caret",
        "named in quotes", "named behind a mark", "single quotes",
    ],
)  # fmt: skip
def test_a_separator_is_recognised_and_noted(tmp_path: Path, content: str, notes: set[str]) -> None:
    table, rows = read(text(tmp_path, content))

    assert table.headings == ("PatientID", "Age")
    assert [cells for _, cells in rows] == [("A", "1"), ("B", "2")]
    assert table.notes == notes


@pytest.mark.parametrize("heading", ["sep=a\nb,c\n", 'sep="\nb,c\n', "sep=\r\nb,c\r\n"])
def test_what_cannot_separate_is_a_heading(tmp_path: Path, heading: str) -> None:
    table, _ = read(text(tmp_path, heading))

    assert table.headings[0].startswith("sep=")


def test_a_decimal_comma_is_noted_and_the_value_kept(tmp_path: Path) -> None:
    table, rows = read(text(tmp_path, "PatientID;Age;Day\nA;61,4;-12\n"))

    assert rows == [(2, ("A", "61,4", "-12"))]
    assert table.notes == {"semicolon", "decimal-comma"}


def test_a_quoted_decimal_comma_is_one_value(tmp_path: Path) -> None:
    table, rows = read(text(tmp_path, 'PatientID,Age\nA,"61,4"\n'))

    assert rows == [(2, ("A", "61,4"))]
    assert table.notes == {"decimal-comma"}


def test_signs_that_end_lines_elsewhere_stay_in_their_values(tmp_path: Path) -> None:
    """Vertical tab, form feed and the line separator end no line of a file."""
    content = "PatientID;Note\nA;one\x0btwo, three\nB;x\u2028y, z\nC;p\x0cq\n"

    table, rows = read(text(tmp_path, content))

    assert [cells for _, cells in rows] == [
        ("A", "one\x0btwo, three"), ("B", "x\u2028y, z"), ("C", "p\x0cq"),
    ]  # fmt: skip
    assert table.notes == {"semicolon"}


def test_an_error_in_a_cell_is_empty_and_noted(tmp_path: Path) -> None:
    path = book(
        tmp_path, {"S": [("PatientID", "Age", "Sex"), ("A", "#N/A", "#REF!"), ("B", 58, "F")]}
    )

    table, rows = read(path)

    assert rows == [(2, ("A", "", "")), (3, ("B", "58", "F"))]
    assert table.notes == {"error-cells"}
    assert "error-cells" in WORKBOOK


def _with_formula(path: Path, cell: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    assert b'<c r="B2"><f>0</f><v' in members[name]
    begin = members[name].index(b'<c r="B2">')
    end = members[name].index(b"</c>", begin) + len(b"</c>")
    members[name] = members[name][:begin] + cell + members[name][end:]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def test_a_formula_whose_value_is_the_empty_text_was_computed(tmp_path: Path) -> None:
    path = book(tmp_path, {"S": [("PatientID", "Note"), ("A", "=0")]})
    _with_formula(path, b'<c r="B2" t="str"><f>IF(1,"","x")</f><v></v></c>')

    table, rows = read(path)

    assert rows == [(2, ("A",))] or rows == [(2, ("A", ""))]
    assert table.notes == {"formulas"}


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="B2"><f>60+1</f></c>',
        b'<c r="B2" s="1"><f t="shared" si="0"/></c>',
        b'<c r="B2"><f>60+1</f><v/></c>',
        b'<c r="B2"><f>60+1</f>\n<v></v>\n</c>',
    ],
)
def test_no_form_of_an_uncomputed_formula_is_read_as_empty(tmp_path: Path, cell: bytes) -> None:
    path = book(tmp_path, {"S": [("PatientID", "Age"), ("A", "=0")]})
    _with_formula(path, cell)

    with pytest.raises(TableProblem, match="formula-without-value"):
        read(path)


def test_a_sheet_of_another_name_is_not_searched_for_formulas(tmp_path: Path) -> None:
    path = book(tmp_path, {"Patients": PATIENTS, "Sums": [("Total",), ("=1+1",)]})

    table, rows = read(path, "Patients")

    assert [cells for _, cells in rows] == [("A-1", "61.4"), ("A-2", "58")]
    assert table.notes == {"one-of-sheets"}


def test_a_workbook_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    path = book(tmp_path, {"S": PATIENTS}).rename(tmp_path / "export.data")

    table, rows = read(path)

    assert (table.form, len(rows)) == ("xlsx", 2)


def test_a_workbook_whose_parts_lie_outside_of_it_is_damaged_not_missing(tmp_path: Path) -> None:
    """The directory of a zip that was cut at its beginning names places before the file's."""
    path = book(tmp_path, {"S": PATIENTS})
    content = path.read_bytes()
    path.write_bytes(content[:30] + content[200:])

    with pytest.raises(TableProblem, match="unreadable-workbook"):
        read(path)


def test_more_text_than_openpyxl_can_hold_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = book(tmp_path, {"S": PATIENTS})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"<sst>" + b"x" * (64 * 1024 * 1024))

    with pytest.raises(TableProblem, match="workbook-too-large"):
        read(path)


def eform(subject: str, *pages: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "subjectName": subject,
        "eForm": {
            "pages": [
                {"page_name": name, "page_data": {k: {"value": v} for k, v in data.items()}}
                for name, data in pages
            ]
        },
    }


SUBJECTS = [
    eform(
        "A",
        ("inclusion_criteria", {"baseline_date": "2024-01-05", "age_at_diagnosis": 61.50}),
        ("patient_data", {"gender": "FEMALE", "note": "a"}),
        ("clinical_data", {"note": "b", "smoker": False}),
    ),
    eform("B", ("patient_data", {"gender": "MALE", "note": None})),
    {"subjectName": "C", "eForm": {}},
]


@pytest.mark.parametrize(
    "content",
    [json.dumps(SUBJECTS), json.dumps(SUBJECTS, indent=2), "\n".join(map(json.dumps, SUBJECTS))],
    ids=["list", "indented", "lines"],
)
def test_a_list_of_eforms_is_a_row_each(tmp_path: Path, content: str) -> None:
    """A page stands in the heading only where two pages have a field of one name."""
    table, rows = read(text(tmp_path, content, "eforms.json"))

    assert table.headings == (
        "PatientID", "baseline_date", "age_at_diagnosis", "gender", "patient_data.note",
        "clinical_data.note", "smoker",
    )  # fmt: skip
    assert rows == [
        (2, ("A", "2024-01-05", "61.5", "FEMALE", "a", "b", "FALSE")),
        (3, ("B", "", "", "MALE", "", "", "")),
        (4, ("C", "", "", "", "", "", "")),
    ]
    assert table.notes == {"eforms"}
    assert "eforms" in CONVERTED


def test_fields_of_an_eform_are_known_as_attributes(tmp_path: Path) -> None:
    table, _ = read(text(tmp_path, json.dumps(SUBJECTS), "eforms.json"))

    assert roles_of(table.headings) == {
        0: Role.PATIENT, 1: Role.DIAGNOSIS_DATE, 2: Role.AGE_AT_DIAGNOSIS, 3: Role.SEX,
    }  # fmt: skip


def test_a_flat_eform_is_read_and_what_stands_beside_values_is_told(tmp_path: Path) -> None:
    content = json.dumps(
        [
            {"eForm": {"Age": "61.4", "Dose": {"value": 2, "unit": "mg"}}, "subjectName": "A"},
            {"subjectName": "B", "subjectId": "77", "eForm": {"Age": "58"}},
        ]
    )

    table, rows = read(text(tmp_path, content, "eforms.json"))

    assert table.headings == ("PatientID", "Age", "Dose")
    assert [cells for _, cells in rows] == [("A", "61.4", "2"), ("B", "58", "")]
    assert table.notes == {"eforms", "eform-more"}


def _with(**form: Any) -> dict[str, Any]:
    return {"subjectName": "A", "eForm": form}


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (_with(sites={"value": ["lung", "liver"]}), "nested-eform"),
        (_with(sites=["lung"]), "nested-eform"),
        (_with(size={"value": {"x": 1}}), "nested-eform"),
        (_with(size={"mm": 1}), "nested-eform"),
        (_with(pages={"page_name": "p"}), "nested-eform"),
        (_with(pages=["p"]), "nested-eform"),
        (_with(pages=[{"page_name": None, "page_data": {}}]), "nested-eform"),
        (_with(pages=[{"page_name": "p", "page_data": [1]}]), "nested-eform"),
        ({"eForm": {"Age": "1"}}, "eform-without-subject"),
        ({"pages": []}, "eform-without-subject"),
        ({"subjectName": None, "eForm": {}}, "eform-without-subject"),
        (eform("A", ("p", {"Age": "1"}), ("p", {"Age": "2"})), "repeated-field"),
    ],
)
@pytest.mark.parametrize("is_list", [True, False], ids=["list", "lines"])
def test_an_eform_that_is_no_row_is_refused_with_what_to_do(
    tmp_path: Path, record: dict[str, Any], code: str, is_list: bool
) -> None:
    records = [record, eform("B", ("p", {"Age": "1"}))]
    content = json.dumps(records) if is_list else "\n".join(map(json.dumps, records))

    with pytest.raises(TableProblem, match=f"^{code}$"):
        read(text(tmp_path, content, "eforms.json"))

    assert all(PROBLEMS[code])


@pytest.mark.parametrize(
    "content",
    [
        '[{"PatientID": "A"}] trailing',
        '[{"PatientID": "A"}, {"PatientID": "B"}',
        '{"PatientID": ["A"]} x',
    ],
    ids=["words behind the list", "a list that does not end", "words behind the columns"],
)
def test_json_that_is_not_whole_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(TableProblem, match="unreadable-json"):
        read(text(tmp_path, content, "table.json"))
