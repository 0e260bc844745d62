"""The doctor's questions to a DICOMweb node, in order; each needs the one before it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

import httpx

from adapters.probing import Asked, connection_results, failure
from adapters.statuses import BUSY, refuse_status
from adapters.upv.auth import Credential
from adapters.upv.options import Settings
from adapters.upv.roles import DATA_INGESTER
from transfer.errors import TransferError
from transfer.node import CheckResult

# A Study that no node holds: the answer tells whether we may list, and nobody's data.
_NO_STUDY = "1.2.826.0.1.3680043.8.498.1"


class Doctor:
    """Asks one node; never raises, a failure is a result."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: Settings,
        credential: Credential,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._settings = settings
        self._credential = credential
        self._now = now

    async def results(self) -> AsyncIterator[CheckResult]:
        """Ends after the first failure that makes the rest meaningless."""
        try:
            async for result in self._connection("node", f"{self._settings.dicomweb_url}/studies"):
                yield result
            if self._settings.auth in ("password", "oidc"):
                issuer = f"{self._settings.issuer_url}/.well-known/openid-configuration"
                async for result in self._connection("sign-in service", issuer):
                    yield result
            yield await self._sign_in()
            yield await self._listing()
        except TransferError as refused:
            yield failure(refused)

    def _connection(self, which: str, url: str) -> AsyncIterator[CheckResult]:
        return connection_results(
            self._client, which, url, node=self._settings.name, now_s=self._now()
        )

    async def _sign_in(self) -> CheckResult:
        identity = await self._credential.identity()
        if self._settings.auth == "none":
            return CheckResult("sign-in", "ok", "This node needs no sign-in.")
        if self._settings.auth in ("basic", "token"):
            await self.listing_status()
        roles = ", ".join(identity.roles) or "none named"
        message = f"Signed in as {identity.username or 'the bearer of a token'}; roles: {roles}."
        if self._settings.auth in ("password", "oidc") and DATA_INGESTER not in identity.roles:
            return CheckResult(
                "sign-in",
                "warn",
                message,
                f"To upload on the UPV node the account needs the role {DATA_INGESTER}: ask for it "
                "in the node's registration form or by a ticket.",
            )
        return CheckResult("sign-in", "ok", message)

    async def _listing(self) -> CheckResult:
        if self._settings.can_list is False:
            return CheckResult(
                "listing",
                "warn",
                "The node is configured as one that does not list instances: sent instances "
                "cannot be verified by this program.",
                "Have a person compare the counts, or remove can_list from config.toml.",
            )
        status = await self.listing_status()
        if status in (200, 204):
            return CheckResult("listing", "ok", "The account may list instances.")
        if status in (401, 403, *BUSY) or status >= 500:
            raise refuse_status(status, node=self._settings.name)
        return CheckResult(
            "listing",
            "warn",
            f"The node does not list studies (HTTP {status}): sent instances cannot be verified "
            "by this program.",
            "Check dicomweb_url in config.toml; if it is right, ask the node's support for "
            "QIDO-RS, or have a person compare the counts.",
        )

    async def listing_status(self) -> int:
        """The HTTP status of a search that finds nothing, made as the account.

        Raises:
            SignInRefused, SignInExpired: the node does not accept the credential.
        """
        url = f"{self._settings.dicomweb_url}/studies?StudyInstanceUID={_NO_STUDY}&limit=1"
        authorization = await self._credential.header()
        async with self._asked(url, authorization) as response:
            status = response.status_code
        if status != 401:
            return status
        await self._credential.renew(authorization)
        async with self._asked(url, await self._credential.header()) as response:
            return response.status_code

    def _asked(self, url: str, authorization: str | None) -> Asked:
        return Asked(self._client, url, authorization, self._settings.name)
