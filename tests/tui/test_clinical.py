"""The page of step 9: which table, whose rows, what stands in the way, and what comes next."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.driving import crumbs, keys, now, press, running, settle, words
from tests.tui.driving import screen_name as front
from tests.tui.tabled import TO_STEP_9, clinical_app, make_tabled, table_rows, table_text
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import settled_word
from transfer.ledger.order import read_order
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

SIZES = [(80, 24), (120, 40)]


def facts(app: TransferApp) -> str:
    return app.screen.query_one("#facts", Painted).words


def rules(app: TransferApp) -> list[str]:
    found = app.screen.query_one("#rules", Rows).words.splitlines()
    return [" ".join(line.split()) for line in found]


def ordered(workspace: Workspace) -> Path | None:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return read_order(ledger).clinical


def rows_read(workspace: Workspace) -> int:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return ledger.number("SELECT count(*) FROM clinical_row")


@pytest.mark.parametrize("size", SIZES)
async def test_the_page_tells_table_rows_patients_and_what_stands_in_the_way(
    home: Home, tmp_path: Path, size: tuple[int, int]
) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app, size) as pilot:
        await press(pilot, *TO_STEP_9)
        assert front(app) == "ClinicalScreen"
        assert "lung_clinical.csv" in facts(app)
        assert "13 rows" in facts(app)
        assert "12 of 12 patients who go" in facts(app)
        assert "1 row without images" in facts(app)
        assert "in the way" in rules(app)[0]
        assert any(line.startswith("✗ stops CLP-03 Sex") for line in rules(app))
        assert "Findings stand in the way" in now(app)


async def test_keys_lead_to_the_table_the_mapping_and_the_findings(
    home: Home, tmp_path: Path
) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9)
        for key, screen in (("t", "TableScreen"), ("m", "MappingScreen"), ("f", "FindingsScreen")):
            await press(pilot, key)
            assert front(app) == screen
            await press(pilot, "escape")
        await press(pilot, "enter")
        assert front(app) == "RuleScreen"
        assert "AGE-03" in crumbs(app)


async def test_a_transfer_without_table_asks_for_one_and_takes_it(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_tabled(home, tmp_path / "data", "")
    table = tmp_path / "data" / "lung_clinical.csv"
    table.write_text(table_text(table_rows(12)))
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9)
        assert "Which table goes with these images?" in now(app)
        await press(pilot, "o")
        assert front(app) == "ClinicalFileScreen"
        await press(pilot, "end")
        assert "Take this table?" in now(app)
        await press(pilot, "enter")
        assert front(app) == "ClinicalScreen"
        assert "12 of 12 patients who go" in facts(app)
    assert ordered(workspace) == table
    assert rows_read(workspace) == 13


async def test_all_tables_of_a_folder_are_taken_together(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data", "")
    rows = table_rows(12)
    (tmp_path / "data" / "a.csv").write_text(table_text(rows[:6]))
    (tmp_path / "data" / "b.csv").write_text(table_text(rows[6:]))
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "o")
        assert "2 tables directly in it" in words(app)
        await press(pilot, "home", "enter")
        assert "2 tables" in facts(app)
    assert ordered(workspace) == tmp_path / "data"
    assert rows_read(workspace) == 13


async def test_a_folder_without_table_cannot_be_taken(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data", "")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "o", "home")
        assert "no CSV, XLSX or JSON table" in now(app)
        await press(pilot, "enter")
        assert front(app) == "ClinicalFileScreen"
    assert ordered(workspace) is None


async def test_the_walk_begins_above_the_images_where_only_there_is_a_table(
    home: Home, tmp_path: Path
) -> None:
    """A note among the images is none."""
    workspace = make_tabled(home, tmp_path / "images", "")
    (tmp_path / "images" / "notes.txt").write_text("From the archive.\nNo image.\n")
    (tmp_path / "lung_clinical.csv").write_text(table_text(table_rows(12)))
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "o")
        assert "1 table directly in it" in words(app)
        await press(pilot, "end")
        assert "lung_clinical.csv" in words(app)
        app.screen.query_one(Rows).go_to("images")
        await settle(pilot)
        await press(pilot, "right")
        assert "no table directly in it" in words(app)
        assert "notes.txt" not in words(app)
    assert ordered(workspace) is None


async def test_of_a_workbook_the_sheet_is_chosen(home: Home, tmp_path: Path) -> None:
    from openpyxl import Workbook

    workspace = make_tabled(home, tmp_path / "data", "")
    book = Workbook()
    for name in ("Cases", "Controls"):
        sheet = book.create_sheet(name)
        sheet.append(["PatientID", "Sex"])
        sheet.append(["HOSP-0001", name])
    book.save(tmp_path / "data" / "lung_clinical.xlsx")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "o", "end", "enter")
        assert front(app) == "Pick"
        assert "Controls begins with PatientID" in " ".join(words(app).split())
        await press(pilot, "down", "down", "enter")
        assert front(app) == "ClinicalScreen"
        assert "XLSX" in facts(app)
    assert ordered(workspace) == tmp_path / "data" / "lung_clinical.xlsx#Controls"
    assert rows_read(workspace) == 1


async def test_a_typed_path_is_taken_as_well(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data", "")
    table = tmp_path / "elsewhere.csv"
    table.write_text(table_text(table_rows(3)))
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "o", "slash", "ctrl+u")
        await press(pilot, *str(table), "enter")
        assert front(app) == "ClinicalScreen"
    assert ordered(workspace) == table


async def test_no_clinical_data_is_a_named_persons_word_with_a_reason(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "i")
        assert front(app) == "Question", "a table that is named is not dropped by one key"
        await press(pilot, "right", "enter")
        await press(pilot, *"none was kept", "enter")
        await press(pilot, *"Ada Lovelace", "enter")
        assert "none: none was kept (Ada Lovelace)" in facts(app)
        assert "images alone" in now(app)
    assert ordered(workspace) is None
    assert rows_read(workspace) == 0
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        word = settled_word(ledger, "LNK-03", "all")
    assert word is not None
    assert (word.value, word.person, word.reason) == ("image-only", "Ada Lovelace", "none was kept")


async def test_the_harmless_answer_keeps_the_table(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "i", "enter")
        assert front(app) == "ClinicalScreen"
    assert ordered(workspace) is not None


async def test_a_table_that_cannot_be_read_says_why_and_is_read_once_it_is_mended(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_tabled(home, tmp_path / "data", '{"PatientID": ')
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9)
        assert "The JSON file cannot be read as a table." in words(app)
        assert "nothing of it leaves" in words(app)
        assert "t Table" not in keys(app)
        (tmp_path / "data" / "lung_clinical.csv").write_text(table_text(table_rows(12)))
        await press(pilot, "c")
        assert "13 rows" in facts(app)
        assert "cannot be read" not in words(app)
    assert rows_read(workspace) == 13


async def test_the_error_report_is_written_where_it_is_wanted(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    folder = tmp_path / "report"
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9, "e", "down", "enter", "ctrl+u")
        await press(pilot, *str(folder), "enter")
        assert front(app) == "Note"
        assert "lung-2024_errors.csv" in "".join(words(app).split())
    assert sorted(path.name for path in folder.iterdir()) == [
        "lung-2024_errors.csv",
        "lung-2024_errors.json",
    ]
    assert "CLP-03" in (folder / "lung-2024_errors.csv").read_text()
