"""Real tables, none of which was made for EUCAIM: what is said of each is what its owner needs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from tests.conftest import ABSENT_SHARED
from transfer.clinical.phase import read_clinical
from transfer.ledger.clinical import clinical_files
from transfer.ledger.findings import read_findings
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances

TABLES = Path(__file__).parents[3] / "shared" / "data" / "dicom" / "clinical"
pytestmark = pytest.mark.skipif(not TABLES.is_dir(), reason=ABSENT_SHARED)


@pytest.mark.parametrize(
    ("name", "rows", "rule", "words"),
    [
        ("lung.csv", 228, "TAB-01", "not PatientID"),
        ("HMR.csv", 41, "TAB-01", "not PatientID"),
        ("INFO_GTVcontours_HN_original.xlsx", 0, "TAB-09", "several sheets"),
        ("INFO_GTVcontours_HN_original.xlsx#CHUM", 65, "TAB-01", "not PatientID"),
    ],
)
def test_a_table_that_begins_otherwise_is_read_and_one_thing_blocks(
    tmp_path: Path, name: str, rows: int, rule: str, words: str
) -> None:
    with ledger_of(tmp_path, {"AB-1": ["20200110"]}, clinical=TABLES / name) as ledger:
        read_clinical(ledger)
        judge(ledger, Circumstances(today=dt.date(2026, 6, 1)))

        (file,) = clinical_files(ledger)
        found = [f for f in read_findings(ledger) if f.rule[:3] in ("TAB", "LNK", "AGE", "REL")]
        assert file.data_rows == rows
        assert [f.rule for f in found if f.severity == "block"] == [rule]
        assert words in found[0].message


def test_with_patientid_in_front_the_same_table_is_linked(tmp_path: Path) -> None:
    lines = (TABLES / "HMR.csv").read_text().splitlines()
    mended = [line.partition(",")[2] for line in lines]
    mended[0] = mended[0].replace("Patient,", "PatientID,", 1)
    table = tmp_path / "thorax_HMR.csv"
    table.write_text("\n".join(mended))
    patients = [line.partition(",")[0] for line in mended[1:]]
    assert len(patients) == 41

    with ledger_of(tmp_path, {p: ["20200110"] for p in patients}, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, Circumstances(today=dt.date(2026, 6, 1)))

        found = [f for f in read_findings(ledger) if f.rule[:3] in ("TAB", "LNK", "AGE", "REL")]
        assert found == []
        assert ledger.number("SELECT count(patient_id) FROM clinical_row") == 41
