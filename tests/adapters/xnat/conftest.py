"""One scripted XNAT for each test, and a node that talks to it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.xnat.scripted import Running, ScriptedXnat, running


@pytest.fixture
def site(tmp_path: Path, ca_file: Path, good_context: ssl.SSLContext) -> Iterator[Running]:
    with running(tmp_path, ca_file, good_context) as started:
        yield started


@pytest.fixture
def xnat(site: Running) -> ScriptedXnat:
    return site.xnat


@pytest.fixture
async def node(site: Running) -> AsyncIterator[XnatNode]:
    opened = site.node()
    try:
        yield opened
    finally:
        await opened.aclose()
