"""Ten mismatches between a thousand patients and their table are ten findings, and nothing else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.clinical.cohorts import STUDY_DATE, positive, write_rows
from tests.clinical.ledgers import ledger_of
from transfer.clinical.phase import read_clinical
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings, settle_findings
from transfer.ledger.mapping import keep_back
from transfer.quality.clinical_rules import is_clinical
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances

NOW = Circumstances(today=dt.date(2026, 6, 1))
PATIENTS = [f"ABC-{n:06}" for n in range(1, 1001)]
PATIENTS[599] = "700123"
PATIENTS[699] = "MUÑOZ-000700"
SPELT = {
    299: "ABC-00 0300",
    399: "abc-000400",
    499: "ABC-500",
    599: "700123.0",
    699: "MUNOZ-000700",
    799: "ABC_000800",
    899: "ABC-O00900",
}
"""By place in the list: blanks, case, leading zeros, number form, accents, joining sign, a typing
error."""


def rows_with_ten_mismatches() -> list[dict[str, str]]:
    """Rows follow the patients, the first in row 2: the hundredth is missing, the two hundredth is
    there twice, one is nobody's, and seven are spelt otherwise."""
    ids = [SPELT.get(n, patient) for n, patient in enumerate(PATIENTS)]
    del ids[99]
    ids.insert(199, ids[198])
    ids.append("ABC-009999")
    return [positive(patient_id) for patient_id in ids]


def found(ledger: Ledger) -> list[tuple[str, str, str]]:
    return [
        (f.rule, f.key, f.severity)
        for f in read_findings(ledger, limit=10_000)
        if is_clinical(f.rule)
    ]


def test_a_thousand_patients_whose_table_is_right_give_no_finding(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "thorax_clinical.csv", [positive(one) for one in PATIENTS])
    with ledger_of(tmp_path, {p: [STUDY_DATE] for p in PATIENTS}, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, NOW)

        assert ledger.number("SELECT count(patient_id) FROM clinical_row") == 1000
        assert found(ledger) == []


def test_ten_mismatches_are_ten_findings_and_none_is_false(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "thorax_clinical.csv", rows_with_ten_mismatches())
    with ledger_of(tmp_path, {p: [STUDY_DATE] for p in PATIENTS}, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, NOW)

        assert found(ledger) == [
            ("LNK-01", "P100", "block"),
            ("LNK-01", "R1002", "block"),
            ("UNQ-01", "R201", "block"),
            ("LNK-02", "R301", "ask"),
            ("LNK-02", "R401", "ask"),
            ("LNK-02", "R501", "ask"),
            ("LNK-02", "R601", "ask"),
            ("LNK-02", "R701", "ask"),
            ("LNK-02", "R801", "ask"),
            ("LNK-02", "R901", "ask"),
        ]


def test_what_is_answered_and_kept_back_leaves_the_faults_alone(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "thorax_clinical.csv", rows_with_ten_mismatches())
    with ledger_of(tmp_path, {p: [STUDY_DATE] for p in PATIENTS}, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, NOW)
        settle_findings(ledger, "LNK-02", None, "answered", "same", "A. Person", "the register")
        keep_back(ledger, 1002, "A. Person", "came after the images")
        judge(ledger, NOW)

        assert found(ledger) == [("LNK-01", "P100", "block"), ("UNQ-01", "R201", "block")]


def test_a_row_that_is_kept_back_is_not_judged(tmp_path: Path) -> None:
    rows = [positive("ABC-1"), positive("ABC-2", Sex="", Diagnosis_date="31/31/2024")]
    table = write_rows(tmp_path / "thorax_clinical.csv", rows)
    patients = {patient: [STUDY_DATE] for patient in ("ABC-1", "ABC-2")}
    with ledger_of(tmp_path, patients, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, NOW)
        assert found(ledger) == [("CLP-03", "R3", "block"), ("REL-07", "R3", "block")]

        keep_back(ledger, 3, "A. Person", "consent is missing")
        judge(ledger, NOW)

        assert found(ledger) == []
