"""All outputs of a transfer in one folder: private, whole, repeatable, nobody else's."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.clinical.leaving import EUCAIM, METHODS, leaving
from tests.clinical.ledgers import ledger_of
from transfer.clinical.derive import derive
from transfer.clinical.outgoing.table import open_outgoing
from transfer.clinical.outputs.folder import Outputs, write_outputs
from transfer.clinical.outputs.place import MANIFEST, refuse_among_sources
from transfer.clinical.outputs.template import write_template
from transfer.clinical.phase import read_clinical
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.timepoints import assign, assign_all

COHORT = {"AB-1": ["20190105", "20210301"], "AB-2": ["20200601"]}
TABLE = (
    "PatientID,Population,Sex,Date of diagnosis,Age at diagnosis,Pathology,Marker,Comment,Episode\n"
    'AB-1,Patient with Cancer,F,2019-02-01,61.4,8140/3,high,"=HYPERLINK(""x""), one",Diagnosis\n'
    "AB-1,Patient with Cancer,F,2019-02-01,61.4,8140/3,low,two,Relapse\n"
    "AB-2,Control group,Male,2020-06-01,58.0,8070/3,high,three,Diagnosis\n"
)
IMAGES = {"HOSP0004": ["20190312", "20190620"], "XK-77120": ["20200229"]}
NAMES = {
    "thorax_clinical.csv", "dcm_studies_metadata.csv", "thorax_timepoints.csv",
    "thorax_cdm_draft.xlsx", "thorax_series_descriptions.csv", "README.txt",
}  # fmt: skip


@contextmanager
def told_ledger(folder: Path, table: str = TABLE) -> Iterator[Ledger]:
    source = folder / "source"
    (source / "tables").mkdir(parents=True)
    path = source / "tables" / "thorax_clinical.csv"
    path.write_text(table)
    with ledger_of(source, COHORT, clinical=path) as ledger:
        read_clinical(ledger)
        derive(ledger)
        yield ledger


def written(ledger: Ledger, folder: Path) -> Outputs:
    return write_outputs(ledger, None, folder)


def test_everything_lies_in_the_folder_for_its_owner_alone(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        assign_all(ledger, "Diagnosis")
        outputs = written(ledger, tmp_path / "out")

    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} == NAMES | {MANIFEST}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name for file in outputs.files} == NAMES
    assert outputs.left_out == []


def test_the_manifest_has_the_digest_of_each_file(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        assign_all(ledger, "Diagnosis")
        written(ledger, tmp_path / "out")

    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    found = {
        one["name"]: hashlib.sha256((tmp_path / "out" / one["name"]).read_bytes()).hexdigest()
        for one in manifest["files"]
    }
    assert found.keys() == NAMES
    assert found == {one["name"]: one["sha256"] for one in manifest["files"]}


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        assign_all(ledger, "Diagnosis")
        written(ledger, tmp_path / "one")
        written(ledger, tmp_path / "two")

    for name in NAMES | {MANIFEST}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_earlier_outputs_are_replaced_and_what_is_no_longer_made_goes(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        assign_all(ledger, "Diagnosis")
        written(ledger, tmp_path / "out")
        with ledger.transaction():
            ledger.write("DELETE FROM timepoint")
        outputs = written(ledger, tmp_path / "out")

    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == (NAMES | {MANIFEST}) - {"thorax_timepoints.csv"}
    assert "No study has an episode yet" in outputs.left_out[0]


def test_what_a_killed_run_left_is_no_foreign_folder(tmp_path: Path) -> None:
    draft = tmp_path / "out" / ".eucaim-transfer-draft"
    draft.mkdir(parents=True)
    (draft / "half.csv").write_text("half")
    with told_ledger(tmp_path) as ledger:
        written(ledger, tmp_path / "out")

    assert not draft.exists()


@pytest.mark.parametrize("name", ["notes.txt", ".hidden"])
def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    with told_ledger(tmp_path) as ledger, pytest.raises(UsageError, match="is not empty"):
        written(ledger, tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_outputs_of_another_transfer_are_left_alone(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        written(ledger, tmp_path / "out")
        before = (tmp_path / "out" / MANIFEST).read_text()
        with ledger.transaction():
            ledger.write("UPDATE transfer SET name = 'other'")

        with pytest.raises(UsageError, match="is not empty"):
            written(ledger, tmp_path / "out")

    assert (tmp_path / "out" / MANIFEST).read_text() == before


def test_a_manifest_that_names_files_elsewhere_does_not_reach_them(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MANIFEST).write_text(
        json.dumps(
            {
                "kind": "eucaim-transfer clinical outputs",
                "transfer": "thorax",
                "files": [{"name": "../mine.txt"}],
            }
        )
    )
    with told_ledger(tmp_path) as ledger:
        written(ledger, tmp_path / "out")

    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("place", ["source", "source/out", "source/tables", "source/tables/out"])
def test_nothing_is_written_among_the_data(tmp_path: Path, place: str) -> None:
    with told_ledger(tmp_path) as ledger:
        with pytest.raises(UsageError, match="inside the data of this transfer"):
            written(ledger, tmp_path / place)
        link = tmp_path / "link"
        link.symlink_to(tmp_path / "source")
        with pytest.raises(UsageError, match="inside the data of this transfer"):
            refuse_among_sources(ledger, link / "out")


def test_open_timepoints_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        assign(ledger, [1], "Diagnosis")

        with pytest.raises(UsageError, match="without an episode or a number: 2"):
            written(ledger, tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_a_row_that_tells_who_the_patient_is_keeps_everything_here(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table = "PatientID,Stage\nHOSP0004,II\nXK-77120,seen with HOSP0004\n"
    with (
        leaving(tmp_path / "in", IMAGES, table, EUCAIM) as (ledger, method),
        pytest.raises(StepBlocked, match=r"DID-03, R3.*; nothing was written") as refused,
    ):
        write_outputs(ledger, method, tmp_path / "out")

    assert "HOSP0004" not in refused.value.what
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["eucaim", "lethe", "script"])
def test_all_files_have_one_name_for_a_patient_and_none_the_original(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "in").mkdir()
    table = "PatientID,Date of diagnosis,Age at diagnosis\nHOSP0004,2019-03-07,61.4\n"
    with leaving(tmp_path / "in", IMAGES, table, METHODS[name]) as (ledger, method):
        assign_all(ledger, "Diagnosis")
        write_outputs(ledger, method, tmp_path / "out")
        pseudonym = ledger.names.pseudonym(*ledger.rows("SELECT pseudonym FROM patient")[0])

    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert len(files) == 7
    for file in ("thorax_clinical.csv", "dcm_studies_metadata.csv", "thorax_timepoints.csv"):
        assert files[file].split(b"\r\n")[1].startswith(pseudonym.encode() + b",")
    book = load_workbook(tmp_path / "out" / "thorax_cdm_draft.xlsx")
    texts = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    everything = b"\n".join(files.values()) + "\n".join(texts).encode()
    originals = (b"HOSP0004", b"XK-77120", b"2019-03-12", b"20190312", b"2019-03-07", b"1.2.3.1.")
    assert [one for one in originals if one in everything] == []
    assert b",5,61.4\r\n" in files["dcm_studies_metadata.csv"]


def template(ledger: Ledger) -> dict[str, list[list[str | None]]]:
    held = BytesIO()
    write_template(open_outgoing(ledger, None), held)
    book = load_workbook(held)
    found = {}
    for sheet in book:
        found[sheet.title] = [
            [None if cell.value is None else str(cell.value) for cell in row]
            for row in sheet.iter_rows()
        ]
        # Nothing in it is computed, whatever a cell begins with.
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    return found


def columns(sheet: list[list[str | None]]) -> dict[str | None, list[str | None]]:
    return {heading: [row[n] for row in sheet[1:]] for n, heading in enumerate(sheet[0])}


def test_the_draft_has_the_lines_of_the_template(tmp_path: Path) -> None:
    """Names, entity, element, standard, example, then values with the codes that are known."""
    with told_ledger(tmp_path) as ledger:
        assign(ledger, [1, 3], "Diagnosis")
        assign(ledger, [2], "Relapse")
        sheets = template(ledger)

    assert list(sheets) == ["Overarching", "Relapse"]
    overall = columns(sheets["Overarching"])
    assert sheets["Overarching"][0][0] == "PatientID"
    assert overall["PatientID"] == [None] * 6
    assert overall["Population"] == [
        None, None, "custom", None, "Control group,COM1002625", "Patient with Cancer,COM1001087",
    ]  # fmt: skip
    assert overall["Pathology"][2] == "ICD-O-3"
    assert overall["Pathology"][4:] == ["8070/3,8070/3", "8140/3,8140/3"]
    assert overall["Age at diagnosis"] == [None, None, None, "45.5", None, None]
    assert overall["Date of diagnosis"][3] == "YYYY-MM-DD"


def test_of_other_columns_only_values_that_several_patients_have_are_told(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        overall = columns(template(ledger)["Overarching"])

    assert overall["Marker"] == [None, None, "custom", "high", "high", None]
    assert overall["Comment"] == [None] * 6


def test_numbers_and_dates_are_no_values_to_be_mapped(tmp_path: Path) -> None:
    table = "PatientID,PSA,Seen,Count\nAB-1,4.5,2019-02-01,3\nAB-2,4.5,2019-02-01,3\n"
    with told_ledger(tmp_path, table) as ledger:
        overall = columns(template(ledger)["Overarching"])

    assert overall == {
        "PatientID": [None] * 4,
        "PSA": [None, None, None, "12.5"],
        "Seen": [None] * 4,
        "Count": [None, None, None, "12"],
    }


def test_a_sheet_of_an_episode_has_what_its_rows_fill(tmp_path: Path) -> None:
    table = TABLE.replace(",Episode\n", ",Episode,Stage\n").replace("Diagnosis\n", "Diagnosis,II\n")
    table = table.replace("Relapse\n", "Relapse,\n")
    with told_ledger(tmp_path, table) as ledger:
        sheets = template(ledger)

    assert "Stage" in sheets["Overarching"][0]
    assert sheets["Relapse"][0][0] == "PatientID"
    assert "Marker" in sheets["Relapse"][0]
    assert "Stage" not in sheets["Relapse"][0]


def test_episodes_stand_in_time_order(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        assign(ledger, [1], "Relapse")
        assign(ledger, [2], "Treatment")
        assign(ledger, [3], "Relapse")

        assert list(template(ledger)) == ["Overarching", "Relapse", "Treatment"]


def test_what_a_workbook_cannot_hold_does_not_end_it(tmp_path: Path) -> None:
    table = TABLE.replace("high", "=1+1\x01")
    with told_ledger(tmp_path, table) as ledger:
        overall = columns(template(ledger)["Overarching"])

    assert overall["Marker"][3:5] == ["=1+1\N{REPLACEMENT CHARACTER}"] * 2


def test_the_readme_names_what_is_missing(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        written(ledger, tmp_path / "out")

    text = (tmp_path / "out" / "README.txt").read_text()
    assert "A DRAFT of the CDM template" in text
    assert "75 attributes" in text
    assert "eucaim-transfer timepoints thorax" in text
    assert "thorax_timepoints.csv" not in text
    assert max(map(len, text.splitlines())) <= 80
