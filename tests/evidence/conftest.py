"""A transfer with instances in several states, and a report of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.ledgers import fill, make_home, make_ledger
from transfer.evidence.content import Look
from transfer.evidence.folder import Written, write_report
from transfer.workspace import Home, Workspace

MADE = "2026-01-02T03:04:05.000Z"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path)


@pytest.fixture
def workspace(home: Home) -> Workspace:
    """Two patients: 2 instances ready, 1 sent, 3 verified, 1 failed."""
    found = make_ledger(home, "lung-2024")
    fill(found, [("CT", 2, 1, 3, 0), ("MR", 0, 0, 0, 1)])
    return found


def reported(workspace: Workspace, folder: Path) -> Written:
    """A report of a transfer whose files go under their own names."""
    return write_report(workspace.ledger, folder, Look(MADE), lambda _: False)


@pytest.fixture
def report(workspace: Workspace, tmp_path: Path) -> Written:
    return reported(workspace, tmp_path / "report")
