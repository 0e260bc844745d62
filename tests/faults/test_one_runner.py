"""One runner per transfer: the second is refused, the dispossessed one falls silent."""

from __future__ import annotations

import socket
import sqlite3

import pytest

from tests.faults.bench import Bench
from tests.faults.conftest import MakeBench
from tests.program import complaint_in

SLOW = "1K"


@pytest.mark.parametrize(
    "words", [("upload", "trial"), ("upload", "trial", "--detach"), ("scan", "trial")]
)
def test_a_second_runner_is_refused_with_pid_and_host_of_the_first(
    make_bench: MakeBench, words: tuple[str, ...]
) -> None:
    bench = make_bench(batch=2)
    with bench.detached("--bwlimit", SLOW) as pid:
        refused = bench.run(*words)
        assert refused.returncode == 7
        assert refused.stdout == ""
        what, remedy = complaint_in(refused.stderr)
        host = socket.gethostname()
        assert what == (
            f"eucaim-transfer: Another runner works on this transfer: process {pid} on {host}."
        )
        assert remedy.startswith("  what to do: Watch it")
        assert bench.status().is_running


def test_a_runner_whose_epoch_was_raised_ends_without_writing(make_bench: MakeBench) -> None:
    """So it goes when a machine slept through its lock: it wakes up in somebody else's transfer."""
    bench = make_bench(batch=2)
    with bench.running("upload", bench.name, "--bwlimit", "2K") as runner:
        bench.await_sent()
        after_the_blow = _raise_epoch(bench)
        out, err = runner.communicate(timeout=60)
    assert runner.returncode == 7
    assert complaint_in(err) == [
        "eucaim-transfer: Another runner has taken over this transfer.",
        "  what to do: Nothing to do: it goes on where this one stopped.",
    ]
    assert out == ""
    assert "Traceback" not in err
    assert _everything(bench) == after_the_blow

    finished = bench.run("upload", bench.name, "--bwlimit", "none")
    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()


def _raise_epoch(bench: Bench) -> str:
    connection = sqlite3.connect(bench.workspace.ledger, timeout=30, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE runner SET epoch = epoch + 1")
        dump = "\n".join(connection.iterdump())
        connection.execute("COMMIT")
        return dump
    finally:
        connection.close()


def _everything(bench: Bench) -> str:
    connection = sqlite3.connect(bench.workspace.ledger)
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()
