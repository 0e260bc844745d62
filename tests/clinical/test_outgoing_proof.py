"""What was written is read once more before it is sent: nothing that was altered gets through."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clinical.leaving import METHODS, SCRIPT, csv_of, leaving
from transfer.clinical.leaving import ClinicalSubject
from transfer.clinical.outgoing.dates import DatePolicy
from transfer.clinical.outgoing.proof import prove, prove_subject
from transfer.clinical.outgoing.table import Outgoing, open_outgoing
from transfer.deid.keys.seal import PATIENT_ID
from transfer.deid.methods import MethodSpec
from transfer.errors import StepBlocked

TWO = {"HOSP0004": ["20190312", "20190620"], "HOSP0005": ["20200229"]}
TABLE = (
    "PatientID,StudyInstanceUID,DiagnosisDate,Relative day,Visit date,Note\n"
    "HOSP0004,1.2.3.1.0,2019-03-14,-2,2019-06-20,a\n"
    "HOSP0005,1.2.3.2.2,2020-02-28,1,2020-03-15,b\n"
    "HOSP0004,1.2.3.1.1,2019-03-14,98,2019-07-01,c\n"
)


@pytest.mark.parametrize("by", METHODS.values(), ids=METHODS)
def test_what_was_made_is_proved(by: MethodSpec | None, tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, TABLE, by) as (ledger, how):
        out = open_outgoing(ledger, how)
        prove(out, out.tables[0], io.BytesIO(csv_of(out).encode()))
        for patient, _, subject in out.subjects():
            prove_subject(out, patient, subject)


def refused(out: Outgoing, alter: Callable[[str], str]) -> str:
    """Why the table is not sent once it was altered."""
    before = csv_of(out)
    after = alter(before)
    assert after != before
    with pytest.raises(StepBlocked) as stopped:
        prove(out, out.tables[0], io.BytesIO(after.encode()))
    for original in ("HOSP0004", "HOSP0005", "2019-03-14"):
        assert original not in f"{stopped.value}"
    return str(stopped.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("PatientID,", "Patient,", "TAB-01, R1"),
        (",-2,", ",-3,", "REL-03, R2"),
        (",98,2019-07-01,109,", ",98,2019-07-01,110,", "REL-04, R4"),
        (",1,2020-03-01,16,", ",1,2020-03-01,,", "REL-03, R3"),
        (",1,2020-03-01,16,", ",1,2020-03-01,16.5,", "REL-02, R3"),
        (",1,2020-03-01,", ",1,2020-03-15,", "REL-05, R3"),
        (",c\r\n", ",2019-03-14\r\n", "DID-03, R4"),
        (",c\r\n", ",of HOSP0004\r\n", "DID-03, R4"),
        (",c\r\n", ",c,d\r\n", "TAB-03, R4"),
        (",c\r\n", ",c\r\n\"x", "TAB-02, R1"),
    ],
)  # fmt: skip
def test_a_value_that_is_another_one_is_not_sent(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    with leaving(tmp_path, TWO, TABLE) as (ledger, how):
        assert said in refused(open_outgoing(ledger, how), lambda text: text.replace(old, new, 1))


def test_a_pseudonym_that_is_somebody_elses_is_not_sent(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, TABLE) as (ledger, how):
        out = open_outgoing(ledger, how)
        one, other = (out.going.whose(patient).pseudonym for patient in (1, 2))
        assert "DID-12, R2" in refused(out, lambda text: text.replace(one, other, 1))


def test_a_study_of_somebody_else_is_not_sent(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, TABLE) as (ledger, how):
        out = open_outgoing(ledger, how)
        one, other = (
            out.going.whose(1).studies("1.2.3.1.0"),
            out.going.whose(2).studies("1.2.3.2.2"),
        )
        assert one
        assert other
        assert "DID-12, R2" in refused(out, lambda text: text.replace(one, other, 1))


def test_rows_that_are_missing_or_too_many_are_not_sent(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, TABLE) as (ledger, how):
        out = open_outgoing(ledger, how)
        lines = csv_of(out).splitlines(keepends=True)
        assert "rows are missing" in refused(out, lambda _: "".join(lines[:-1]))
        assert "more rows" in refused(out, lambda text: text + lines[-1])


def test_days_of_one_patient_all_shifted_alike_do_not_agree_with_the_studies(
    tmp_path: Path,
) -> None:
    """Each interval in the table is right; only the studies table counts from another day."""
    table = "PatientID,DiagnosisDate,Visit date\nHOSP0004,2019-03-14,2019-06-20\n"
    with leaving(tmp_path, TWO, table, SCRIPT) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert ",0,98" in csv_of(out)
        assert "REL-03, P1" in refused(out, lambda text: text.replace(",0,98", ",1,99"))


def test_what_bears_the_name_of_another_key_is_not_sent(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, TABLE) as (ledger, how):
        with ledger.transaction():
            sealed = ledger.names.seal.close("EUCAIM-1", PATIENT_ID)
            ledger.write("UPDATE patient SET pseudonym = ? WHERE id = 1", sealed)
        out = open_outgoing(ledger, how)
        with pytest.raises(StepBlocked, match="DID-12, R2"):
            prove(out, out.tables[0], io.BytesIO(csv_of(out).encode()))


def test_a_subject_is_proved_as_the_table_is(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, TABLE) as (ledger, how):
        out = open_outgoing(ledger, how, DatePolicy.DAYS)
        _, subject = out.subject(1) or pytest.fail("patient 1 goes")
        with pytest.raises(StepBlocked, match="DID-12, P1"):
            prove_subject(out, 1, ClinicalSubject("EUCAIM-1", subject.tables))
        (table,) = subject.tables
        fewer = ClinicalSubject(subject.pseudonym, [replace(table, rows=table.rows[:1])])
        with pytest.raises(StepBlocked, match="TAB-03, P1"):
            prove_subject(out, 1, fewer)
        shifted = [tuple("99" if cell == "0" else cell for cell in row) for row in table.rows]
        other = ClinicalSubject(subject.pseudonym, [replace(table, rows=shifted)])
        with pytest.raises(StepBlocked, match="REL-04, R2"):
            prove_subject(out, 1, other)
