"""How one account signs in as one client: with a browser elsewhere, by a password, or by pasting.

Nothing here writes the password: a refresh token does its job, and better, for it can be revoked
alone. The password stays in this process's memory, so that a session of ten hours that ends in a
run of days can be begun anew by whoever was given it (systemd credential, environment, pipe); a
run without it waits for a person. Only where a realm gives no refresh token at all, so that a
sign-in lasts minutes, is there something to decide; `login` does, and says what it kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable

from adapters.refused import demand_unrefused, remember_refusal
from adapters.secrets import SecretStore
from adapters.signin import Person
from adapters.unanswered import Unanswered
from adapters.upv.device import ENDPOINT, by_device
from adapters.upv.grants import Grants, Sleep, Tokens
from adapters.upv.options import Audience, Settings
from adapters.upv.paste import by_paste
from adapters.upv.refusals import (
    GrantRefused,
    browser_in_words,
    in_words,
    is_wrong_pair,
    no_browser_code,
    nothing_stored,
    ran_out,
)
from transfer.errors import NodeError, SignInRefused

_ANY_CLIENT = ""


class Passwords:
    """Name and password of the account, for all of its clients.

    One that was refused is not given to any client again, by no later process either until a
    person signs in, and none twice to a client that refused: accounts get locked.
    """

    def __init__(self, settings: Settings, secrets: SecretStore) -> None:
        self._settings = settings
        self._secrets = secrets
        self._refused: dict[tuple[str, bytes], NodeError] = {}
        self.unanswered = Unanswered()

    async def pair(self) -> tuple[str, str] | None:
        """Name and password; None where either is missing."""
        return await asyncio.to_thread(self._pair)

    def _pair(self) -> tuple[str, str] | None:
        password = self._secrets.get(f"{self._settings.name}.password")
        username = username_of(self._settings, self._secrets)
        return (username, password) if username and password else None

    async def demand_untried(self, client_id: str, pair: tuple[str, str]) -> None:
        """Raise the refusal that this pair met with before."""
        for client in (_ANY_CLIENT, client_id):
            refusal = self._refused.get((client, _digest(pair)))
            if refusal is not None:
                raise refusal
        await asyncio.to_thread(demand_unrefused, self._secrets, self._settings.name, *pair)

    async def refuse(
        self, client_id: str, pair: tuple[str, str], refused: GrantRefused
    ) -> NodeError:
        """Remember a refusal, and say it in words."""
        words = in_words(refused, self._settings.name)
        is_the_pairs = refused.code == "invalid_grant"
        self._refused[_ANY_CLIENT if is_the_pairs else client_id, _digest(pair)] = words
        if is_wrong_pair(refused):
            await asyncio.to_thread(remember_refusal, self._secrets, self._settings.name, *pair)
        return words


class Dialogue:
    """One sign-in for one audience. Asks a person at most once, however it ends."""

    def __init__(
        self,
        settings: Settings,
        audience: Audience,
        grants: Grants,
        passwords: Passwords,
        person: Person | None,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._audience = audience
        self._grants = grants
        self._passwords = passwords
        self._person = person
        self._sleep = sleep
        self._clock = clock
        self._declined: NodeError | None = None

    async def tokens(self, *, is_again: bool = False) -> Tokens:
        """Sign in: by pasting where the person wants it; by a code in the browser where the person
        or `auth = "oidc"` asks for it and the realm allows it; else by name and password; else by
        pasting where config.toml offers it. `is_again`: there was a session, which is over.

        Raises:
            SignInRefused, SignInExpired: not repeated by itself.
        """
        person, way = self._person, self._person.way if self._person else "password"
        if person is not None and way == "paste":
            return await self._pasted(person)
        asks_browser = way == "browser" or (way == "any" and self._settings.auth == "oidc")
        if person is not None and asks_browser:
            tokens = await self._confirmed(person)
            if tokens is not None:
                return tokens
        pair = await self._passwords.pair()
        if pair is not None:
            return await self._by_password(pair)
        if person is not None and way == "any" and self._settings.offers_paste:
            return await self._pasted(person)
        name = self._settings.name
        if way == "browser":
            raise no_browser_code(name)
        # Without images nothing goes at all; without datasets the rest does.
        purpose = "" if self._audience is self._settings.images else self._audience.purpose
        raise ran_out(name, purpose) if is_again else nothing_stored(name, purpose)

    async def _confirmed(self, person: Person) -> Tokens | None:
        """By a code in the browser; None where the realm does not allow that."""
        if self._declined is not None:
            raise self._declined
        if not await self._grants.realm.offers(ENDPOINT):
            return None
        try:
            return await by_device(
                self._grants,
                person,
                purpose=self._audience.purpose,
                sleep=self._sleep,
                clock=self._clock,
            )
        except GrantRefused as refused:
            # Switched off for this client, as on the UPV node today.
            if refused.code == "unauthorized_client":
                return None
            self._declined = browser_in_words(refused, self._settings.name)
            raise self._declined from None

    async def _pasted(self, person: Person) -> Tokens:
        if self._declined is not None:
            raise self._declined
        if not self._audience.paste_redirect_url:
            raise self._no_redirect()
        try:
            return await by_paste(
                self._grants,
                person,
                self._audience.paste_redirect_url,
                purpose=self._audience.purpose,
            )
        except GrantRefused as refused:
            self._declined = browser_in_words(refused, self._settings.name)
            raise self._declined from None

    async def _by_password(self, pair: tuple[str, str]) -> Tokens:
        client_id = self._audience.client_id
        await self._passwords.demand_untried(client_id, pair)
        # Asked for here, so that what fails before the password leaves is not counted.
        await self._grants.realm.address("token_endpoint")
        try:
            with self._passwords.unanswered.sent():
                return await self._grants.by_password(*pair)
        except GrantRefused as refused:
            raise await self._passwords.refuse(client_id, pair, refused) from None

    def _no_redirect(self) -> NodeError:
        return SignInRefused(
            "For images it is not known which address the node lets a browser come back to.",
            f"Ask the node's support which redirect address the client {self._audience.client_id} "
            f"allows, and set paste_redirect_url of [nodes.{self._settings.name}] in config.toml; "
            "or sign in by name and password.",
            node=self._settings.name,
        )


def username_of(settings: Settings, secrets: SecretStore) -> str:
    """The account's name: from config.toml, else as stored by login; empty when neither says."""
    return settings.username or secrets.get(f"{settings.name}.username") or ""


def _digest(pair: tuple[str, str]) -> bytes:
    return hashlib.sha256("\0".join(pair).encode()).digest()
