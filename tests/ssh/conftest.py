"""One SSH server for all tests; a home for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ssh.server import Sshd, lacks, running_sshd
from tests.tui.ledgers import make_home
from transfer.workspace import Home


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An OpenSSH server on loopback."""
    if missing := lacks():
        pytest.skip(missing)
    with running_sshd(tmp_path_factory.mktemp("sshd")) as sshd:
        yield sshd


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return make_home(tmp_path)
