"""The prepared home, and copies of it to be purged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program import Program
from tests.retention.prepared import Prepared, copied, prepared


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared(tmp_path_factory)


@pytest.fixture
def program(made: Prepared, tmp_path: Path) -> Program:
    """The program with a home of its own, in which both transfers were sent."""
    return copied(made, tmp_path)
