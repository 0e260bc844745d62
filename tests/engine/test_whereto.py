"""Under which address the node was sent to last."""

from __future__ import annotations

from pathlib import Path

from transfer.ledger.connection import Ledger
from transfer.ledger.whereto import leads_elsewhere, remember_address


def test_only_another_address_than_the_last_one_leads_elsewhere(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger.sqlite") as ledger:
        assert not leads_elsewhere(ledger, "https://one.example/dicom-web")
        remember_address(ledger, "https://one.example/dicom-web")
        remember_address(ledger, "https://one.example/dicom-web")
        assert not leads_elsewhere(ledger, "https://one.example/dicom-web")
        assert leads_elsewhere(ledger, "https://two.example/dicom-web")
        assert ledger.number("SELECT count(*) FROM event WHERE text LIKE '%address%'") == 0
        remember_address(ledger, "https://two.example/dicom-web")
        assert ledger.number("SELECT count(*) FROM event WHERE text LIKE '%address%'") == 1
