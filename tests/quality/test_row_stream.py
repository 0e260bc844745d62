"""What holds for all rules that look at the rows of clinical tables."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from tests.clinical.cohorts import STUDY_DATE, positive, write_rows
from tests.clinical.ledgers import ledger_of
from tests.quality.cohort import AS_IS
from transfer.clinical.phase import read_clinical
from transfer.ledger import connection
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.ledger.mends import list_mends
from transfer.quality.clinical_rules import is_clinical
from transfer.quality.judging import judge
from transfer.quality.rules import RULES
from transfer.quality.rules.rowed import RowRule, of_rows

MIB = 1024 * 1024


def peak_bytes(folder: Path, rows: int) -> int:
    """What judging rows takes at most, each of which has three faults."""
    folder.mkdir()
    faulty = {"Sex": "", "Diagnosis_date": "soon", "Relative_days": "1.5"}
    table = write_rows(
        folder / "thorax_clinical.csv", [positive(f"N-{n}", **faulty) for n in range(rows)]
    )
    with ledger_of(folder, {"N-1": [STUDY_DATE]}, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, AS_IS)
        gc.collect()
        tracemalloc.start()
        found = sum(1 for _ in of_rows(ledger, [r for r in RULES if isinstance(r, RowRule)], AS_IS))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert found > min(rows, 1000)
    return peak


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    few, many = peak_bytes(tmp_path / "few", 1500), peak_bytes(tmp_path / "many", 5500)

    assert many - few < 2 * MIB


def test_rows_of_one_patient_that_come_in_pieces_are_judged_to_the_last(tmp_path: Path) -> None:
    """Ten thousand rows of one ID are no patient; what stands in the last one is told all the
    same, and what the first ones give is not missed in it."""
    rows = [positive("N-1", Timepoint=str(n)) for n in range(1, 10_003)]
    rows[-1] |= {"Age at diagnosis": "130.0", "Sex": "", "Diagnosis date": "soon"}
    table = write_rows(tmp_path / "thorax_clinical.csv", rows)
    with ledger_of(tmp_path, {"N-1": [STUDY_DATE]}, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, AS_IS)

        found = [(f.rule, f.key) for f in read_findings(ledger) if is_clinical(f.rule)]
    assert found == [("AGE-03", "R10003"), ("REL-07", "R10003")]


def test_a_ledger_with_mends_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another kind of mend is allowed now, and those that were asked for are still in force."""
    path = tmp_path / "ledger.sqlite"
    newest = connection._migrations()
    monkeypatch.setattr(connection, "_migrations", lambda: [m for m in newest if m[0] < 16])
    with Ledger.create(path) as ledger:
        ledger.write("INSERT INTO patient (original_id, original_name) VALUES ('N-1', '')")
        ledger.write(
            "INSERT INTO study (patient_id, study_uid, study_date, description)"
            " VALUES (1, '1.2.3', '', '')"
        )
        ledger.write(
            "INSERT INTO series (study_id, series_uid, modality, series_number, description,"
            " body_part, manufacturer) VALUES (1, '1.2.4', 'CT', '1', '', '', '')"
        )
        ledger.write(
            "INSERT INTO word (subject, value, person, reason, said_at_utc)"
            " VALUES ('mend body-part', 'CHEST', 'Dr A', '', '2026-01-01')"
        )
        ledger.write("INSERT INTO mend (kind, value, word_id) VALUES ('body-part', 'CHEST', 1)")
        ledger.write("INSERT INTO mend_series VALUES (1, 1)")
    monkeypatch.setattr(connection, "_migrations", lambda: newest)

    with Ledger.open(path) as ledger:
        (mend,) = list_mends(ledger)
        assert (mend.kind, mend.value, mend.series) == ("body-part", "CHEST", 1)
        assert ledger.rows("PRAGMA foreign_key_check") == []
        assert ledger.write("INSERT INTO mend (kind, value, word_id) VALUES ('top-age', 'x', 1)")
