"""What becomes of a request that a runner left open, when the source is another one by then."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER
from tests.engine.deid_bench import DeidBench, deid_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[DeidBench]:
    with deid_bench(tmp_path) as made:
        yield made


def test_a_file_that_belongs_to_another_patient_now_goes_under_that_ones_name(
    bench: DeidBench,
) -> None:
    """The request is settled first: nobody needs to know what the new patient was called in it."""
    bench.image(1, 0)
    bench.new_eucaim()
    assert bench.check().code == 0
    _leave_open(bench, 1)
    bench.image(1, 0, PatientID="HOSP-009977", StudyInstanceUID="1.3.9", SeriesInstanceUID="1.4.9")
    assert bench.program.run("scan", TRANSFER).code == 0
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.counts()["verified"] == len(bench.arrived()) == 1
    found = {finding["rule"]: finding for finding in bench.status()["findings"]}
    finding = found["MOVED-WHILE-SENDING"]
    assert "may hold the earlier one" in finding["message"]


def test_an_open_request_is_no_way_out_for_a_patient_who_is_held_back(bench: DeidBench) -> None:
    bench.image(1, 0)
    bench.patient(2)
    bench.new_eucaim()
    assert bench.check().code == 0
    _leave_open(bench, 1)
    bench.image(1, 7, SeriesDescription="Zwingenaberg Thorax")
    assert bench.program.run("scan", TRANSFER).code == 0
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert (bench.counts()["verified"], bench.counts()["failed"]) == (2, 2)
    assert len(bench.failed()["S1"]) == 2
    assert all("(0008,103E)" in reason for reason in bench.failed()["S1"])


def _leave_open(bench: DeidBench, instance: int) -> None:
    """As a runner leaves it that is killed before the node has anything."""
    path = bench.program.home / "transfers" / TRANSFER / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        batch = connection.execute("INSERT INTO batch (state) VALUES ('sending')").lastrowid
        changed = connection.execute(
            "UPDATE instance SET batch_id = ? WHERE id = ? AND head_sha256 IS NOT NULL",
            (batch, instance),
        )
        assert changed.rowcount == 1
    connection.close()
