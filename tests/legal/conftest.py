"""A home with one transfer in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.ledgers import make_first_ledger, make_home
from transfer.ledger.connection import Ledger
from transfer.workspace import Home, Workspace


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return make_home(tmp_path)


@pytest.fixture
def workspace(home: Home) -> Workspace:
    """A transfer without any legal record."""
    return make_first_ledger(home, "lung-2024")


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    """Its ledger, open for writing."""
    with Ledger.open(workspace.ledger) as found:
        yield found
