"""The doctor's questions to a DICOMweb node, in order; each needs the one before it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

import httpx

from adapters.probe.failing import failure
from adapters.probe.target import SUPPORT, YOU, Target
from adapters.probe.walk import probe
from adapters.sessions import Way
from adapters.statuses import BUSY, refuse_status
from adapters.tls import origin
from adapters.translate import translate
from adapters.upv.auth import Credential
from adapters.upv.clinical_ways import clinical_root
from adapters.upv.options import Settings
from adapters.upv.places import where_is
from adapters.upv.roles import TO_PROJECT, UPLOAD
from transfer.errors import TransferError
from transfer.node import CheckResult, Identity, Right
from transfer.values import ExitCode

# A Study that no node holds: the answer tells whether we may list, and nobody's data.
_NO_STUDY = "1.2.826.0.1.3680043.8.498.1"
_STOW_TYPE = 'multipart/related; type="application/dicom"; boundary=0'
_SIGN_IN = "Signed in with what is stored."
_SEARCH = "Searched for a Study that no node holds (QIDO-RS)."


class Doctor:
    """Asks one node; never raises, a failure is a result."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: Settings,
        credential: Credential,
        way: Way,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._settings = settings
        self._credential = credential
        self._way = way
        self._now = now

    async def results(self, destination: str = "") -> AsyncGenerator[CheckResult, None]:
        """Ends after the first failure that makes the rest meaningless."""
        async with contextlib.aclosing(
            probe(self._targets(), self._way, clock=self._now)
        ) as connection:
            async for result in connection:
                yield result
                if result.state == "fail":
                    return
        async with contextlib.aclosing(self._as_account(destination)) as account:
            async for result in account:
                yield result
                if result.state == "fail":
                    return

    def _targets(self) -> Sequence[Target]:
        settings = self._settings
        targets = [
            Target(
                "node",
                listing_url(settings),
                f"{settings.dicomweb_url}/studies",
                settings.max_batch_bytes,
                _STOW_TYPE,
            )
        ]
        if settings.auth in ("password", "oidc"):
            discovery = f"{settings.issuer_url}/.well-known/openid-configuration"
            targets.append(Target("sign-in service", discovery))
        if settings.dataset_service_url:
            targets.append(
                Target(
                    "dataset-service",
                    f"{settings.dataset_service_url}/version",
                    optional="It is needed in step 10 only.",
                )
            )
        clinical = clinical_root(settings)
        if clinical and origin(clinical) not in {origin(target.url) for target in targets}:
            needed = "It is needed in step 9 only."
            targets.append(Target("service for clinical data", clinical, optional=needed))
        return targets

    async def _as_account(self, destination: str) -> AsyncGenerator[CheckResult, None]:
        question, tried = "sign-in", _SIGN_IN
        try:
            identity = await self._credential.identity()
            if self._settings.auth in ("basic", "token"):
                await self.listing_status()
            yield self._signed_in(identity)
            for result in _rights(identity.rights):
                yield result
            question, tried = "destination", "Looked for the destination."
            keys = [destination] if destination else self._settings.destinations
            for key in keys:
                yield await where_is(key, identity, self._client, self._settings)
            question, tried = "listing", _SEARCH
            yield await self._listing()
        except TransferError as refused:
            yield failure(refused, question, tried)

    def _signed_in(self, identity: Identity) -> CheckResult:
        if self._settings.auth == "none":
            return CheckResult("sign-in", "ok", "This node needs no sign-in.")
        roles = ", ".join(identity.roles) or "none named"
        return CheckResult(
            "sign-in",
            "ok",
            f"Signed in as {identity.username or 'the bearer of a token'}; roles: {roles}.",
            tried=_SIGN_IN,
            answer="accepted",
        )

    async def _listing(self) -> CheckResult:
        if self._settings.can_list is False:
            return CheckResult(
                "listing",
                "warn",
                "The node is configured as one that does not list instances: sent instances "
                "cannot be verified by this program.",
                "Have a person compare the counts, or remove can_list from config.toml.",
                tried="Read can_list in config.toml.",
                answer="false",
                whom=YOU,
            )
        status = await self.listing_status()
        answer = f"HTTP {status}"
        if status in (200, 204):
            message = "The account may list instances."
            return CheckResult("listing", "ok", message, tried=_SEARCH, answer=answer)
        if status in (401, 403, *BUSY) or status >= 500:
            refused = refuse_status(status, node=self._settings.name)
            return CheckResult(
                "listing",
                "fail",
                refused.what,
                refused.remedy,
                refused.exit_code,
                _SEARCH,
                answer,
                SUPPORT,
            )
        return CheckResult(
            "listing",
            "warn",
            f"The node does not list studies (HTTP {status}): sent instances cannot be verified "
            "by this program.",
            "Check dicomweb_url in config.toml; if it is right, ask the node's support for "
            "QIDO-RS, or have a person compare the counts.",
            tried=_SEARCH,
            answer=answer,
            whom=SUPPORT,
        )

    async def listing_status(self) -> int:
        """The HTTP status of a search that finds nothing, made as the account.

        Raises:
            SignInRefused, SignInExpired: the node does not accept the credential.
        """
        authorization = await self._credential.header()
        status = await self._status(authorization)
        if status != 401:
            return status
        await self._credential.renew(authorization)
        return await self._status(await self._credential.header())

    async def _status(self, authorization: str | None) -> int:
        headers = {"Accept": "application/dicom+json, application/json;q=0.9, */*;q=0.1"}
        if authorization is not None:
            headers["Authorization"] = authorization
        try:
            async with self._client.stream(
                "GET", listing_url(self._settings), headers=headers, follow_redirects=True
            ) as response:
                return response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            translated = translate(problem, self._settings.name)
            if translated is None:
                raise
            raise translated from problem


def listing_url(settings: Settings) -> str:
    """A search that finds nothing, with any credential or none."""
    return f"{settings.dicomweb_url}/studies?StudyInstanceUID={_NO_STUDY}&limit=1"


def _rights(rights: Sequence[Right]) -> Iterator[CheckResult]:
    """The roles that the token names: one for images is needed now, others later. Whether a
    project is among them is asked of each destination."""
    tried = "Read the roles in the token."
    for right in rights:
        is_of_project = right.what.startswith(TO_PROJECT)
        if right.is_given is not False or is_of_project:
            continue
        is_needed = right.what == UPLOAD
        yield CheckResult(
            "role",
            "fail" if is_needed else "warn",
            f"The account may not {right.what}.",
            right.remedy + _ticket(right),
            ExitCode.SIGN_IN if is_needed else 0,
            tried,
            "not among them",
            SUPPORT,
        )
    if any(right.what == UPLOAD and right.is_given for right in rights):
        yield CheckResult(
            "role", "ok", f"The account may {UPLOAD}.", tried=tried, answer="among them"
        )


def _ticket(right: Right) -> str:
    return f" The ticket for it: ticket NAME --case {right.ticket}." if right.ticket else ""
