"""The table of timepoints, taken over and written (EUCAIM's requirements, section 11)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.timepoint_table import (
    export_timepoints,
    import_timepoints,
    write_template,
)
from transfer.deid.keys.seal import PATIENT_ID, STUDY_UID, Seal
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.timepoints import assign, assign_all, board

HEADING = "PatientID,StudyInstanceUID,Episode,Timepoint\r\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """One patient with studies of three days, one with two of one day."""
    cohort = {"AB-1": ["20190105", "20200110", "20210301"], "AB-2": ["20200601", "20200601"]}
    with ledger_of(tmp_path, cohort) as made:
        yield made


def written(folder: Path, *lines: str) -> Path:
    path = folder / "timepoints.csv"
    path.write_text(HEADING + "".join(f"{line}\r\n" for line in lines), newline="")
    return path


def shown(ledger: Ledger, patient: int) -> list[tuple[str, str, int | None]]:
    return [(s.study_key, s.episode, s.number) for s in board(ledger, patient)]


def test_a_table_is_taken_over_and_written_back_as_it_was(ledger: Ledger, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "AB-1,1.2.3.1.0,Diagnosis,1",
        "AB-1,1.2.3.1.1,Diagnosis,2",
        "AB-1,1.2.3.1.2,Treatment,3",
        "AB-2,1.2.3.2.4,Diagnosis,1",
        "AB-2,1.2.3.2.3,Diagnosis,2",
    )

    assert import_timepoints(ledger, path) == 5
    assert shown(ledger, 2) == [("S5", "Diagnosis", 1), ("S4", "Diagnosis", 2)]
    assert export_timepoints(ledger, tmp_path / "out.csv", as_it_leaves=False) == 5

    assert (tmp_path / "out.csv").read_bytes() == path.read_bytes()
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


def test_an_empty_number_is_given_by_date(ledger: Ledger, tmp_path: Path) -> None:
    path = written(tmp_path, "AB-1,1.2.3.1.1,Treatment,", "AB-1,1.2.3.1.0,Diagnosis,")

    assert import_timepoints(ledger, path) == 2
    assert shown(ledger, 1) == [("S1", "Diagnosis", 1), ("S2", "Treatment", 2), ("S3", "", None)]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["AB-2,1.2.3.1.0,Diagnosis,1"], "row 2: PatientID and StudyInstanceUID are those of no"),
        (["AB-1,1.2.3.9,Diagnosis,1"], "row 2: PatientID and StudyInstanceUID are those of no"),
        (["AB-1,1.2.3.1.0,Baseline,1"], "row 2: the episode is not one of them"),
        (["AB-1,1.2.3.1.0,Diagnosis,one"], "row 2: the timepoint is not a whole number"),
        (["AB-1,1.2.3.1.0,Diagnosis,0"], "row 2: the timepoint is not a whole number"),
        (["AB-1,1.2.3.1.0,Diagnosis,2"], "row 2: timepoint 2, but by date it is 1"),
        (
            ["AB-1,1.2.3.1.0,Diagnosis,1", "AB-1,1.2.3.1.0,Diagnosis,1"],
            "row 3: its study stands in the table twice",
        ),
        (
            ["AB-1,1.2.3.1.0,Diagnosis,2", "AB-1,1.2.3.1.1,Diagnosis,1"],
            "row 2: timepoint 2, but by date it is 1; row 3: timepoint 1, but by date it is 2",
        ),
        (
            ["AB-1,1.2.3.1.0,Diagnosis,1", "AB-1,1.2.3.1.2,Diagnosis,3"],
            "row 3: timepoint 3, but by date it is 2",
        ),
        (
            ["AB-2,1.2.3.2.3,Diagnosis,1", "AB-2,1.2.3.2.4,Diagnosis,1"],
            "row 3: timepoint 1, but the dates do not allow it",
        ),
    ],
    ids=[
        "study of another patient", "unknown study", "unknown episode", "no number", "below one",
        "gap at the start", "study twice", "against the dates", "gap", "repeat on one day",
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_row_and_nothing_is_taken_over(
    ledger: Ledger, tmp_path: Path, lines: list[str], words: str
) -> None:
    assign(ledger, [3], "Relapse")
    before = shown(ledger, 1), shown(ledger, 2)
    assign(ledger, [3], "Relapse")
    if "1.2.3.1.2" not in "".join(lines):
        lines = [*lines, "AB-1,1.2.3.1.2,Relapse,"]

    with pytest.raises(UsageError, match="was not taken over") as refused:
        import_timepoints(ledger, written(tmp_path, *lines))

    assert words in refused.value.what
    assert "AB-" not in refused.value.what
    assert (shown(ledger, 1), shown(ledger, 2)) == before


def test_many_faults_are_counted_and_ten_named(ledger: Ledger, tmp_path: Path) -> None:
    path = written(tmp_path, *(f"X-{n},1.9.{n},Diagnosis,1" for n in range(25)))

    with pytest.raises(UsageError, match=r"row 11: .*; and 15 more"):
        import_timepoints(ledger, path)


def test_a_table_without_its_columns_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("Patient,UID\nAB-1,1\n")

    with pytest.raises(UsageError, match="lacks a column"):
        import_timepoints(ledger, path)


def test_a_board_that_is_not_complete_is_not_written(ledger: Ledger, tmp_path: Path) -> None:
    assign_all(ledger, "Diagnosis")  # two studies of one day are a question still

    with pytest.raises(UsageError, match="without an episode or a number: 2;"):
        export_timepoints(ledger, tmp_path / "out.csv", as_it_leaves=False)

    assert not (tmp_path / "out.csv").exists()


def test_the_template_helps_with_dates_and_can_be_taken_over(
    ledger: Ledger, tmp_path: Path
) -> None:
    assert write_template(ledger, tmp_path / "template.csv") == 5
    lines = (tmp_path / "template.csv").read_text().splitlines()

    assert lines[0] == ("PatientID,StudyInstanceUID,Episode,Timepoint,StudyDate,StudyDescription")
    assert lines[1] == "AB-1,1.2.3.1.0,,,20190105,TC TORAX"
    assert stat.S_IMODE((tmp_path / "template.csv").stat().st_mode) == 0o600

    filled = "\n".join([lines[0], *(line.replace(",,,", ",Diagnosis,,") for line in lines[1:])])
    (tmp_path / "filled.csv").write_text(filled)
    assert import_timepoints(ledger, tmp_path / "filled.csv") == 5


def test_what_leaves_has_the_new_names_and_no_date(ledger: Ledger, tmp_path: Path) -> None:
    """TPT-03: dates and descriptions stay here."""
    seal = Seal("0123456789abcdef0123456789abcdef0")
    with ledger.transaction():
        ledger.write("DELETE FROM instance WHERE series_id > 1")
        ledger.write("UPDATE patient SET pseudonym = ?", seal.close("EUCAIM-77", PATIENT_ID))
        ledger.write("UPDATE study SET out_study_uid = ?", seal.close("1.3.6.9", STUDY_UID))
    assign(ledger, [1], "Diagnosis")
    ledger.names = Names(seal)

    export_timepoints(ledger, tmp_path / "out.csv", as_it_leaves=True)

    assert (tmp_path / "out.csv").read_bytes() == (
        HEADING + "EUCAIM-77,1.3.6.9,Diagnosis,1\r\n"
    ).encode()


def test_what_has_no_new_name_yet_does_not_leave_under_the_old_one(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ledger.transaction():
        ledger.write("DELETE FROM instance WHERE series_id > 1")
    assign(ledger, [1], "Diagnosis")
    ledger.names = Names(Seal("0123456789abcdef0123456789abcdef0"))

    with pytest.raises(UsageError, match="not de-identified yet"):
        export_timepoints(ledger, tmp_path / "out.csv", as_it_leaves=True)

    assert not (tmp_path / "out.csv").exists()


def test_a_file_that_is_there_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("mine")

    with pytest.raises(UsageError, match="exists already"):
        write_template(ledger, tmp_path / "out.csv")

    assert (tmp_path / "out.csv").read_text() == "mine"
