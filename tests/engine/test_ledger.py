"""The ledger: migrations, transactions, the epoch, and permissions."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from threading import Barrier, Thread

import pytest

from transfer.errors import EpochLost, LedgerDamaged, RunnerHeld, UsageError
from transfer.ledger.batches import interrupted_batches, lease_next, planned_batches
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Control, Wish, read_control, set_bandwidth, set_wish
from transfer.ledger.holder import Holder, is_held, kept_from_runners, read_runner
from transfer.ledger.progress import Lane, Progress, read_progress, write_progress


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Ledger.create(tmp_path / "ledger.sqlite").close()
    return tmp_path / "ledger.sqlite"


def test_only_its_owner_can_read_a_ledger(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_transaction_that_fails_leaves_nothing_behind(path: Path) -> None:
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerDamaged), ledger.transaction():
            _half_of_two(ledger)
        assert ledger.number("SELECT count(*) FROM event") == 0


def _half_of_two(ledger: Ledger) -> None:
    ledger.record_event("half", "done")
    ledger.write("INSERT INTO runner VALUES (1, 0, NULL, NULL, '', '', '', NULL, NULL, NULL)")


def test_a_reader_cannot_write(path: Path) -> None:
    with (
        Ledger.open(path, read_only=True) as ledger,
        pytest.raises(LedgerDamaged),
        ledger.transaction(),
    ):
        ledger.record_event("a", "b")


def test_a_runner_that_lost_its_epoch_cannot_write(path: Path) -> None:
    lock = path.with_name("runner.lock")
    with Ledger.open(path) as slept, Ledger.open(path) as other:
        Holder.take(lock, slept, "send").drop()
        Holder.take(lock, other, "send").drop()
        with pytest.raises(EpochLost), slept.transaction():
            slept.record_event("late", "writer")
        assert other.number("SELECT count(*) FROM event WHERE kind = 'late'") == 0


def test_a_second_runner_is_refused_by_pid_and_host(path: Path) -> None:
    lock = path.with_name("runner.lock")
    with Ledger.open(path) as first, Ledger.open(path) as second:
        holder = Holder.take(lock, first, "send")
        assert is_held(lock)
        record = read_runner(first)
        with pytest.raises(RunnerHeld, match=f"process {record.pid} on {record.host}"):
            Holder.take(lock, second, "send")
        holder.release(first, 0)
        assert not is_held(lock)
        Holder.take(lock, second, "send").drop()
        assert read_runner(second).epoch == record.epoch + 1


def test_no_runner_starts_while_a_persons_word_is_carried_out(path: Path) -> None:
    """Nor is whoever does that taken for a runner."""
    lock = path.with_name("runner.lock")
    with Ledger.open(path) as ledger, kept_from_runners(lock, ledger):
        assert not is_held(lock)
        with pytest.raises(RunnerHeld, match="Somebody is changing this transfer"):
            Holder.take(lock, ledger, "send")
        assert read_runner(ledger).epoch == 0
    with Ledger.open(path) as ledger:
        Holder.take(lock, ledger, "send").drop()


def test_nothing_is_changed_while_a_runner_lives(path: Path) -> None:
    lock = path.with_name("runner.lock")
    with Ledger.open(path) as runner, Ledger.open(path) as other:
        holder = Holder.take(lock, runner, "send")
        with pytest.raises(RunnerHeld, match="Another runner"), kept_from_runners(lock, other):
            other.record_event("never", "reached")
        holder.release(runner, 0)
        assert other.number("SELECT count(*) FROM event WHERE kind = 'never'") == 0


def test_a_file_that_is_no_ledger_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(LedgerDamaged, match="cannot be read or written"):
        Ledger.open(path)


def test_a_missing_ledger_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(LedgerDamaged, match="missing"):
        Ledger.open(tmp_path / "ledger.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_of_an_older_version_can_be_looked_at(tmp_path: Path) -> None:
    """`status` of a transfer that was begun before an update."""
    path = tmp_path / "old.sqlite"
    first = files("transfer.ledger.migrations").joinpath("0001_first.sql").read_text()
    with sqlite3.connect(path) as raw:
        raw.executescript(f"{first}\nPRAGMA user_version = 1;")
    raw.close()
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.number("SELECT count(*) FROM deid_run") == 0
        with pytest.raises(LedgerDamaged), ledger.transaction():
            ledger.record_event("a", "b")


def test_two_that_open_an_older_ledger_at_once_both_can(tmp_path: Path) -> None:
    """A screen and a command, the first after an update: the second finds the steps of the schema
    taken while it was about to take them."""
    path = tmp_path / "old.sqlite"
    first = files("transfer.ledger.migrations").joinpath("0001_first.sql").read_text()
    with sqlite3.connect(path) as raw:
        raw.executescript(f"PRAGMA journal_mode = WAL;\n{first}\nPRAGMA user_version = 1;")
    raw.close()
    together, troubles = Barrier(4), []

    def open_it() -> None:
        together.wait(10)
        try:
            Ledger.open(path, read_only=True).close()
        except LedgerDamaged as trouble:
            troubles.append(trouble)

    threads = [Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert troubles == []
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.number("SELECT count(*) FROM step_history") == 0


def test_a_ledger_of_a_newer_version_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 9999")
    raw.close()
    with pytest.raises(UsageError, match="newer version"):
        Ledger.open(path)


def test_wishes_and_progress_read_back_as_written(path: Path) -> None:
    with Ledger.open(path) as ledger:
        set_wish(ledger, Wish.PAUSE)
        set_bandwidth(ledger, 5_000_000)
        assert read_control(ledger) == Control(Wish.PAUSE, 5_000_000, None)
        lane = Lane(3, "S1", 64, 100, 200, 1, "sending")
        moment = Progress("send", 1, 2, lanes=(lane,), rate_bps=9.5, history=(1.0, 2.0))
        write_progress(ledger, moment)
        assert read_progress(ledger) == moment


def insert_instance(ledger: Ledger, number: int) -> None:
    ledger.write(
        "INSERT INTO source_file (id, path, size_bytes, mtime_ns, generation)"
        " VALUES (?, ?, 1, 1, 1)",
        number,
        str(number).encode(),
    )
    ledger.write(
        "INSERT INTO instance (id, file_id, series_id, sop_instance_uid, sop_class_uid,"
        " transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes, state,"
        " file_bytes, file_mtime_ns)"
        " VALUES (?1, ?1, 1, ?2, '', '', 0, 1, 0, 10, 'ready', 1, 1)",
        number,
        f"1.2.{number}",
    )


def test_the_tallies_always_agree_with_the_instances(path: Path) -> None:
    with Ledger.open(path) as ledger:
        with ledger.transaction():
            ledger.write("INSERT INTO patient VALUES (1, 'p', '', NULL)")
            ledger.write("INSERT INTO study VALUES (1, 1, '1.3', '', '', NULL, NULL)")
            ledger.write("INSERT INTO series VALUES (1, 1, '1.4', 'CT', '', '', '', '', NULL)")
            for number in range(1, 11):
                insert_instance(ledger, number)
            ledger.write("UPDATE instance SET state = 'sent' WHERE id <= 6")
            ledger.write("UPDATE instance SET state = 'verified' WHERE id <= 4")
            ledger.write("UPDATE instance SET state = 'failed' WHERE id = 10")
            ledger.write("DELETE FROM instance WHERE id = 1")
        counted = ledger.rows(
            "SELECT state, count(*), sum(size_bytes) FROM instance GROUP BY 1 ORDER BY 1"
        )
        kept = ledger.rows("SELECT state, n, bytes FROM tally WHERE n > 0 ORDER BY 1")
        assert (
            kept
            == counted
            == [
                ("failed", 1, 10),
                ("ready", 3, 30),
                ("sent", 2, 20),
                ("verified", 3, 30),
            ]
        )


@pytest.mark.parametrize(
    "ask", [lease_next, interrupted_batches, lambda ledger: planned_batches(ledger, 0, 9)]
)
def test_open_batches_are_found_among_any_number_of_done_ones(
    path: Path, ask: Callable[[Ledger], object]
) -> None:
    with Ledger.open(path) as ledger:
        said: list[str] = []
        ledger._connection.set_trace_callback(said.append)
        ask(ledger)
        ledger._connection.set_trace_callback(None)
        (query,) = [words for words in said if words.startswith("SELECT")]
        ((*_, way),) = ledger.rows(f"EXPLAIN QUERY PLAN {query}")
        assert way.startswith("SEARCH batch USING"), way
        assert "INDEX batch_open (state=?" in way


def test_the_last_number_of_a_kind_is_found_without_counting_them(path: Path) -> None:
    """A script may ask for a number for each of a million accession numbers."""
    with Ledger.open(path) as ledger:
        ((*_, way),) = ledger.rows(
            "EXPLAIN QUERY PLAN SELECT max(number) FROM deid_number WHERE key_type = 'accession'"
        )
    assert "INDEX deid_number_given (key_type=?)" in way
