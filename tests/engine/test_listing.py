"""What becomes of instances that the node acknowledged and does not list."""

from __future__ import annotations

from pathlib import Path

from tests.engine.made import image, make_transfer_of
from transfer.ledger.commits import record_committed, studies_to_commit
from transfer.ledger.connection import Ledger
from transfer.ledger.listing import record_unlisted, record_verified
from transfer.scan.phase import scan


def _acknowledged(ledger: Ledger) -> dict[str, int]:
    """Two Studies, 1.3.1 with two instances and 1.3.2 with one, all acknowledged and taken over;
    the rows of the instances by their UIDs."""
    scan(ledger, processes=1, should_stop=lambda: False)
    ledger.write("UPDATE instance SET state = 'sent', attempts = 1")
    for study in studies_to_commit(ledger, 9):
        record_committed(ledger, study.row)
    return dict(ledger.rows("SELECT sop_instance_uid, id FROM instance"))


def _source(folder: Path) -> Path:
    image(folder / "1.dcm", "1.2.1")
    image(folder / "2.dcm", "1.2.2")
    image(folder / "3.dcm", "1.2.3", StudyInstanceUID="1.3.2", SeriesInstanceUID="1.4.2")
    return folder


def _planned(ledger: Ledger) -> int:
    return ledger.number("SELECT count(*) FROM batch WHERE state = 'planned'")


def _to_commit(ledger: Ledger) -> list[str]:
    return [study.study.study_uid for study in studies_to_commit(ledger, 9)]


def test_a_study_that_lacks_an_instance_is_opened_and_taken_over_again_once_it_went(
    tmp_path: Path,
) -> None:
    """Its session on the node was archived without it: what goes again lands beside that."""
    with make_transfer_of(_source(tmp_path / "source"), tmp_path / "home") as ledger:
        rows = _acknowledged(ledger)
        record_verified(ledger, [rows["1.2.1"], rows["1.2.3"]])
        record_unlisted(ledger, [rows["1.2.2"]], [], "not listed")
        assert ledger.rows(
            "SELECT study_uid, committed_at_utc IS NULL FROM study ORDER BY study_uid"
        ) == [("1.3.1", 1), ("1.3.2", 0)]
        assert ledger.rows(
            "SELECT sop_instance_uid, state, attempts, reason FROM instance ORDER BY 1"
        ) == [
            ("1.2.1", "verified", 1, ""),
            ("1.2.2", "ready", 2, "not listed"),
            ("1.2.3", "verified", 1, ""),
        ]
        assert _planned(ledger) == 1
        assert _to_commit(ledger) == [], "not before it went"
        ledger.write("UPDATE instance SET state = 'sent' WHERE id = ?", rows["1.2.2"])
        assert _to_commit(ledger) == ["1.3.1"]


def test_an_instance_that_is_given_up_opens_no_study(tmp_path: Path) -> None:
    """Nothing of it goes again, so that there is nothing to take over."""
    with make_transfer_of(_source(tmp_path / "source"), tmp_path / "home") as ledger:
        rows = _acknowledged(ledger)
        record_verified(ledger, [rows["1.2.1"], rows["1.2.3"]])
        record_unlisted(ledger, [], [rows["1.2.2"]], "not listed")
        assert ledger.rows("SELECT count(*) FROM study WHERE committed_at_utc IS NULL") == [(0,)]
        assert ledger.rows("SELECT state, reason FROM instance WHERE id = ?", rows["1.2.2"]) == [
            ("failed", "not listed")
        ]
        assert _planned(ledger) == 0
