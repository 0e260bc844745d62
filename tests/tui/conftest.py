"""A home, and a terminal that is the same on every machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Textual reads these while it is imported, as the program itself sets them.
os.environ["TEXTUAL_ANIMATIONS"] = "none"

from tests.tui.ledgers import make_home
from transfer.workspace import Home


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return make_home(tmp_path)
