"""The credential of each request: none, basic, a fixed token, or one that renews itself.

A renewing sign-in asks for a new access token when less than a minute is left, one at a time, and
keeps the newest refresh token in the secret store, where other processes of the same account find
it and leave theirs: a realm may take each refresh token once. A password that was
refused is never sent again by the same process: accounts get locked.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Protocol

from adapters.secrets import SecretStore
from adapters.signin import Person
from adapters.upv.oidc import GrantRefused, Realm, Tokens, claims_of, in_words
from adapters.upv.options import Settings
from adapters.upv.roles import roles_of
from transfer.errors import NodeError, SignInExpired, SignInRefused, UsageError
from transfer.node import Identity

_RENEW_BEFORE_S = 60.0


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
    """A header that does not change: nothing, a name and password, or a given token."""

    def __init__(self, settings: Settings, secrets: SecretStore) -> None:
        self._settings = settings
        self._secrets = secrets
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
            token = self._secrets.get(f"{name}.token")
            if not token:
                raise _nothing_stored(name)
            return f"Bearer {_sendable(token, name)}"
        self._username = username_of(self._settings, self._secrets)
        password = self._secrets.get(f"{name}.password")
        if not password or not self._username:
            raise _nothing_stored(name)
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
                "Check both and run login again.",
                node=node,
            )
        raise SignInExpired(
            "The node does not accept the stored token any more.",
            "Get a new token from the node and run login again.",
            node=node,
        )

    async def identity(self) -> Identity:
        await self.header()
        return Identity(self._username)

    async def forget(self) -> None:
        self._value = None
        for kind in ("token", "password"):
            await asyncio.to_thread(self._secrets.delete, f"{self._settings.name}.{kind}")


class Renewing:
    """Access tokens from a realm, by a stored refresh token, a browser or a password."""

    def __init__(
        self,
        settings: Settings,
        secrets: SecretStore,
        realm: Realm,
        *,
        person: Person | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._realm = realm
        self._person = person
        self._clock = clock
        self._lock = asyncio.Lock()
        self._access: str | None = None
        self._valid_until = 0.0
        self._lifetime_s = 0.0
        self._refresh: str | None = None
        self._final_refusal: NodeError | None = None

    def __repr__(self) -> str:
        return f"Renewing({self._settings.name!r})"

    def current(self) -> str | None:
        return None if self._access is None else f"Bearer {self._access}"

    async def header(self) -> str | None:
        async with self._lock:
            # A token that lives two minutes or less would else be renewed for each request.
            reserve = min(_RENEW_BEFORE_S, self._lifetime_s / 2)
            if self._access is None or self._clock() >= self._valid_until - reserve:
                await self._get_another()
        return self.current()

    async def renew(self, refused: str | None) -> None:
        async with self._lock:
            if self._access is None or self.current() == refused:
                self._access = None
                await self._get_another()

    async def identity(self) -> Identity:
        await self.header()
        claims = claims_of(self._access or "")
        claimed = claims.get("preferred_username")
        if isinstance(claimed, str):
            return Identity(claimed, roles_of(claims))
        configured = await asyncio.to_thread(username_of, self._settings, self._secrets)
        return Identity(configured, roles_of(claims))

    async def forget(self) -> None:
        node = self._settings.name
        refresh = self._refresh or await asyncio.to_thread(self._secrets.get, f"{node}.token")
        self._access = self._refresh = None
        for kind in ("token", "password"):
            await asyncio.to_thread(self._secrets.delete, f"{node}.{kind}")
        if refresh:
            try:
                await self._realm.end_session(refresh)
            except GrantRefused:
                return  # it was over before

    async def _get_another(self) -> None:
        """By the stored session; where that is over, by a new sign-in. Called under the lock."""
        if self._final_refusal is not None:
            raise self._final_refusal
        name = f"{self._settings.name}.token"
        refresh = self._refresh
        # A password that was just typed in is meant; it goes before the session of last week.
        if refresh is None and not self._secrets.is_held(f"{self._settings.name}.password"):
            refresh = await asyncio.to_thread(self._secrets.get, name)
        if refresh and await self._refreshed_by(refresh):
            return
        if refresh:
            self._refresh = None
            # Where tokens rotate, another process of this account used ours up and stored the next.
            another = await asyncio.to_thread(self._secrets.get, name)
            if another and another != refresh and await self._refreshed_by(another):
                return
        try:
            tokens = await self._sign_in_anew()
        except GrantRefused as refused:
            self._final_refusal = in_words(refused, self._settings.name)
            raise self._final_refusal from None
        await self._take(tokens, None)

    async def _refreshed_by(self, refresh: str) -> bool:
        """Whether this refresh token still gives an access token."""
        try:
            tokens = await self._realm.refresh_grant(refresh)
        except GrantRefused as refused:
            if refused.code != "invalid_grant":
                raise in_words(refused, self._settings.name) from None
            return False
        await self._take(tokens, refresh)
        return True

    async def _sign_in_anew(self) -> Tokens:
        if (
            self._settings.auth == "oidc"
            and self._person is not None
            and await self._realm.has_device_grant()
        ):
            try:
                return await self._realm.device_grant(self._person)
            except GrantRefused as refused:
                # Switched off for this client, as on the UPV node today.
                if refused.code != "unauthorized_client":
                    raise
        name = self._settings.name
        username = await asyncio.to_thread(username_of, self._settings, self._secrets)
        password = await asyncio.to_thread(self._secrets.get, f"{name}.password")
        if not username or not password:
            raise _nothing_stored(name)
        return await self._realm.password_grant(username, password)

    async def _take(self, tokens: Tokens, known_refresh: str | None) -> None:
        self._access = tokens.access
        self._lifetime_s = tokens.lifetime_s
        self._valid_until = self._clock() + tokens.lifetime_s
        self._refresh = tokens.refresh or known_refresh
        if tokens.refresh and tokens.refresh != known_refresh:
            name = f"{self._settings.name}.token"
            try:
                await asyncio.to_thread(self._secrets.put, name, tokens.refresh)
            except UsageError:
                # A read-only home: the session then lasts as long as this process.
                self._secrets.hold(name, tokens.refresh)


def credential(
    settings: Settings,
    secrets: SecretStore,
    realm: Callable[[], Realm],
    *,
    person: Person | None = None,
) -> Credential:
    """The credential that `auth` of this node asks for; `realm` is made only if it is needed."""
    if settings.auth in ("password", "oidc"):
        return Renewing(settings, secrets, realm(), person=person)
    return Fixed(settings, secrets)


def username_of(settings: Settings, secrets: SecretStore) -> str:
    """The account's name: from config.toml, else as stored by login; empty when neither says."""
    return settings.username or secrets.get(f"{settings.name}.username") or ""


def _sendable(token: str, node: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SignInRefused(
            "The stored token holds characters that no token has.",
            "Copy it again, on one line, and run login.",
            node=node,
        )
    return token


def _nothing_stored(node: str) -> SignInExpired:
    return SignInExpired(
        "Nobody is signed in to this node.",
        f"Run eucaim-transfer login {node}, or provide the password by systemd credentials or "
        "EUCAIM_TRANSFER_PASSWORD and the username in config.toml.",
        node=node,
    )
