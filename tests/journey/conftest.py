"""A home with one transfer in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.ledgers import make_first_ledger, make_home
from transfer.workspace import Home, Workspace


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return make_home(tmp_path)


@pytest.fixture
def first(home: Home) -> Workspace:
    """The first transfer of somebody who has neither account nor project."""
    return make_first_ledger(home, "lung-2024")
