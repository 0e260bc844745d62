"""Reading processes that die or are interrupted; their files must not be lost with them."""

from __future__ import annotations

import json

from tests.faults.conftest import MakeBench
from transfer.ledger.connection import Ledger

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
        ["header-cut-or-unreadable"],
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
    assert interrupted.stderr.splitlines() == [
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
