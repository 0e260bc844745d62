"""Reading processes that die or are interrupted; their files must not be lost with them."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.bench import KILLING, Bench
from tests.faults.conftest import MakeBench
from tests.faults.processes import await_until, stopped_in_session
from tests.program import complaint_in
from transfer import workers
from transfer.ledger.connection import Ledger
from transfer.scan.readers import header_readers

ACCEPTED = 640


def test_a_reading_process_killed_in_mid_scan_costs_no_file(make_bench: MakeBench) -> None:
    bench = make_bench(series=8, per_series=80)
    scanned = bench.run_struck("worker", "read", "1", "scan", bench.name, "--json")
    assert scanned.returncode == 0, scanned.stderr
    document = json.loads(scanned.stdout)
    assert document["instances"]["found"] == ACCEPTED
    assert document["files"]["unread"] == 0
    assert [left["reasons"] for left in document["left_out"]] == [
        ["not-dicom"],
        ["duplicate-identical"],
    ]


def test_reading_processes_that_keep_dying_cost_no_file(make_bench: MakeBench) -> None:
    """A host short of memory kills again and again, and never for the file's own sake."""
    bench = make_bench(series=8, per_series=80)
    nth = ",".join(str(n) for n in range(1, 100, 4))
    scanned = bench.run_struck("worker", "read", nth, "scan", bench.name, "--json")
    assert scanned.returncode == 0, scanned.stderr
    assert json.loads(scanned.stdout)["instances"]["found"] == ACCEPTED


def test_ctrl_c_during_a_scan_ends_it_resumable_and_quietly(make_bench: MakeBench) -> None:
    """A terminal sends SIGINT to the reading processes too."""
    bench = make_bench(series=8, per_series=80)
    interrupted = bench.run_struck("interrupt", "read", "2", "scan", bench.name)
    assert interrupted.returncode == 130
    assert complaint_in(interrupted.stderr) == [
        "eucaim-transfer: Stopped; nothing is lost.",
        f"  what to do: Go on with: eucaim-transfer upload {bench.name}",
    ]
    scanned = bench.run("scan", bench.name, "--json")
    assert scanned.returncode == 0, scanned.stderr
    assert json.loads(scanned.stdout)["instances"]["found"] == ACCEPTED


def test_a_file_that_could_not_be_read_is_read_by_the_next_scan(make_bench: MakeBench) -> None:
    """Permissions or memory are mended without a trace in the file's size and time."""
    bench = make_bench()
    assert bench.run("scan", bench.name).returncode == 0
    with Ledger.open(bench.workspace.ledger) as ledger, ledger.transaction():
        ledger.write("DELETE FROM instance WHERE id IN (1, 2)")
        for row, reason in enumerate(("reader-died", "unreadable-file")):
            ledger.write(
                "UPDATE source_file SET verdict = 'rejected', kind = 'other', reasons = ?"
                " WHERE path = (SELECT path FROM source_file ORDER BY path LIMIT 1 OFFSET ?)",
                reason,
                row,
            )
    assert bench.run("scan", bench.name).returncode == 0
    assert bench.status().census.instances.found == len(bench.cohort.digests)


def _terminate(_: Bench, pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def _order_stop(bench: Bench, _: int) -> None:
    assert bench.run("stop", bench.name).returncode == 0


@pytest.mark.parametrize("end", [_terminate, _order_stop])
def test_a_scan_whose_files_do_not_answer_can_be_ended(
    make_bench: MakeBench, end: Callable[[Bench, int], None]
) -> None:
    """A share that hangs holds its readers for hours."""
    bench = make_bench(series=8, per_series=80)
    with bench.started(str(KILLING), "freeze", "read", "1", "scan", bench.name) as scan:
        await_until(lambda: stopped_in_session(scan.pid), "the reading processes hang")
        end(bench, scan.pid)
        _, err = scan.communicate(timeout=15)
    assert scan.returncode == 130, err
    assert 0 < bench.status().census.instances.found < ACCEPTED
    assert bench.run("upload", bench.name).returncode == 0
    bench.assert_arrived()


def test_a_reader_that_even_a_kill_does_not_end_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that waits for a file server dies when the server answers, and not before."""
    (tmp_path / "file").write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(workers._Process, "kill", lambda _: None)
        with header_readers(1) as reading:
            (process,) = multiprocessing.active_children()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGSTOP)
            assert next(reading.answers([(1, bytes(tmp_path / "file"))])) == []
            began = time.monotonic()
    # The interpreter waits for its children when it ends.
    process.join()
    assert process.is_alive()
    assert time.monotonic() - began < 5
    process.kill()
    process.join(10)
    assert not process.is_alive()
