"""The scan as a whole: every file ends up somewhere, once, whatever the folder holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.made import image, make_transfer_of
from transfer.errors import UsageError
from transfer.ledger.census import list_left_out, take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.scan.phase import Interrupted, scan


def never() -> bool:
    return False


def scanned(ledger: Ledger) -> None:
    scan(ledger, processes=1, should_stop=never)


def test_every_file_ends_in_exactly_one_way(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a" / "1.dcm", "1.2.1")
    image(source / "a" / "2.dcm", "1.2.2")
    image(source / "b" / "1.dcm", "1.2.1")
    (source / "notes.txt").write_text("not an image")
    os.mkfifo(source / "pipe")
    (source / "nowhere").symlink_to(source / "absent")
    (source / "b" / "loop").symlink_to(source)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        files = take_census(ledger).files
        assert (files.instances, files.duplicates, files.rejected) == (2, 1, 4)
        assert files.seen == 7
        reasons = {
            os.fsdecode(left.path): left.reasons[0] for left in list_left_out(ledger, limit=9)
        }
        assert reasons == {
            "b/1.dcm": "duplicate-identical",
            "notes.txt": "not-dicom",
            "pipe": "special-file",
            "nowhere": "broken-link",
            "b/loop": "folder-linked-twice",
        }


def test_the_first_in_path_order_goes_and_other_content_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "z.dcm", "1.2.1", rows=4)
    image(source / "a-b" / "x.dcm", "1.2.1", rows=8)
    image(source / "a" / "x.dcm", "1.2.1", rows=16)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        goes = ledger.row("SELECT path FROM source_file f JOIN instance i ON i.file_id = f.id")
        assert goes == (b"a-b/x.dcm",)
        left = list_left_out(ledger, limit=9)
        assert [left_out.reasons for left_out in left] == [("duplicate-uid-other-content",)] * 2


def test_a_second_scan_reads_only_what_changed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    image(source / "2.dcm", "1.2.2")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        image(source / "3.dcm", "1.2.3")
        (source / "2.dcm").unlink()
        ledger.write("UPDATE source_file SET reasons = 'untouched' WHERE path = ?", b"1.dcm")
        scanned(ledger)
        census = take_census(ledger)
        assert (census.files.instances, census.files.missing) == (2, 1)
        assert census.instances.failed == 1
        assert ledger.row("SELECT reasons FROM source_file WHERE path = ?", b"1.dcm") == (
            "untouched",
        )


def test_a_file_that_comes_back_can_go_again(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        (source / "1.dcm").rename(tmp_path / "aside")
        scanned(ledger)
        assert take_census(ledger).instances.failed == 1
        (tmp_path / "aside").rename(source / "elsewhere.dcm")
        scanned(ledger)
        counts = take_census(ledger).instances
        assert (counts.ready, counts.failed) == (1, 0)


def test_a_duplicate_goes_when_the_first_of_its_uid_is_gone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1")
    image(source / "b.dcm", "1.2.1")
    image(source / "c.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert take_census(ledger).files.duplicates == 2
        (source / "a.dcm").unlink()
        scanned(ledger)
        census = take_census(ledger)
        assert (census.instances.ready, census.instances.failed) == (1, 0)
        assert census.files.duplicates == 1
        goes = ledger.row("SELECT path FROM source_file f JOIN instance i ON i.file_id = f.id")
        assert goes == (b"b.dcm",)


def test_a_duplicate_goes_when_the_first_of_its_uid_became_another_instance(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1")
    image(source / "b.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        image(source / "a.dcm", "1.2.22", rows=8)
        scanned(ledger)
        uids = ledger.rows(
            "SELECT sop_instance_uid, path, state FROM instance i"
            " JOIN source_file f ON f.id = i.file_id ORDER BY 1"
        )
        assert uids == [("1.2.1", b"b.dcm", "ready"), ("1.2.22", b"a.dcm", "ready")]


def test_a_file_changed_after_sending_is_told_and_its_record_kept(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1", rows=4)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        ledger.write("UPDATE instance SET state = 'verified', sha256 = 'as-sent'")
        image(source / "1.dcm", "1.2.1", rows=8)
        scanned(ledger)
        assert ledger.row("SELECT state, sha256 FROM instance") == ("verified", "as-sent")
        assert [f.rule for f in read_findings(ledger)] == ["CHANGED-AFTER-SENDING"]


def test_an_absent_source_changes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        source.rename(tmp_path / "unmounted")
        with pytest.raises(UsageError, match="cannot be read now"):
            scanned(ledger)
        assert take_census(ledger).instances.ready == 1
        assert take_census(ledger).files.missing == 0


def test_an_interrupted_scan_goes_on_where_it_stopped(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(40):
        image(source / f"{number:02}.dcm", f"1.2.{number + 1}")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        asked = iter([False, True])
        with pytest.raises(Interrupted):
            scan(ledger, processes=1, should_stop=lambda: next(asked))
        assert take_census(ledger).files.seen == 40
        scanned(ledger)
        assert take_census(ledger).instances.ready == 40


def test_names_that_are_not_utf_8_are_read_like_any_other(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / os.fsdecode(b"M\xfcller"), "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert take_census(ledger).instances.ready == 1
