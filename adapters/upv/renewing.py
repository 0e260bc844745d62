"""A credential that renews itself: access tokens of minutes by a refresh token in the secret store.

A new access token is asked for when less than a minute is left, by one task of one process at a
time: the others wait, and find in the store what that one was given. A refresh token that the realm
has ended is deleted there; then the account has to sign in again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from adapters.secrets import SecretStore
from adapters.turns import to_its_end, turn
from adapters.upv.dialogue import Dialogue, username_of
from adapters.upv.grants import Grants, Tokens
from adapters.upv.options import Audience, Settings
from adapters.upv.refusals import GrantRefused, in_words
from adapters.upv.roles import claims_of, dataset_rights, image_rights, roles_of
from transfer.errors import UsageError
from transfer.node import Identity

_RENEW_BEFORE_S = 60.0
_NAME = 255
"""Letters of the longest name that Keycloak gives an account."""


class Renewing:
    """Access tokens of one client, by a stored refresh token, else by signing in."""

    def __init__(
        self,
        settings: Settings,
        audience: Audience,
        secrets: SecretStore,
        grants: Grants,
        dialogue: Dialogue,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._audience = audience
        self._secrets = secrets
        self._grants = grants
        self._dialogue = dialogue
        self._clock = clock
        self._lock = asyncio.Lock()
        self._access: str | None = None
        self._valid_until = 0.0
        self._lifetime_s = 0.0
        self._refresh: str | None = None
        self._seen_in_store: str | None = None
        self._was_stored = False
        self._is_forgotten = False

    def __repr__(self) -> str:
        return f"Renewing({self._audience.token!r})"

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
        is_name = isinstance(claimed, str) and claimed.isprintable() and len(claimed) <= _NAME
        configured = await asyncio.to_thread(username_of, self._settings, self._secrets)
        rights = (
            dataset_rights(claims)
            if self._audience is self._settings.datasets
            else image_rights(claims, self._settings.destinations)
        )
        return Identity(str(claimed) if is_name else configured, roles_of(claims), rights)

    async def forget(self) -> None:
        access, refresh = self._access, self._refresh
        try:
            stored = await asyncio.to_thread(self._secrets.get, self._audience.token)
            known = list(dict.fromkeys(token for token in (stored, refresh) if token))
            for token in known:
                # Refused means that it was over before.
                with contextlib.suppress(GrantRefused):
                    await self._grants.end(token)
            if access and not known:
                with contextlib.suppress(GrantRefused):
                    await self._grants.end(access, "access_token")
        finally:
            self._access = self._refresh = None
            await asyncio.to_thread(self._secrets.delete, self._audience.token)

    async def _get_another(self) -> None:
        """By the stored session; where that is over, by a new sign-in. Called under the lock."""
        # A password that was just typed in is meant; it goes before the session of last week.
        is_typed = self._refresh is None and self._secrets.is_held(
            f"{self._settings.name}.password"
        )
        had_one = False
        if not is_typed:
            is_renewed, had_one = await to_its_end(self._by_session())
            if is_renewed:
                return
        await to_its_end(self._take(await self._dialogue.tokens(is_again=had_one), None))

    async def _by_session(self) -> tuple[bool, bool]:
        """Whether a refresh token gave an access token, and whether there was one at all."""
        tried: set[str] = set()
        if not await self._newest():
            return False, False
        async with turn(self._turn_file()):
            while True:
                refresh = await self._newest()
                if not refresh or refresh in tried:
                    return False, bool(tried)
                tried.add(refresh)
                try:
                    tokens = await self._grants.by_refresh(refresh)
                except GrantRefused as refused:
                    if refused.code != "invalid_grant":
                        raise in_words(refused, self._settings.name) from None
                    await self._drop(refresh)
                else:
                    await self._take(tokens, refresh)
                    return True, True

    def _turn_file(self) -> Path:
        """The turn of all processes that share this store, be it a file or a keyring."""
        folder = self._settings.home / "secrets"
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700)
        return folder / f"{self._audience.token}.turn"

    async def _newest(self) -> str | None:
        """What another process of this account has stored since, else our own.

        A systemd credential never changes, however often we store a newer token beside it.
        """
        stored = await asyncio.to_thread(self._secrets.get, self._audience.token)
        self._note(stored)
        return stored if stored != self._seen_in_store else self._refresh or stored

    async def _drop(self, refresh: str) -> None:
        """The realm has ended this one: it is no use to anybody any more."""
        if self._refresh == refresh:
            self._refresh = None

        def drop() -> str | None:
            if self._secrets.get(self._audience.token) == refresh:
                with contextlib.suppress(UsageError):
                    self._secrets.delete(self._audience.token)
            return self._secrets.get(self._audience.token)

        left = await asyncio.to_thread(drop)
        self._was_stored = left is not None
        self._seen_in_store = left if left == refresh else self._seen_in_store

    def _note(self, stored: str | None) -> None:
        """A token that was stored, and is gone, was forgotten by a logout: what a run is given
        later on must not bring the sign-in back."""
        if stored is not None:
            self._was_stored, self._is_forgotten = True, False
        elif self._was_stored and not self._secrets.unreached_keyring:
            self._is_forgotten = True

    async def _take(self, tokens: Tokens, known_refresh: str | None) -> None:
        self._access = tokens.access
        self._lifetime_s = tokens.lifetime_s
        self._valid_until = self._clock() + tokens.lifetime_s
        self._refresh = tokens.refresh or known_refresh

        def keep() -> str | None:
            name = self._audience.token
            self._note(self._secrets.get(name))
            if self._is_forgotten:
                return None
            if tokens.refresh and tokens.refresh != known_refresh:
                try:
                    self._secrets.put(name, tokens.refresh)
                except UsageError:
                    # A read-only home: the session then lasts as long as this process.
                    self._secrets.hold(name, tokens.refresh)
            return self._secrets.get(name)

        self._seen_in_store = await asyncio.to_thread(keep)
