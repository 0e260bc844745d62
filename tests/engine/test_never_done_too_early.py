"""The program says "done" only when everything in the source that could go is on the node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.made import fresh_series, many
from tests.engine.bench import bench, write_source
from tests.engine.made import image, make_transfer_of
from transfer.errors import TransferError
from transfer.ledger.census import list_left_out, take_census
from transfer.ledger.listing import doubt_verified
from transfer.runner.gate import conclude
from transfer.scan.phase import scan


def test_a_link_that_leads_in_a_circle_costs_no_other_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(30):
        image(source / f"{number}.dcm", f"1.2.{number + 1}")
    (source / "circle").symlink_to("circle")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        assert take_census(ledger).instances.ready == 30
        left = list_left_out(ledger, limit=9)
        assert [(os.fsdecode(f.path), f.reasons) for f in left] == [("circle", ("broken-link",))]


def test_what_could_not_be_read_keeps_the_transfer_from_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    image(source / "a" / "1.dcm", "1.2.1")
    image(source / "b" / "2.dcm", "1.2.2")
    real = os.scandir

    def stale(path: bytes) -> object:
        if os.fsdecode(path).endswith("/b"):
            raise OSError(116, "Stale file handle")
        return real(path)

    with make_transfer_of(source, tmp_path / "home") as ledger:
        monkeypatch.setattr("transfer.scan.walk.os.scandir", stale)
        scan(ledger, processes=1, should_stop=lambda: False)
        monkeypatch.undo()
        ledger.write("UPDATE instance SET state = 'verified'")
        with pytest.raises(TransferError, match="1 files or folders of the source") as refused:
            conclude(ledger, can_list=True)
        assert refused.value.exit_code == 4
        scan(ledger, processes=1, should_stop=lambda: False)
        assert take_census(ledger).instances.ready == 2


def test_uploading_a_finished_transfer_again_sends_what_was_added(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.assert_all_arrived(at.upload())
        write_source(tmp_path / "source" / "later", many(fresh_series(), 3))
        ran = at.upload()
        assert ran.code == 0, str(ran)
        assert at.counts() == {"ready": 11, "sent": 11, "verified": 11, "failed": 0}


def test_files_found_after_the_end_make_the_transfer_unfinished(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.assert_all_arrived(at.upload())
        write_source(tmp_path / "source" / "later", many(fresh_series(), 3))
        at.program.good("scan", "t")
        status = at.status()
        assert status["state"] != "done"
        assert {s["id"]: s["state"] for s in status["steps"]}["images"] == "todo"


def test_every_verified_instance_is_doubted_in_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    for number in range(7):
        image(source / f"{number}.dcm", f"1.2.{number + 1}")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        ledger.write("UPDATE instance SET state = 'verified' WHERE id > 1")
        monkeypatch.setattr("transfer.ledger.listing._WINDOW", 2)
        doubt_verified(ledger)
        counts = take_census(ledger).instances
        assert (counts.sent, counts.verified, counts.ready) == (6, 0, 7)
