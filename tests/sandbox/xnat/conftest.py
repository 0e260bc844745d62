"""A site under a clock of the test's own, and a walk through it as its ingester."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.sandbox.server import Options, Sandbox
from adapters.sandbox.xnat.site import SiteOptions
from tests.sandbox.xnat.made import Clock, Walk, client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def node(clock: Clock) -> AsyncIterator[Sandbox]:
    """An XNAT of the newer line without guests; at the end it must not have crashed by itself."""
    async with Sandbox(Options(xnat=SiteOptions(clock=clock))) as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
async def walk(node: Sandbox) -> AsyncIterator[Walk]:
    async with client(node) as http:
        yield Walk(http)
