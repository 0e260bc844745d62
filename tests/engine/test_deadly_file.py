"""A file that ends whatever process reads it: a person leaves it out, and all others go."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER, bench
from transfer.ledger.connection import Ledger
from transfer.scan import readers
from transfer.scan.phase import scan
from transfer.workers import News

DEADLY = b"/0003.dcm"
_begin = readers._begin


def _deadly(setup: None, news: News) -> Callable[[readers.File], object]:
    """Made in the reading process, which the file of that name ends."""
    read = _begin(setup, news)
    return lambda file: os._exit(1) if file[1].endswith(DEADLY) else read(file)


def _key(ledger: Ledger) -> str:
    ((key,),) = ledger.rows("SELECT 'F' || id FROM source_file WHERE reasons = 'reader-died'")
    return str(key)


def test_a_file_that_ends_its_reader_is_left_out_by_its_key_and_the_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(tmp_path) as at:
        home = at.program.home / "transfers" / TRANSFER / "ledger.sqlite"
        monkeypatch.setattr(readers, "_begin", _deadly)
        with Ledger.open(home) as ledger:
            scan(ledger, processes=1, should_stop=lambda: False)
            assert ledger.rows("SELECT state FROM step WHERE id = 'scan'") == [("blocked",)]
            key = _key(ledger)
        at.program.good("select", TRANSFER, "--exclude", key, "--by", "Ada", "--reason", "broken")
        with Ledger.open(home) as ledger:
            assert ledger.rows("SELECT state FROM step WHERE id = 'scan'") == [("done",)]
            # It is not read again: that would end three processes each time.
            scan(ledger, processes=1, should_stop=lambda: False)
            assert ledger.rows("SELECT state FROM step WHERE id = 'scan'") == [("done",)]
        ran = at.upload()
        assert ran.code == 0, str(ran)
        assert at.counts() == {"ready": 7, "sent": 7, "verified": 7, "failed": 0}
        assert at.step()["state"] == "done"


def test_a_file_that_is_wanted_again_holds_up_the_scan_again_and_is_read_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(tmp_path) as at:
        home = at.program.home / "transfers" / TRANSFER / "ledger.sqlite"
        with monkeypatch.context() as patch, Ledger.open(home) as ledger:
            patch.setattr(readers, "_begin", _deadly)
            scan(ledger, processes=1, should_stop=lambda: False)
            key = _key(ledger)
        at.program.good("select", TRANSFER, "--exclude", key)
        at.program.good("select", TRANSFER, "--clear")
        with Ledger.open(home) as ledger:
            assert ledger.rows("SELECT state FROM step WHERE id = 'scan'") == [("blocked",)]
        # Whatever was the matter with this machine, it is not any more.
        at.assert_all_arrived(at.upload())
