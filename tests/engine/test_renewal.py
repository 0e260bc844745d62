"""New rules read more of a header than earlier ones: what is known is read once more for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.made import image, make_transfer_of
from transfer.ledger.connection import Ledger
from transfer.ledger.traits import record_traits_fingerprint, traits_fingerprint
from transfer.scan.phase import Interrupted, scan


def never() -> bool:
    return False


def scanned(ledger: Ledger) -> None:
    scan(ledger, processes=1, should_stop=never)


def forgotten(ledger: Ledger) -> None:
    """As an earlier version left it: other attributes were read, or none at all."""
    record_traits_fingerprint(ledger, "other rules")
    with ledger.transaction():
        ledger.write("UPDATE instance SET traits_id = NULL, person_id = NULL")
        ledger.write("DELETE FROM traits")


def test_headers_are_read_again_for_rules_that_read_something_else(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        before = ledger.row("SELECT t.document FROM instance i JOIN traits t ON t.id = traits_id")
        read_for = traits_fingerprint(ledger)
        assert before not in (None, ("{}",))
        forgotten(ledger)
        scanned(ledger)
        after = ledger.row("SELECT t.document FROM instance i JOIN traits t ON t.id = traits_id")
        assert after == before
        assert traits_fingerprint(ledger) == read_for
        assert ledger.row("SELECT count(*) FROM instance WHERE person_id IS NOT NULL") == (1,)


def test_a_sent_instance_keeps_its_record_and_says_what_new_rules_ask(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        with ledger.transaction():
            ledger.write("UPDATE instance SET state = 'verified', sha256 = 's', head_sha256 = 'h'")
        forgotten(ledger)
        scanned(ledger)
        assert ledger.row("SELECT state, sha256, head_sha256 FROM instance") == (
            "verified",
            "s",
            "h",
        )
        assert ledger.number("SELECT count(*) FROM instance WHERE traits_id IS NOT NULL") == 1


def test_what_leaves_is_made_again_where_new_rules_have_not_seen_it(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        with ledger.transaction():
            ledger.write("UPDATE instance SET head_sha256 = 'h', out_traits_id = traits_id")
        record_traits_fingerprint(ledger, "other rules")
        scanned(ledger)
        assert ledger.row("SELECT state, head_sha256, out_traits_id FROM instance") == (
            "ready",
            None,
            None,
        )


def test_what_a_file_that_is_gone_said_to_earlier_rules_is_forgotten(tmp_path: Path) -> None:
    """New rules would take what was never asked for missing."""
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    image(source / "2.dcm", "1.2.2")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        ledger.write("UPDATE instance SET state = 'sent'")
        (source / "1.dcm").unlink()
        record_traits_fingerprint(ledger, "other rules")
        scanned(ledger)
        assert ledger.rows(
            "SELECT sop_instance_uid, state, traits_id IS NULL FROM instance ORDER BY 1"
        ) == [("1.2.1", "sent", 1), ("1.2.2", "sent", 0)]


def test_reading_again_goes_on_where_it_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfer.scan.pace.PAGE", 1)
    monkeypatch.setattr("transfer.scan.readers._FILES_PER_TASK", 1)
    source = tmp_path / "source"
    for number in range(6):
        image(source / f"{number}.dcm", f"1.2.{number + 1}")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        forgotten(ledger)

        def renewed() -> int:
            return ledger.number("SELECT count(*) FROM instance WHERE traits_id IS NOT NULL")

        with pytest.raises(Interrupted):
            scan(ledger, processes=1, should_stop=lambda: renewed() > 0)
        assert 0 < renewed() < 6
        assert traits_fingerprint(ledger) == "other rules"
        ledger.write("UPDATE instance SET person_id = NULL WHERE id = 1")
        scanned(ledger)
        assert renewed() == 6
        # The first was not read a second time.
        assert ledger.number("SELECT count(*) FROM instance WHERE person_id IS NULL") == 1


def test_a_second_scan_by_the_same_rules_reads_no_header_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        monkeypatch.setattr(
            "transfer.scan.renewal.header_readers", lambda _: pytest.fail("headers were read")
        )
        monkeypatch.setattr(
            "transfer.scan.phase.header_readers", lambda _: pytest.fail("headers were read")
        )
        scanned(ledger)
        assert ledger.number("SELECT count(*) FROM instance") == 1
