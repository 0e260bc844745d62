"""What a transfer already knows of what a ticket asks for: counts, and names of timepoints."""

from __future__ import annotations

from pathlib import Path

from tests.tui.ledgers import fill, make_home, make_ledger
from transfer.ledger.connection import Ledger
from transfer.ledger.reports import record_report
from transfer.ledger.timepoint_names import set_timepoint_name
from transfer.ledger.timepoints import assign
from transfer.proposals import proposed_fields


def test_the_volume_is_counts_only(tmp_path: Path) -> None:
    workspace = make_ledger(make_home(tmp_path), "lung")
    fill(workspace, [("CT", 200, 0, 0, 0), ("MR", 100, 0, 0, 0)], size_bytes=10_000_000)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert proposed_fields(ledger)["volume"] == "2 patients, 2 studies, 3.0 GB"


def test_timepoints_come_from_the_board_by_the_projects_names(tmp_path: Path) -> None:
    workspace = make_ledger(make_home(tmp_path), "lung")
    fill(workspace, [("CT", 1, 0, 0, 0), ("MR", 1, 0, 0, 0)])
    with Ledger.open(workspace.ledger) as ledger:
        assign(ledger, [1], "Diagnosis")
        assign(ledger, [2], "Treatment")
        assert proposed_fields(ledger)["timepoints"] == "Diagnosis 1, Treatment 1"
        set_timepoint_name(ledger, "Diagnosis", 1, "Baseline")
        assert proposed_fields(ledger)["timepoints"] == "Baseline, Treatment 1"


def test_before_the_folder_was_read_nothing_of_it_is_proposed(tmp_path: Path) -> None:
    workspace = make_ledger(make_home(tmp_path), "lung")
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        found = proposed_fields(ledger, "ada-l")
    assert sorted(found) == ["node", "project", "username", "version"]
    assert found["username"] == "ada-l"


def test_the_newest_reports_digest_is_proposed_with_the_way_to_check_it(tmp_path: Path) -> None:
    workspace = make_ledger(make_home(tmp_path), "lung")
    with Ledger.open(workspace.ledger) as ledger:
        record_report(ledger, "1" * 64, "2026-01-02T03:04:05.000Z")
        record_report(ledger, "a" * 64, "2026-01-03T03:04:05.000Z")
        assert proposed_fields(ledger)["report"] == (
            f"Report of the transfer lung: SHA-256 {'a' * 64}. To check a copy of it, offline:"
            f" eucaim-transfer report --verify DIR --digest {'a' * 64}"
        )
