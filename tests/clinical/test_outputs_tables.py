"""Timepoints for the ETL and the table of studies in Lethe's form (requirements, section 11)."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clinical.ledgers import exclude_study, ledger_of
from tests.conftest import ABSENT_SHARED
from transfer.clinical.derive import derive
from transfer.clinical.outputs.series import write_series_descriptions
from transfer.clinical.outputs.studies import write_studies
from transfer.clinical.phase import read_clinical
from transfer.clinical.timepoint_table import export_timepoints
from transfer.deid.keys.seal import PATIENT_ID, STUDY_UID, Seal
from transfer.deid.standalone.pseudonyms import LethePseudonyms
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.timepoints import assign
from transfer.ledger.traits import traits_row
from transfer.quality.attributes import SERIES_DESCRIPTION, Traits
from transfer.quality.judging import write_traits

KEY = "019a39ba16da7edb9e906440a48e9ed32"
GOLDEN = Path(os.environ.get("EUCAIM_GOLDEN_DEID", "../shared/golden/deid"))
HEADING = "PatientID,StudyInstanceUID,Episode,Timepoint,RelativeDay,AgeAtStudy\r\n"
COHORT = {"AB-1": ["20190105", "20200110", "20210301"], "AB-2": ["20200601"]}
TABLE = "PatientID,Date of diagnosis,Age at diagnosis\nAB-1,2019-02-01,61.4\nAB-2,2020-06-01,92.5\n"


@contextmanager
def told_ledger(folder: Path, table: str = TABLE) -> Iterator[Ledger]:
    """The cohort with its clinical table, read and derived."""
    (folder / "clinical").mkdir()
    path = folder / "clinical" / "thorax_clinical.csv"
    path.write_text(table)
    with ledger_of(folder, COHORT, clinical=path, age="") as ledger:
        read_clinical(ledger)
        derive(ledger)
        yield ledger


def seal_as_lethe(ledger: Ledger) -> LethePseudonyms:
    """What de-identification leaves in the ledger: every name as Lethe makes it, sealed."""
    seal, names = Seal(KEY), LethePseudonyms(KEY)
    with ledger.transaction():
        for row, patient_id in ledger.rows("SELECT id, original_id FROM patient"):
            new = names.patient(patient_id)
            assert new
            ledger.write(
                "UPDATE patient SET pseudonym = ? WHERE id = ?", seal.close(new, PATIENT_ID), row
            )
        for row, uid, patient_id in ledger.rows(
            "SELECT s.id, s.study_uid, p.original_id FROM study s"
            " JOIN patient p ON p.id = s.patient_id"
        ):
            new = names.study(uid, patient_id)
            assert new
            ledger.write(
                "UPDATE study SET out_study_uid = ? WHERE id = ?", seal.close(new, STUDY_UID), row
            )
    ledger.names = Names(seal)
    return names


def test_days_and_ages_stand_behind_lethes_columns(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        assign(ledger, [1, 2], "Diagnosis")
        assign(ledger, [3], "Relapse")

        assert write_studies(ledger, tmp_path / "out.csv") == 4

    assert (tmp_path / "out.csv").read_bytes() == (
        HEADING + "AB-1,1.2.3.1.0,Diagnosis,1,-27,61.3\r\n"
        "AB-1,1.2.3.1.1,Diagnosis,2,343,62.3\r\n"
        "AB-1,1.2.3.1.2,Relapse,3,759,63.5\r\n"
        "AB-2,1.2.3.2.3,,,0,92.5\r\n"
    ).encode()
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


def test_dates_and_descriptions_never_leave(tmp_path: Path) -> None:
    """TPT-03, in both tables."""
    with told_ledger(tmp_path) as ledger:
        assign(ledger, [1, 2, 3, 4], "Diagnosis")
        write_studies(ledger, tmp_path / "studies.csv")
        export_timepoints(ledger, tmp_path / "timepoints.csv", as_it_leaves=True)

    for name in ("studies.csv", "timepoints.csv"):
        written = (tmp_path / name).read_text()
        assert "AB-1" in written
        assert [t for t in ("2019", "2020", "2021", "TORAX", "Date", "Desc") if t in written] == []


def test_day_0_is_the_first_study_where_no_table_names_another(tmp_path: Path) -> None:
    with told_ledger(tmp_path, "PatientID,Age\nAB-1,61.4\nAB-2,58.0\n") as ledger:
        write_studies(ledger, tmp_path / "out.csv")

    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [row["RelativeDay"] for row in rows] == ["0", "370", "786", "0"]


def test_only_studies_that_leave_stand_in_the_tables(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        exclude_study(ledger, 2)
        with ledger.transaction():
            ledger.write("UPDATE instance SET state = 'failed' WHERE series_id = 4")
        assign(ledger, [1, 3], "Diagnosis")
        seal_as_lethe(ledger)
        # Nothing was made of what failed, so it has no new name.
        with ledger.transaction():
            ledger.write("UPDATE study SET out_study_uid = NULL WHERE id = 4")

        assert write_studies(ledger, tmp_path / "studies.csv") == 2
        assert export_timepoints(ledger, tmp_path / "tp.csv", as_it_leaves=True) == 2


def test_a_study_without_a_new_name_does_not_leave_under_the_old_one(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        ledger.names = Names(Seal(KEY))

        with pytest.raises(UsageError, match="not de-identified yet"):
            write_studies(ledger, tmp_path / "out.csv")

    assert not (tmp_path / "out.csv").exists()


def test_an_age_in_the_top_class_leaves_as_that_class(tmp_path: Path) -> None:
    """AGE-04, answered with `cap`; the answer stands as the rule keeps it."""
    with told_ledger(tmp_path) as ledger:
        with ledger.transaction():
            word = ledger.write(
                "INSERT INTO word (subject, value, person, reason, said_at_utc)"
                " VALUES ('answer AGE-04', 'cap', 'Ana', 'law', '2026-01-01T00:00:00Z')"
            )
            ledger.write(
                "INSERT INTO settled (rule, key, standing, value, word_id, severity, n)"
                " VALUES ('AGE-04', 'P2', 'answered', 'cap', ?, 'ask', 1)",
                word,
            )
        write_studies(ledger, tmp_path / "out.csv")

    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [row["AgeAtStudy"] for row in rows] == ["61.3", "62.3", "63.5", "90"]


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        seal_as_lethe(ledger)
        write_studies(ledger, tmp_path / "one.csv")
        write_studies(ledger, tmp_path / "two.csv")

    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.golden
@pytest.mark.skipif(not GOLDEN.is_dir(), reason=ABSENT_SHARED)
def test_studies_have_the_names_of_lethes_own_table(tmp_path: Path) -> None:
    """Byte by byte, where both say something: Lethe's first two columns, quoting and line ends.
    A row without a Patient ID is nobody's here and has no study; blanks around a UID are no part
    of it in a DICOM header (PS3.5, 6.2), so such a row is compared by the recipe."""
    golden = json.loads((GOLDEN / "clinical.json").read_text())
    case = golden["cases"]["dcm_studies_metadata.csv"]
    given = list(csv.reader(io.StringIO(case["input"])))[1:]
    theirs = list(csv.reader(io.StringIO(case["output"]["dcm_studies_metadata.csv"])))[1:]
    expected = {
        (row[0], row[1]): new[:2]
        for row, new in zip(given, theirs, strict=True)
        if row[0] and row[1] == row[1].strip()
    }
    assert expected
    patients: dict[str, list[str]] = {}
    for patient_id, uid in expected:
        patients.setdefault(patient_id, []).append(uid)
    with ledger_of(
        tmp_path, {p: ["20200101"] * len(uids) for p, uids in patients.items()}
    ) as ledger:
        with ledger.transaction():
            uids = [uid for of in patients.values() for uid in of]
            for row, uid in enumerate(uids, 1):
                ledger.write("UPDATE study SET study_uid = ? WHERE id = ?", uid, row)
        seal_as_lethe(ledger)
        write_studies(ledger, tmp_path / "out.csv")

    lines = (tmp_path / "out.csv").read_bytes().split(b"\r\n")
    assert lines[0] == HEADING.strip().encode()
    assert lines[-1] == b""
    named = sorted(line.split(b",")[:2] for line in lines[1:-1])
    assert named == sorted([new[0].encode(), new[1].encode()] for new in expected.values())
    assert golden["secret_key"] == KEY


def _describe(ledger: Ledger, instance: int, text: str, *, column: str) -> None:
    with ledger.transaction():
        row = traits_row(ledger, write_traits(Traits({SERIES_DESCRIPTION.tag: text})))
        ledger.write(f"UPDATE instance SET {column} = ? WHERE id = ?", row, instance)  # noqa: S608 - a literal


def test_series_descriptions_leave_once_each_and_as_the_method_left_them(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        for instance, text in ((1, "T2 AX"), (2, "=SUM(A1), then"), (3, "T2 AX"), (4, "secret")):
            _describe(ledger, instance, f"{text} of AB-1", column="traits_id")
            if text != "secret":
                _describe(ledger, instance, f"{text}{' ' * instance}", column="out_traits_id")
        with ledger.transaction():
            ledger.write("UPDATE instance SET state = 'excluded' WHERE id = 3")

        assert write_series_descriptions(ledger, tmp_path / "out.csv", is_method=True) == 2

    # Data for a program: a cell is never altered.
    assert (tmp_path / "out.csv").read_bytes() == (
        b'SeriesDescription,EUCAIM term\r\n"=SUM(A1), then",\r\nT2 AX,\r\n'
    )


def test_a_transfer_that_goes_as_it_is_lists_its_own_series_descriptions(tmp_path: Path) -> None:
    with told_ledger(tmp_path) as ledger:
        _describe(ledger, 1, "T2 AX", column="traits_id")

        assert write_series_descriptions(ledger, tmp_path / "out.csv", is_method=False) == 1
