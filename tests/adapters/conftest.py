"""What the tests of the adapters share: one throw-away CA, and a server's context from it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.adapters.tls_server import server_context
from tests.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def ca_file(authority: Authority) -> Path:
    return authority.ca_file


@pytest.fixture(scope="session")
def good_context(authority: Authority) -> ssl.SSLContext:
    return server_context(authority.issue("good"))
