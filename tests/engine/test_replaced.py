"""A file that changes between a runner's end in mid-request and the next one: what goes then."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.conformance.made import fresh_series, made
from tests.engine.bench import NODE, TRANSFER, Bench, bench
from tests.engine.made import image, make_transfer_of
from transfer.ledger.batches import (
    Settled,
    add_batches,
    instances_of,
    interrupted_batches,
    lease_next,
    replaced_instances,
    retry_failed,
    settle,
    unplanned_page,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.scan.phase import scan


def scanned(ledger: Ledger) -> None:
    scan(ledger, processes=1, should_stop=lambda: False)


def lease_all(ledger: Ledger) -> int:
    """One batch of all, left as a killed runner leaves it."""
    with ledger.transaction():
        add_batches(ledger, [[row for row, *_ in unplanned_page(ledger, 99)]])
    lease = lease_next(ledger)
    assert lease is not None
    return lease.batch_id


def instances(ledger: Ledger) -> list[tuple[str, str, bytes]]:
    return [
        (uid, state, path)
        for uid, state, path in ledger.rows(
            "SELECT sop_instance_uid, i.state, path FROM instance i"
            " JOIN source_file f ON f.id = i.file_id ORDER BY 1"
        )
    ]


def test_an_instance_under_way_keeps_the_facts_of_its_own_file_and_goes_once_settled(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    image(source / "x.dcm", "1.2.1")
    before = (source / "x.dcm").stat()
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        batch = lease_all(ledger)
        image(source / "x.dcm", "1.2.2", rows=8)
        scanned(ledger)
        (under_way,) = instances_of(ledger, batch)
        assert (under_way.file_bytes, under_way.mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert replaced_instances(ledger, batch) == {under_way.row}
        settle(ledger, batch, [Settled(under_way.row, "failed", "changed")])
        assert retry_failed(ledger) == 0
        scanned(ledger)
        assert instances(ledger) == [("1.2.2", "ready", b"x.dcm")]


def test_an_instance_under_way_whose_file_has_new_content_is_asked_for_before_it_goes(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    image(source / "x.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        batch = lease_all(ledger)
        image(source / "x.dcm", "1.2.1", rows=8)
        scanned(ledger)
        assert interrupted_batches(ledger) == [batch]
        (under_way,) = instances_of(ledger, batch)
        assert under_way.file_bytes == (source / "x.dcm").stat().st_size
        assert replaced_instances(ledger, batch) == set()
        assert [f.rule for f in read_findings(ledger)] == ["CHANGED-WHILE-SENDING"]


def test_an_instance_under_way_whose_file_is_gone_is_asked_for_too(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "x.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        batch = lease_all(ledger)
        (source / "x.dcm").unlink()
        scanned(ledger)
        (under_way,) = instances_of(ledger, batch)
        assert replaced_instances(ledger, batch) == {under_way.row}


def test_a_duplicate_takes_the_place_of_a_file_that_was_replaced_under_way(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1")
    image(source / "b.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        batch = lease_all(ledger)
        image(source / "a.dcm", "1.2.2", rows=8)
        scanned(ledger)
        assert instances(ledger) == [("1.2.1", "ready", b"b.dcm"), ("1.2.2", "ready", b"a.dcm")]
        assert interrupted_batches(ledger) == [batch]
        assert replaced_instances(ledger, batch) == set()


def test_a_sent_file_that_was_away_and_is_the_same_is_not_called_changed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "x.dcm", "1.2.1")
    image(source / "y.dcm", "1.2.2")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        ledger.write("UPDATE instance SET state = 'verified'")
        (source / "x.dcm").rename(tmp_path / "aside")
        scanned(ledger)
        (tmp_path / "aside").rename(source / "x.dcm")
        scanned(ledger)
        assert list(read_findings(ledger)) == []


def leave_open(at: Bench) -> None:
    """Plan everything and leave each batch as `kill -9` during its request does."""
    at.program.good("upload", TRANSFER, "--dry-run", at.program.home.parent / "dry")
    ledger = at.program.home / "transfers" / TRANSFER / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as raw, raw:
        assert raw.execute("UPDATE batch SET state = 'sending'").rowcount > 0


def test_a_file_replaced_after_a_kill_is_never_sent_as_the_instance_that_it_was(
    tmp_path: Path,
) -> None:
    with bench(tmp_path) as at:
        leave_open(at)
        other = made(fresh_series(), side=64)
        gone, at.images[0] = at.images[0], other
        assert other.size_bytes > gone.size_bytes
        (tmp_path / "source" / "0000.dcm").write_bytes(other.content)
        at.program.good("scan", TRANSFER)
        ran = at.upload()
        assert ran.code == 4, str(ran)
        assert [f["reason"] for f in at.status()["failed"]] == [
            "A source file is gone or changed since the scan; it was not sent."
            " Scan again so that the transfer knows the file as it is now."
        ]
        assert gone.sop_instance_uid not in at.sandbox.stored()
        at.program.good("scan", TRANSFER)
        at.assert_all_arrived(at.upload())
        assert at.received() == [1] * 8


def test_a_replaced_file_s_instance_that_had_arrived_counts_as_sent(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        leave_open(at)
        aside = at.program.home.parent / "first"
        aside.mkdir()
        (aside / "0.dcm").write_bytes(at.images[0].content)
        at.program.good("new", "first", "--node", NODE, "--source", aside)
        at.program.good("upload", "first")
        other = made(fresh_series(), side=64)
        (tmp_path / "source" / "0000.dcm").write_bytes(other.content)
        at.program.good("scan", TRANSFER)
        at.images.append(other)
        at.assert_all_arrived(at.upload())
        assert at.received() == [1] * 9


def test_new_content_of_an_instance_that_had_not_arrived_is_what_goes(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        leave_open(at)
        file = tmp_path / "source" / "0000.dcm"
        os.utime(file, ns=(1, 1))
        at.program.good("scan", TRANSFER)
        ran = at.upload()
        at.assert_all_arrived(ran)
        held = at.sandbox.stored()[at.images[0].sop_instance_uid]
        assert held.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert "changed while" not in ran.out
