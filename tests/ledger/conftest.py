"""A home with one transfer of six instances in it, half of them sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.ledgers import fill, make_first_ledger, make_home
from transfer.workspace import Home, Workspace


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return make_home(tmp_path)


@pytest.fixture
def workspace(home: Home) -> Workspace:
    """Two patients, ORIGINAL-1 and ORIGINAL-2, with three instances each."""
    made = make_first_ledger(home, "lung")
    fill(made, [("CT", 2, 1, 0, 0), ("MR", 1, 1, 1, 0)])
    return made
