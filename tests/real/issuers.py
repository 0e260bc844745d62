"""Two issuers that behave alike, for one set of tests: the stand-in's, and a certified one."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import httpx

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.tokens import BadToken
from tests.real.oidc_provider import Provider, oidc_provider
from tests.real.running import ask, trusting_client, verified


class Counts(NamedTuple):
    """How many passwords were accepted and refused, and how many refresh tokens accepted."""

    sign_ins: int
    sign_in_failures: int
    refreshes: int


class RunningIssuer(Protocol):
    """An issuer that serves, with the accounts `ingester` and `newcomer`, whose passwords are
    their names, and the clients `qpinsights` and `dataset-explorer`."""

    @property
    def issuer_url(self) -> str: ...
    @property
    def ca_file(self) -> Path: ...
    def redirect_url(self, client_id: str) -> str:
        """Where a browser of this client may come back to."""
        ...

    def demand_interval(self, seconds: float) -> None:
        """Who asks sooner than that for a device code hears slow_down."""
        ...

    def counts(self) -> Counts: ...
    def check_bearer(self, authorization: str, audience: str) -> object:
        """Raises BadToken unless the header holds a token of this issuer for that audience."""
        ...

    def revoke(self, refresh: str, client_id: str) -> None:
        """What an administrator, or the person on the account page, does to a session."""
        ...


@dataclass(frozen=True)
class StandIn:
    """The sandbox's own."""

    sandbox: Sandbox

    @property
    def issuer_url(self) -> str:
        return self.sandbox.endpoints.issuer_url

    @property
    def ca_file(self) -> Path:
        return self.sandbox.ca_file

    def redirect_url(self, client_id: str) -> str:
        return f"https://127.0.0.1:{self.sandbox.port}/come-back/{client_id}"

    def demand_interval(self, seconds: float) -> None:
        self.sandbox.issuer.devices.interval_s = seconds

    def counts(self) -> Counts:
        issuer = self.sandbox.issuer
        return Counts(issuer.sign_ins, issuer.sign_in_failures, issuer.refreshes)

    def check_bearer(self, authorization: str, audience: str) -> object:
        return self.sandbox.issuer.check(authorization, audience)

    def revoke(self, refresh: str, client_id: str) -> None:
        _revoke(self, refresh, client_id)


@dataclass(frozen=True)
class Certified:
    """node-oidc-provider."""

    provider: Provider

    @property
    def issuer_url(self) -> str:
        return self.provider.issuer_url

    @property
    def ca_file(self) -> Path:
        return self.provider.ca_file

    def redirect_url(self, client_id: str) -> str:
        return f"{self.issuer_url}/come-back/{client_id}"

    def demand_interval(self, seconds: float) -> None:
        self.provider.wish(least_interval_s=seconds)

    def counts(self) -> Counts:
        return Counts(**self.provider.wish())

    def check_bearer(self, authorization: str, audience: str) -> object:
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer":
            raise BadToken
        claims = verified(token, ask(self.ca_file, f"{self.issuer_url}/jwks"))
        if claims["exp"] <= time.time() or claims["aud"] != audience:
            raise BadToken
        return claims

    def revoke(self, refresh: str, client_id: str) -> None:
        _revoke(self, refresh, client_id)


def _revoke(issuer: RunningIssuer, refresh: str, client_id: str) -> None:
    found = ask(issuer.ca_file, f"{issuer.issuer_url}/.well-known/openid-configuration")
    form = {"token": refresh, "token_type_hint": "refresh_token", "client_id": client_id}
    with httpx.Client(verify=trusting_client(issuer.ca_file), trust_env=False) as http:
        http.post(found["revocation_endpoint"], data=form).raise_for_status()


@contextmanager
def stand_in(
    folder: Path,
    *,
    device_clients: Collection[str] = (),
    rotates: bool = False,
    access_s: float = 300.0,
    device_s: float = 600.0,
) -> Iterator[RunningIssuer]:
    options = Options(
        device_clients=list(device_clients),
        rotates=rotates,
        access_s=access_s,
        device_s=device_s,
    )
    with in_thread(options) as sandbox:
        # Tests press Yes at once; none of them is about an interval unless it says so.
        sandbox.issuer.devices.interval_s = 0.0
        yield StandIn(sandbox)
        assert list(sandbox.crashes) == []


@contextmanager
def certified(
    folder: Path,
    *,
    device_clients: Collection[str] = (),
    rotates: bool = False,
    access_s: float = 300.0,
    device_s: float = 600.0,
) -> Iterator[RunningIssuer]:
    with oidc_provider(
        folder,
        device_clients=list(device_clients),
        rotates=rotates,
        access_s=access_s,
        device_s=device_s,
    ) as provider:
        yield Certified(provider)
