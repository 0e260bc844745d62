"""What attacks need: a root that our client trusts, and hosts that all lead to this machine."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.attack.forge import Holder, issue


@pytest.fixture(scope="session")
def root() -> Holder:
    """The authority that our client trusts."""
    return issue(None, called="the root", is_ca=True, days=(-400, 400))


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of whoever runs the tests."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def everywhere_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host below `.example` has the address 127.0.0.1."""
    real = socket.getaddrinfo

    def found(host: Any, *arguments: Any, **named: Any) -> Any:
        is_ours = isinstance(host, str) and host.rstrip(".").endswith("example")
        return real("127.0.0.1" if is_ours else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home of the client, its owner's alone."""
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    return made
