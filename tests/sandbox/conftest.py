"""A sandbox in the test's own event loop, and a client that is signed in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.sandbox.server import Options, Sandbox
from tests.sandbox.bodies import client, sign_in


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A node that asks for nobody's name; at the end it must not have crashed by itself."""
    async with Sandbox(Options(auth="none")) as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with client(sandbox) as opened:
        yield opened


@pytest.fixture
async def guarded() -> AsyncIterator[Sandbox]:
    """A node that wants a bearer token."""
    async with Sandbox() as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
async def token(guarded: Sandbox) -> str:
    answer = await sign_in(guarded)
    return str(answer.json()["access_token"])
