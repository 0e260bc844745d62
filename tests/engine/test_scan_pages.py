"""What a scan writes and when: little at a time, and nothing for what has not changed."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.made import image, make_transfer_of
from tests.quality.cohort import AS_IS, scan_here
from transfer.ledger.census import list_left_out, take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.ledger.presence import CHUNK, Presence
from transfer.ledger.progress import read_progress
from transfer.ledger.steps import read_steps
from transfer.quality.judging import judge


@contextmanager
def traced(ledger: Ledger) -> Iterator[list[str]]:
    statements: list[str] = []
    ledger._connection.set_trace_callback(lambda sql: statements.append(" ".join(sql.split())))
    try:
        yield statements
    finally:
        ledger._connection.set_trace_callback(None)


def many(source: Path, count: int) -> None:
    """Text files: what is written of them is written as of any other."""
    source.mkdir()
    for number in range(count):
        (source / f"{number:04}.txt").write_text("note")


def test_a_second_scan_of_what_has_not_changed_writes_no_file_and_no_instance(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    image(source / "a" / "1.dcm", "1.2.1")
    image(source / "b" / "1.dcm", "1.2.1")
    (source / "nowhere").symlink_to(source / "absent")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scan_here(ledger)
        with traced(ledger) as statements:
            scan_here(ledger)
    writes = [s for s in statements if s.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert any("progress" in s or "step" in s for s in writes)
    tables = {s.split()[1 if s.startswith("UPDATE") else 2] for s in writes}
    assert tables <= {"step", "step_history", "progress", "setting"}


def test_a_scan_holds_the_ledger_for_a_page_at_a_time(tmp_path: Path) -> None:
    """While it runs others read and write: the screen, a person's wish to stop."""
    source = tmp_path / "source"
    many(source, 1200)
    with make_transfer_of(source, tmp_path / "home") as ledger, traced(ledger) as statements:
        scan_here(ledger)
        assert take_census(ledger).files.rejected == 1200
    rows: list[int] = []
    for statement in statements:
        if statement.startswith("BEGIN"):
            rows.append(0)
        elif statement.startswith(("INSERT INTO walked", "INSERT INTO judged")):
            rows[-1] += 1
    assert sum(rows) == 2400
    assert max(rows) <= 500


def test_files_that_vanish_are_marked_page_by_page(tmp_path: Path) -> None:
    source = tmp_path / "source"
    many(source, 1200)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scan_here(ledger)
        for path in source.iterdir():
            path.unlink()
        with traced(ledger) as statements:
            scan_here(ledger)
        assert take_census(ledger).files.missing == 1200
    # A statement that fires triggers is traced more than once.
    marked: list[set[str]] = []
    for statement in statements:
        if statement.startswith("BEGIN"):
            marked.append(set())
        elif statement.startswith("UPDATE source_file SET verdict = 'missing'"):
            marked[-1].add(statement)
    assert sum(map(len, marked)) == 1200
    assert max(map(len, marked)) <= 500


def test_nothing_that_waits_is_kept_outside_the_transfer_s_folder(tmp_path: Path) -> None:
    """SQLite's own place for temporary tables is shared with everybody on the machine."""
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger, traced(ledger) as statements:
        scan_here(ledger)
        at = statements.index("PRAGMA temp_store = MEMORY")
        tables = [n for n, s in enumerate(statements) if s.startswith("CREATE TEMP TABLE")]
        assert tables
        assert at < min(tables)
        assert ledger.rows("SELECT name FROM temp.sqlite_master") == []


def test_a_folder_that_may_not_be_opened_costs_nothing_but_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    image(source / "a" / "1.dcm", "1.2.1")
    image(source / "closed" / "2.dcm", "1.2.2")
    real = os.scandir

    def closed(path: bytes) -> object:
        if os.fsdecode(path).endswith("/closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    with make_transfer_of(source, tmp_path / "home") as ledger:
        with monkeypatch.context() as patched:
            patched.setattr("transfer.scan.walk.os.scandir", closed)
            scan_here(ledger)
        files = take_census(ledger).files
        assert (files.instances, files.rejected, files.seen) == (1, 1, 2)
        assert [f.reasons for f in list_left_out(ledger, limit=9)] == [("unreadable-folder",)]
        scan_here(ledger)
        files = take_census(ledger).files
        assert (files.instances, files.rejected, files.missing) == (2, 0, 1)


def test_links_in_a_ring_end(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a" / "1.dcm", "1.2.1")
    (source / "b").mkdir()
    (source / "a" / "to-b").symlink_to(source / "b")
    (source / "b" / "to-a").symlink_to(source / "a")
    (source / "me").symlink_to(source / "me")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scan_here(ledger)
        files = take_census(ledger).files
        assert files.instances == 1
        reasons = [f.reasons[0] for f in list_left_out(ledger, limit=9)]
        assert sorted(reasons) == ["broken-link", "folder-linked-twice", "folder-linked-twice"]


def test_names_in_paths_stand_in_no_message_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = tmp_path / "source"
    image(source / "SURNAME^GIVEN" / "19500101.dcm", "1.2.1", BodyPartExamined="")
    image(source / "SURNAME^GIVEN" / "again.dcm", "1.2.1", rows=8)
    (source / "SURNAME^GIVEN" / "SURNAME.dcm").write_bytes(b"no image")
    (source / "SURNAME^GIVEN" / "SURNAME.link").symlink_to(source / "SURNAME-gone")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scan_here(ledger)
        judge(ledger, AS_IS)
        findings = read_findings(ledger, limit=100, standing=None)
        told = [
            *(f"{f.message} {f.remedy} {f.key} {f.example}" for f in findings),
            *(step.detail for step in read_steps(ledger).values()),
            json.dumps(str(read_progress(ledger))),
            *(text for (text,) in ledger.rows("SELECT text FROM event")),
            caplog.text,
        ]
    assert len(findings) > 1
    assert [text for text in told if "SURNAME" in text or "19500101" in text] == []


def test_presence_asks_only_for_stretches_with_a_gap() -> None:
    presence = Presence(3 * CHUNK)
    for row in range(3 * CHUNK + 1):
        if row != CHUNK + 5:
            presence.met(row)
    assert list(presence.doubtful()) == [(CHUNK, 2 * CHUNK - 1), (3 * CHUNK, 3 * CHUNK)]
    assert not presence.was_met(CHUNK + 5)
    assert presence.was_met(CHUNK + 4)


def test_rows_that_a_walk_adds_itself_count_as_met() -> None:
    presence = Presence(2)
    presence.met(7)
    assert presence.was_met(3)
    assert presence.was_met(7)
    assert not presence.was_met(2)
