"""The credential of each request: none, basic, a fixed token, or one that renews itself."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Protocol

from adapters.secrets import SecretStore
from adapters.signin import Person
from adapters.upv.dialogue import Dialogue, Passwords, username_of
from adapters.upv.grants import Grants, Sleep, is_sendable
from adapters.upv.oidc import Realm
from adapters.upv.options import Audience, Settings
from adapters.upv.refusals import nothing_stored
from adapters.upv.renewing import Renewing
from adapters.upv.roles import no_dataset_rights
from transfer.errors import NodeError, SignInExpired, SignInRefused
from transfer.node import Identity


class Credential(Protocol):
    """Gives the Authorization header. One event loop; `current` may be read from any thread."""

    async def header(self) -> str | None:
        """The value to send now; None for no header. Renews what is about to run out.

        Raises:
            SignInExpired, SignInRefused: there is nothing, or nothing valid, to send.
        """
        ...

    def current(self) -> str | None:
        """The value that `header` gave last, without asking anybody."""
        ...

    async def renew(self, refused: str | None) -> None:
        """The node answered 401 to `refused`: get another one, unless that happened already.

        Raises:
            SignInExpired, SignInRefused: there is no other one.
        """
        ...

    async def identity(self) -> Identity:
        """Who the credential says we are; signs in where that is needed."""
        ...

    async def forget(self) -> None:
        """End the session and delete what is stored of it."""
        ...


class Fixed:
    """A header that does not change: nothing, a name and password, or a given token. `datasets`
    is what a given token is for where it is not for images."""

    def __init__(
        self, settings: Settings, secrets: SecretStore, datasets: Audience | None = None
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._token = f"{settings.name}.token" if datasets is None else datasets.token
        self._purpose = "" if datasets is None else datasets.purpose
        self._value: str | None = None
        self._username = ""

    async def header(self) -> str | None:
        if self._value is None and self._settings.auth != "none":
            self._value = await asyncio.to_thread(self._from_store)
        return self._value

    def current(self) -> str | None:
        return self._value

    def _from_store(self) -> str:
        name = self._settings.name
        if self._settings.auth == "token":
            token = self._secrets.get(self._token)
            if not token:
                raise nothing_stored(name, self._purpose)
            return f"Bearer {_sendable(token, name)}"
        self._username = username_of(self._settings, self._secrets)
        password = self._secrets.get(f"{name}.password")
        if not password or not self._username:
            raise nothing_stored(name)
        pair = f"{self._username}:{password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    async def renew(self, refused: str | None) -> None:
        node = self._settings.name
        if self._settings.auth == "none":
            raise SignInRefused(
                "The node asks for a sign-in, but none is configured.",
                f"Set auth of [nodes.{node}] in config.toml.",
                node=node,
            )
        if self._settings.auth == "basic":
            raise SignInRefused(
                "The node does not accept this name and password.",
                "Check both and sign in again.",
                node=node,
            )
        raise SignInExpired(
            "The node does not accept the stored token any more.",
            "Get a new token from the node and sign in again.",
            node=node,
        )

    async def identity(self) -> Identity:
        await self.header()
        return Identity(self._username)

    async def forget(self) -> None:
        self._value = None
        for secret in (self._token, f"{self._settings.name}.password"):
            await asyncio.to_thread(self._secrets.delete, secret)


class TwoTokens:
    """The credential for images, and beside it the one for datasets, from one sign-in.

    Signing in for datasets comes second: refused for images, it is not tried; refused for
    datasets alone, images still go, and the rights say so.
    """

    def __init__(self, settings: Settings, images: Credential, datasets: Credential) -> None:
        self._settings = settings
        self._images = images
        self.datasets = datasets

    def __repr__(self) -> str:
        return f"TwoTokens({self._settings.name!r})"

    def current(self) -> str | None:
        return self._images.current()

    async def header(self) -> str | None:
        return await self._images.header()

    async def renew(self, refused: str | None) -> None:
        await self._images.renew(refused)

    async def identity(self) -> Identity:
        identity = await self._images.identity()
        try:
            beside = await self.datasets.identity()
        except NodeError as trouble:
            rights = [*identity.rights, *no_dataset_rights(trouble)]
            return Identity(identity.username, identity.roles, rights)
        return Identity(
            identity.username,
            sorted({*identity.roles, *beside.roles}),
            [*identity.rights, *beside.rights],
        )

    async def forget(self) -> None:
        try:
            await self._images.forget()
        finally:
            await self.datasets.forget()


def credential(
    settings: Settings,
    secrets: SecretStore,
    realm: Callable[[], Realm],
    *,
    person: Person | None = None,
    sleep: Sleep = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Credential:
    """The credential that `auth` of this node asks for; `realm` is made only if it is needed."""
    if settings.auth not in ("password", "oidc"):
        fixed = Fixed(settings, secrets)
        if settings.auth != "token" or settings.datasets is None:
            return fixed
        return TwoTokens(settings, fixed, Fixed(settings, secrets, settings.datasets))
    issuer, passwords = realm(), Passwords(settings, secrets)

    def renewing(audience: Audience) -> Renewing:
        grants = Grants(issuer, audience.client_id)
        dialogue = Dialogue(settings, audience, grants, passwords, person, sleep=sleep, clock=clock)
        return Renewing(settings, audience, secrets, grants, dialogue, clock=clock)

    images = renewing(settings.images)
    if settings.datasets is None:
        return images
    return TwoTokens(settings, images, renewing(settings.datasets))


def datasets_of(credential: Credential) -> Credential | None:
    """The credential for the dataset-service; None where the node has none."""
    return credential.datasets if isinstance(credential, TwoTokens) else None


def _sendable(token: str, node: str) -> str:
    if not is_sendable(token):
        raise SignInRefused(
            "The stored token holds characters that no token has.",
            "Copy it again, on one line, and run login.",
            node=node,
        )
    return token
