"""Tables are read as they are, whatever form they have, and hostile ones cost little."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from transfer.clinical.reading import TableFile, digest_of, read_table, table_files
from transfer.clinical.rows import Table, TableProblem

Cells = Sequence[object]


def read(path: Path, sheet: str = "") -> tuple[Table, list[tuple[int, tuple[str, ...]]]]:
    table = read_table(TableFile(path, sheet), digest_of(path))
    return table, [(row.number, row.cells) for row in table.rows]


def text(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def book(folder: Path, sheets: dict[str, list[Cells]], name: str = "table.xlsx") -> Path:
    made = Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for title, lines in sheets.items():
        sheet = made.create_sheet(title)
        for line in lines:
            sheet.append(line)
    made.save(folder / name)
    return folder / name


PATIENTS: list[Cells] = [("PatientID", "Age"), ("A-1", 61.4), ("A-2", 58)]


def test_a_quoted_line_break_stays_in_its_value(tmp_path: Path) -> None:
    _, rows = read(text(tmp_path, 'PatientID,Note\r\nA,"one\r\ntwo, three"\r\nB,x\r\n'))

    assert rows == [(2, ("A", "one\r\ntwo, three")), (3, ("B", "x"))]


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    """Blank rows count; those at the end are nobody's."""
    table, rows = read(text(tmp_path, "PatientID,Age\n\nA,1\n\n\nB,2\n\n\n"))

    assert [number for number, _ in rows] == [3, 6]
    assert table.notes == {"blank-rows"}


@pytest.mark.parametrize(
    ("codec", "note"),
    [
        ("utf-8", set()),
        ("utf-8-sig", {"byte-order-mark"}),
        ("utf-16", {"utf-16"}),
        ("utf-16-le", {"utf-16"}),
        ("utf-16-be", {"utf-16"}),
        ("latin-1", {"latin-1"}),
        ("cp1252", {"latin-1"}),
    ],
)
def test_an_encoding_is_recognised(tmp_path: Path, codec: str, note: set[str]) -> None:
    table, rows = read(text(tmp_path, "PatientID,Organ\nÄ-1,Hígado é\n".encode(codec)))

    assert table.headings == ("PatientID", "Organ")
    assert rows == [(2, ("Ä-1", "Hígado é"))]
    assert table.notes == note


def test_nuls_control_characters_and_formulas_are_kept_as_data(tmp_path: Path) -> None:
    _, rows = read(text(tmp_path, b"PatientID,Note\nA\0B,\x1b[2J=1+1\nC,=cmd|' /C calc'!A0\n"))

    assert rows == [(2, ("A\0B", "\x1b[2J=1+1")), (3, ("C", "=cmd|' /C calc'!A0"))]


def test_a_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = book(tmp_path, {"Notes": [("read me",)], "Patients": PATIENTS})

    table, rows = read(path, "Patients")

    assert rows == [(2, ("A-1", "61.4")), (3, ("A-2", "58"))]
    assert (table.sheet, table.notes) == ("Patients", {"one-of-sheets"})


def test_without_a_name_the_only_sheet_with_patients_is_read(tmp_path: Path) -> None:
    table, _ = read(book(tmp_path, {"Notes": [("read me",)], "Patients": PATIENTS}))

    assert (table.sheet, table.notes) == ("Patients", {"only-table"})


@pytest.mark.parametrize(("sheet", "code"), [("", "which-sheet"), ("Others", "no-such-sheet")])
def test_a_sheet_that_cannot_be_told_is_not_guessed(tmp_path: Path, sheet: str, code: str) -> None:
    path = book(tmp_path, {"One": PATIENTS, "Two": PATIENTS})

    with pytest.raises(TableProblem, match=code):
        read(path, sheet)


def test_dates_and_truths_of_a_workbook_are_text(tmp_path: Path) -> None:
    line: Cells = ("A", dt.datetime(2024, 1, 31), dt.datetime(2024, 1, 31, 10, 15), True, None)  # noqa: DTZ001 - spreadsheets know no zone
    table, rows = read(book(tmp_path, {"S": [("PatientID", "a", "b", "c", "d"), line]}))

    assert rows == [(2, ("A", "2024-01-31", "2024-01-31 10:15:00", "TRUE"))]
    assert table.notes == {"dates"}


def _with_value(path: Path, formula: str, value: str) -> None:
    """Give a formula the value that a spreadsheet program would have saved with it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    old = f"<f>{formula}</f><v></v>".encode()
    assert old in members[name] or f"<f>{formula}</f><v />".encode() in members[name]
    new = f"<f>{formula}</f><v>{value}</v>".encode()
    members[name] = members[name].replace(old, new)
    members[name] = members[name].replace(f"<f>{formula}</f><v />".encode(), new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def test_a_formula_is_read_as_the_value_that_was_saved(tmp_path: Path) -> None:
    path = book(tmp_path, {"S": [("PatientID", "Age"), ("A", "=60+1")]})
    _with_value(path, "60+1", "61")

    table, rows = read(path)

    assert rows == [(2, ("A", "61"))]
    assert table.notes == {"formulas"}


def test_a_formula_that_was_never_computed_is_not_read_as_empty(tmp_path: Path) -> None:
    path = book(tmp_path, {"S": [("PatientID", "Age"), ("A", "=60+1")]})

    with pytest.raises(TableProblem, match="formula-without-value"):
        read(path)


RECORDS = [{"PatientID": "A", "Age": 61.50, "Dead": False}, {"PatientID": "B", "Organ": None}]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        "\n".join(json.dumps(record) for record in RECORDS),
        json.dumps(RECORDS, indent=4),
    ],
    ids=["list", "lines", "indented"],
)
def test_records_in_json_are_rows(tmp_path: Path, content: str) -> None:
    table, rows = read(text(tmp_path, content, "table.json"))

    assert table.headings == ("PatientID", "Age", "Dead", "Organ")
    assert rows == [(2, ("A", "61.5", "FALSE", "")), (3, ("B", "", "", ""))]


@pytest.mark.parametrize(
    "content",
    [
        '{"PatientID": ["A", "B"], "Age": [61.50, 58]}',
        '{"Age": {"0": 61.50, "1": 58}, "PatientID": {"0": "A", "1": "B"}}',
    ],
)
def test_columns_in_json_are_read_and_numbers_stay_as_they_are_written(
    tmp_path: Path, content: str
) -> None:
    table, rows = read(text(tmp_path, content, "table.json"))

    assert table.headings == ("PatientID", "Age")
    assert rows == [(2, ("A", "61.50")), (3, ("B", "58"))]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[" * 100_000, "unreadable-json"),
        ('[{"a": ' + "[" * 100_000, "unreadable-json"),
        ('[{"PatientID": "A", "PatientID": "B"}]', "repeated-key"),
        ('[{"PatientID": "A"}, 7]', "unreadable-json"),
        ('[{"PatientID": "' + "x" * 3_000_000 + '"}]', "row-too-long"),
        ("[]", "empty"),
    ],
)
def test_hostile_json_is_refused(tmp_path: Path, content: str, code: str) -> None:
    with pytest.raises(TableProblem, match=code):
        read(text(tmp_path, content, "table.json"))


def test_a_number_of_many_digits_and_half_a_character_are_no_trouble(tmp_path: Path) -> None:
    digits = "9" * 10_000
    _, rows = read(text(tmp_path, f'[{{"PatientID": "\\ud800", "n": {digits}}}]', "t.json"))

    assert rows == [(2, ("?", digits))]


def _bomb(folder: Path, member: str, content: bytes) -> Path:
    path = book(folder, {"S": PATIENTS})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[member] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


_SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


@pytest.mark.parametrize(
    ("member", "content", "code"),
    [
        ("xl/sharedStrings.xml", b"<sst>" + b" " * 60_000_000, "workbook-bomb"),
        ("xl/worksheets/sheet1.xml", _SHEET + b" " * 60_000_000, "workbook-bomb"),
        (
            "xl/worksheets/sheet1.xml",
            b'<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + _SHEET,
            "unreadable-workbook",
        ),
        (
            "xl/worksheets/sheet1.xml",
            _SHEET
            + b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
            + bytes(range(97, 123)) * 400_000
            + b"</t></is></c></row></sheetData></worksheet>",
            "workbook-bomb|row-too-long",
        ),
        ("xl/workbook.xml", b"<not", "unreadable-workbook"),
    ],
    ids=["texts", "sheet", "entities", "one endless cell", "broken"],
)
def test_a_hostile_workbook_is_refused_before_it_is_unpacked(
    tmp_path: Path, member: str, content: bytes, code: str
) -> None:
    path = _bomb(tmp_path, member, content)

    tracemalloc.start()
    with pytest.raises(TableProblem, match=code):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 24 * 1024 * 1024


def test_a_row_number_far_away_does_not_make_a_billion_rows(tmp_path: Path) -> None:
    far = b'<row r="1999999999"><c r="A1999999999"><v>1</v></c></row></sheetData></worksheet>'

    with pytest.raises(TableProblem):
        read(_bomb(tmp_path, "xl/worksheets/sheet1.xml", _SHEET + far))


def test_a_cell_without_end_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with path.open("wb") as file:
        file.write(b'PatientID,Note\nA,"')
        for _ in range(50):
            file.write(b"x" * 1_000_000)

    tracemalloc.start()
    with pytest.raises(TableProblem, match=r"row-too-long|unreadable-text"):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 24 * 1024 * 1024


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        with path.open("w") as file:
            file.write("PatientID,Age,Sex\n")
            file.writelines(f"AB-{n},61.4,Female\n" for n in range(count))
        tracemalloc.start()
        table = read_table(TableFile(path), digest_of(path))
        assert sum(1 for _ in table.rows) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)  # what is imported once is not counted
    assert peak(100_000) < 1.2 * peak(50_000)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("PatientID\tAge\nAB-1\t61\n", True),
        ("PatientID;Age;Sex\nAB-1;61;F\nAB-2;62;M\n", True),
        ('PatientID,Remark\nAB-1,"two\nlines"\n', True),
        ("sep=#\nPatientID#Age\nAB-1#61\n", True),
        ('[{"PatientID": "AB-1"}]', True),
        ("Exported from the archive for the research platform.\nNo image.\n", False),
        ("Dear colleagues, as agreed:\n\nCT of the chest.\nNo contrast.\n", False),
        ("", False),
    ],
)
def test_a_note_beside_the_tables_of_a_folder_is_no_table(
    text: str, is_one: bool, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("PatientID\nAB-1\n")
    for name, codec in (("n.txt", "utf-8"), ("w.TXT", "utf-16")):
        (tmp_path / name).write_text(text, codec)
    names = [file.path.name for file in table_files(tmp_path)]
    assert names == (["a.csv", "n.txt", "w.TXT"] if is_one else ["a.csv"])
    # Whoever names it is believed.
    assert table_files(tmp_path / "n.txt") == [TableFile(tmp_path / "n.txt")]


def test_the_sheet_stands_behind_the_name_of_the_file(tmp_path: Path) -> None:
    path = book(tmp_path, {"My sheet": PATIENTS})

    assert table_files(tmp_path / "table.xlsx#My sheet") == [TableFile(path, "My sheet")]
    assert load_workbook(path).sheetnames == ["My sheet"]
