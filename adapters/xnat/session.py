"""The one session that every request of a node shares, and the sign-in behind it.

XNAT evicts sessions of an account that opens too many, and an expired one may silently become a
guest's: so there is one session id for httpx and xnatpy alike, a heartbeat that compares the
user's *name*, and one new sign-in however many requests found the old session gone. A password
that was refused is never sent again, until a person signs in: accounts get locked.

A password that served is exchanged for an alias token, which is kept and makes the one before it
void. The password itself is never stored here: whether nothing else can carry a detached run is
for `login` to see and say.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import httpx

from adapters.refused import demand_unrefused, remember_refusal
from adapters.secrets import SecretStore
from adapters.statuses import refuse_status
from adapters.translate import translate
from adapters.unanswered import Unanswered
from adapters.xnat.options import Settings
from adapters.xnat.refusals import nameless, nothing_stored
from adapters.xnat.tokens import AliasToken, read_issued, read_stored, void_path
from adapters.xnat.wire import Answer, address, basic, cookie, exchange
from transfer.errors import (
    NodeError,
    NodeFault,
    SignInRefused,
    TransferError,
    UsageError,
)

log = logging.getLogger("adapters.xnat")

_FORM = "application/x-www-form-urlencoded"
_NAME = re.compile(r"User '(.*)' is logged in")
_LONGEST_WORDS = 1024
_SESSION_ID = re.compile(r"[0-9A-Za-z.!_-]{8,128}\Z")
# Tomcat's legacy writer puts the value into quotes: now and time-out, both in milliseconds.
_EXPIRATION = re.compile(r'SESSION_EXPIRATION_TIME="?([0-9]{1,16}),([0-9]{1,16})"?')
_GUESTS = frozenset({"guest", "anonymous", ""})
_LONGEST_BEAT_S = 240.0
_SHORTEST_BEAT_S = 10.0
_SHORT_TIMEOUT_S = 30.0
_LONGEST_ANSWER_S = 120.0
"""A time-out of the connection is one of each piece: a server that drips would hold us for days."""


class Session:
    """Signs in when the first request needs it, and again when the session is gone."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: Settings,
        secrets: SecretStore,
        *,
        now: Callable[[], float] = time.time,
        beat_s: float | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._secrets = secrets
        self._now = now
        self._beat_s = beat_s
        self._lock = asyncio.Lock()
        self._id: str | None = None
        self._heart: asyncio.Task[None] | None = None
        self._final_refusal: NodeError | None = None
        self._unanswered = Unanswered()
        self._dead_aliases: set[str] = set()
        self._was_stored = False
        self._is_forgotten = False
        self.username = ""
        self.timeout_s: float | None = None
        self.clock_ahead_s: float | None = None

    def __repr__(self) -> str:
        return f"Session({self._settings.name!r})"

    def current(self) -> str | None:
        """The session id that serves now, without asking anybody; may be read from any thread."""
        return self._id

    async def id(self) -> str:
        """The session id to send; signs in where that is needed.

        Raises:
            SignInExpired, SignInRefused: there is nothing, or nothing valid, to sign in with.
        """
        async with self._lock:
            if self._id is None:
                await self._sign_in()
            assert self._id is not None, "signing in either gives an id or raises"
            return self._id

    async def renew(self, used: str) -> None:
        """The session `used` is gone: sign in again, unless that happened already."""
        async with self._lock:
            if self._id is None or self._id == used:
                self._id = None
                await self._sign_in()

    async def is_ours(self, used: str) -> bool:
        """Whether this session still belongs to us and not to a guest."""
        return await self._name_of(used) == self.username

    async def confirm(self, used: str) -> bool:
        """Whether what was answered since `used` was our session's id was answered to *us*; if
        not, we are signed in again and the question has to be put once more. The id is taken
        before asking: meanwhile another request may have renewed the session."""
        if await self.is_ours(used):
            return True
        await self.renew(used)
        return False

    async def sign_out(self) -> None:
        """End the session, make the alias token void, and forget what is stored.

        Raises:
            NodeError: the node could not be told; all is forgotten all the same.
        """
        name = self._settings.name
        try:
            token = await self._stored_token()
            if token is not None:
                await self._make_void(token)
        finally:
            await self.close()
            await asyncio.to_thread(self._secrets.forget_node, name)

    async def _make_void(self, token: AliasToken) -> None:
        used = self._id
        if used is None:
            # The token signs in to its own end.
            answer = await self._ask("POST", "/data/JSESSION", basic(token.alias, token.secret))
            if answer.status in (401, 403):
                return  # its time was over
            used = self._id = self._id_in(answer)
        answer = await self._get(void_path(token), used)
        if not answer.is_good and answer.status not in (401, 404):
            raise self._refused(answer)

    async def close(self) -> None:
        """Stop the heartbeat and end the session on the node, as far as it can be told."""
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
        used, self._id = self._id, None
        if used is not None:
            with contextlib.suppress(NodeError):
                await self._ask("DELETE", "/data/JSESSION", cookie(used))

    def listen(self, answer: Answer) -> None:
        """Note what an answer says of the session's time-out."""
        for line in answer.headers.get_list("set-cookie"):
            found = _EXPIRATION.search(line)
            if found:
                self.timeout_s = int(found[2]) / 1000
                self.clock_ahead_s = int(found[1]) / 1000 - self._now()

    # -- signing in, under the lock ---------------------------------------------------------

    async def _sign_in(self) -> None:
        if self._final_refusal is not None:
            raise self._final_refusal
        name = self._settings.name
        token = None
        # A password that was just typed in is meant; it goes before the token of last week.
        if not self._secrets.is_held(f"{name}.password"):
            token = await self._stored_token()
            if token is not None and await self._by_token(token):
                return
            # Another process of this account may have exchanged it meanwhile.
            another = await self._stored_token() if token is not None else None
            if another is not None and another != token and await self._by_token(another):
                return
        username = await asyncio.to_thread(self._configured_username)
        password = await asyncio.to_thread(self._secrets.get, f"{name}.password")
        if not username and password:
            raise nameless(name)
        if not password:
            raise nothing_stored(name, had_token=token is not None)
        await asyncio.to_thread(demand_unrefused, self._secrets, name, username, password)
        try:
            with self._unanswered.sent():
                await self._by_password(username, password)
        except SignInRefused as refused:
            self._final_refusal = refused
            raise
        await self._exchange(await self._stored_token())

    async def _by_token(self, token: AliasToken) -> bool:
        if token.alias in self._dead_aliases:
            return False
        answer = await self._ask("POST", "/data/JSESSION", basic(token.alias, token.secret))
        if answer.status in (401, 403):
            self._dead_aliases.add(token.alias)
            return False
        await self._take(answer)
        await self._renew_token(token)
        return True

    async def _stored_token(self) -> AliasToken | None:
        name = f"{self._settings.name}.token"
        found = read_stored(await asyncio.to_thread(self._secrets.get, name))
        if found is not None:
            self._was_stored, self._is_forgotten = True, False
        elif self._was_stored and not self._secrets.unreached_keyring:
            self._is_forgotten = True
        return found

    async def _by_password(self, username: str, password: str) -> None:
        form = {"username": username, "password": password}
        if self._settings.provider:
            form["provider"] = self._settings.provider
        body = urlencode(form).encode()
        answer = await self._ask("PUT", "/data/services/auth", {"Content-Type": _FORM}, body)
        if answer.status == 401:
            name = self._settings.name
            await asyncio.to_thread(remember_refusal, self._secrets, name, username, password)
            raise SignInRefused(
                "The node does not accept this name and password, or the account is locked.",
                "Check both in the browser; after 20 failures XNAT locks an account for an hour. "
                "Then sign in again.",
                node=self._settings.name,
            )
        if answer.status == 403 or 300 <= answer.status < 400:
            raise SignInRefused(
                "The node does not let this account in: the password has expired, or the account "
                "is not enabled yet.",
                "Sign in once in the browser, change the password where it asks for it, then run "
                "login again.",
                node=self._settings.name,
            )
        await self._take(answer)

    def _id_in(self, answer: Answer) -> str:
        """The id of the session that a sign-in opened."""
        if not answer.is_good:
            raise self._refused(answer)
        found = answer.text.strip().split(";")[0]
        if not _SESSION_ID.match(found):
            raise NodeFault(
                "The node answered the sign-in with something that is no session.",
                "Check url in config.toml; if it is right, tell the node's support.",
                node=self._settings.name,
            )
        return found

    async def _take(self, answer: Answer) -> None:
        found = self._id_in(answer)
        username = await self._name_of(found)
        if username is None:
            # Its id came in part, or another server of theirs was asked: no word on the account.
            raise NodeFault(
                "The node does not know the session that it has just opened.",
                "Try again later; if it stays so, tell the node's administrator.",
                node=self._settings.name,
            )
        if username.lower() in _GUESTS:
            raise SignInRefused(
                "The node took the sign-in but treats us as a guest.",
                "Check the account in the browser, then sign in again.",
                node=self._settings.name,
            )
        self.username = username
        self._id = found
        if self._heart is None:
            self._heart = asyncio.create_task(self._beat())

    async def _exchange(self, old: AliasToken | None) -> None:
        """Get a token, where the node gives one, so that a later run needs nobody and no
        password; the old one is void afterwards. A token that was stored, and is gone, was
        forgotten by a logout: then none is got, which would bring the sign-in back."""
        await self._stored_token()
        if self._is_forgotten:
            return
        token = await self._issue()
        if token is None:
            return
        name = f"{self._settings.name}.token"
        try:
            await asyncio.to_thread(self._secrets.put, name, token.stored())
            self._was_stored = True
        except UsageError:
            # A read-only home: it then lasts as long as this process.
            self._secrets.hold(name, token.stored())
        if old is not None and old.alias != token.alias and self._id is not None:
            with contextlib.suppress(NodeError):
                await self._get(void_path(old), self._id)

    async def _issue(self) -> AliasToken | None:
        if self._id is None:
            return None
        try:
            answer = await self._get("/data/services/tokens/issue", self._id)
        except NodeError:
            return None
        return read_issued(answer.text, self._now()) if answer.is_good else None

    async def _renew_token(self, token: AliasToken) -> None:
        if token.is_due(self._now()):
            await self._exchange(token)

    def _configured_username(self) -> str:
        stored = self._secrets.get(f"{self._settings.name}.username")
        return self._settings.username or stored or ""

    # -- the heartbeat ----------------------------------------------------------------------

    def _pause_s(self) -> float:
        if self._beat_s is not None:
            return self._beat_s
        if self.timeout_s is None:
            return _LONGEST_BEAT_S
        return min(max(self.timeout_s / 2 - 20, _SHORTEST_BEAT_S), _LONGEST_BEAT_S)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._pause_s())
            used = self._id
            if used is None:
                continue
            try:
                if not await self.is_ours(used):
                    await self.renew(used)
                token = await self._stored_token()
                if token is not None:
                    await self._renew_token(token)
            except TransferError as problem:
                # The next request meets the same trouble and tells it to whom it concerns.
                log.debug("heartbeat: %s", type(problem).__name__)

    # -- requests of its own ----------------------------------------------------------------

    async def _name_of(self, used: str) -> str | None:
        """The name that a session goes by; None where the node does not know the session."""
        answer = await self._get("/data/auth", used)
        if answer.status == 401 or 300 <= answer.status < 400 or answer.is_page:
            return None
        found = name_in(answer.text)
        if answer.is_good and found is not None:
            return found
        answer = await self._get("/xapi/users/username", used)
        if answer.status in (401, 403) or 300 <= answer.status < 400 or answer.is_page:
            return None
        if not answer.is_good:
            raise self._refused(answer)
        return answer.text.strip()

    def _refused(self, answer: Answer) -> NodeError:
        return refuse_status(
            answer.status,
            node=self._settings.name,
            retry_after=answer.headers.get("Retry-After"),
        )

    async def _get(self, path: str, used: str) -> Answer:
        return await self._ask("GET", path, cookie(used))

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        try:
            async with asyncio.timeout(_LONGEST_ANSWER_S):
                answer = await exchange(
                    self._client,
                    method,
                    address(self._settings.url, path),
                    headers=headers,
                    content=content,
                    read_timeout_s=min(_SHORT_TIMEOUT_S, self._settings.read_timeout_s),
                    node=self._settings.name,
                )
        except TimeoutError as problem:
            raise translate(problem, self._settings.name) or problem from problem
        self.listen(answer)
        return answer


def name_in(text: str) -> str | None:
    """The name in XNAT's words about whose session it is; None where they name nobody."""
    found = _NAME.search(text[:_LONGEST_WORDS])
    return found[1] if found else None
