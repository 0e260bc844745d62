"""A stand-in helpdesk in the test's own event loop, and a client that is signed in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.helpdesk.zammad import Helpdesk
from adapters.sandbox.server import Options, Sandbox
from tests.helpdesk.bench import desk_at


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(auth="none")) as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
async def desk(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Helpdesk]:
    opened = desk_at(sandbox, tmp_path)
    yield opened
    await opened.aclose()
