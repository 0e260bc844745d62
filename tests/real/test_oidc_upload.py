"""A sign-in that ends in mid-upload: renewed in silence, or waited for with nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.sandbox.server import Options
from adapters.sandbox.tokens import BadToken
from adapters.secrets import SecretStore
from tests.engine.bench import NODE, Bench, bench
from tests.real import oidc_provider
from tests.real.issuers import RunningIssuer, certified, stand_in

_BEFORE = 5
"""Requests that the node answers before the sign-in ends: the first of them asks what it holds."""


@dataclass
class Gate:
    """The node's look at tokens: those of another issuer, and at one moment the token in hand is
    good no more."""

    issuer: RunningIssuer
    ends_with: Callable[[], None] = lambda: None
    refused: set[str] = field(default_factory=set)
    seen: int = 0

    def check(self, authorization: str, audience: str) -> object:
        if not authorization:
            raise BadToken
        self.seen += 1
        if self.seen == _BEFORE:
            self.refused.add(authorization)
            self.ends_with()
        if authorization in self.refused:
            raise BadToken
        return self.issuer.check_bearer(authorization, audience)


@pytest.fixture(params=["stand-in", "certified"])
def gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gate]:
    folder = tmp_path / "issuer"
    folder.mkdir()
    start: Callable[[Path], AbstractContextManager[RunningIssuer]] = stand_in
    if request.param == "certified":
        if reason := oidc_provider.missing_software():
            pytest.skip(reason)
        start = certified
    with start(folder) as issuer:
        yield Gate(issuer)


def _configure(at: Bench, gate: Gate, folder: Path) -> None:
    """The bench's node takes tokens of the other issuer; one file vouches for both."""
    authorities = [at.sandbox.ca_file, gate.issuer.ca_file]
    both = folder / "both.pem"
    both.write_text("\n".join(file.read_text() for file in authorities))
    at.configure(issuer_url=gate.issuer.issuer_url, ca_file=str(both))


def test_a_token_that_ends_in_mid_upload_is_renewed_in_silence(gate: Gate, tmp_path: Path) -> None:
    options = Options(bearer=gate.check)
    with bench(tmp_path, options=options, is_signed_in=False, max_batch_instances=1) as at:
        _configure(at, gate, tmp_path)
        at.program.good("login", NODE, typed="ingester\n")
        ran = at.upload("--concurrency", 1)
        at.assert_all_arrived(ran)
        assert ran.complaint == []
    assert len(gate.refused) == 1
    assert gate.issuer.counts() == (1, 0, 2)


def test_a_session_revoked_in_mid_upload_waits_for_login_and_loses_nothing(
    gate: Gate, tmp_path: Path
) -> None:
    options = Options(bearer=gate.check)
    with bench(tmp_path, options=options, is_signed_in=False, max_batch_instances=1) as at:
        _configure(at, gate, tmp_path)
        at.program.good("login", NODE, typed="ingester\n")
        store = SecretStore(at.program.home, environ={}, keyring=lambda: None)
        gate.ends_with = lambda: gate.issuer.revoke(str(store.get(f"{NODE}.token")), "qpinsights")
        ran = at.upload("--concurrency", 1)
        assert ran.code == 5, str(ran)
        assert "has run out, or was revoked" in ran.complaint[0]
        status = at.status()
        assert (status["state"], at.step()["state"]) == ("waiting", "waiting")
        assert 0 < at.counts()["sent"] < len(at.images)
        assert store.get(f"{NODE}.token") is None
        at.program.good("login", NODE, typed="ingester\n")
        at.assert_all_arrived(at.upload())
        # What had been acknowledged before was not sent again.
        assert sorted(set(at.received())) == [1]
