"""Which row is whose: by persons' words, and by what looks alike, from one table to the next."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.clinical.ledgers import ledger_of
from transfer.clinical.derive import derive
from transfer.clinical.phase import read_clinical
from transfer.ledger.links import alike_pairs
from transfer.quality.answers import answer
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances

NOW = Circumstances(today=dt.date(2026, 6, 1))


def test_ids_of_a_ledger_of_an_earlier_version_look_alike_again(tmp_path: Path) -> None:
    """What looks alike was widened; a ledger keeps what each ID came to then."""
    table = tmp_path / "t_clinical.csv"
    table.write_text("PatientID\nXK77120\n")
    with ledger_of(tmp_path, {"XK-77120": ["20200101"]}, clinical=table) as ledger:
        read_clinical(ledger)
        derive(ledger)
        with ledger.transaction():
            ledger.write("UPDATE patient_likeness SET likeness = 'xk-77120'")
            ledger.write("DELETE FROM setting WHERE name = 'likeness'")
        assert not list(alike_pairs(ledger))
        derive(ledger)
        assert [(one.row, one.patient_row) for one in alike_pairs(ledger)] == [(2, 1)]


def test_an_id_is_one_patients_whatever_was_said_of_an_earlier_table(tmp_path: Path) -> None:
    """The first is somebody else once the table has a row of its own for him."""
    table = tmp_path / "t_clinical.csv"
    with ledger_of(tmp_path, {"P-1": ["20200101"], "p-01": ["20200101"]}, clinical=table) as ledger:
        for text, patient in (("PatientID\np-01\nP-001\n", 1), ("PatientID\nP-1\nP-001\n", 2)):
            table.write_text(text)
            read_clinical(ledger)
            derive(ledger)
            judge(ledger, NOW)
            answer(ledger, "LNK-02", "same", ["R3"], "A. Person", "")
            derive(ledger)
            assert ledger.number("SELECT patient_id FROM clinical_row WHERE id = 3") == patient
