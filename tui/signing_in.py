"""A sign-in under way: it runs in a thread of its own loop while a screen shows what it asks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transfer.errors import UsageError
from transfer.node import Identity

if TYPE_CHECKING:
    from adapters.signin import PastePrompt, SignInPrompt, Way
    from tui.nodes import ChosenNode

Tell = Callable[["SignInPrompt | PastePrompt | None"], None]
"""Called from the sign-in's thread with what the person has to do; with None when that is done."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who we are on the node. `password` is what a runner has to be handed, where the node gave
    nothing that could be stored in its place; else None."""

    identity: Identity
    password: str | None = field(default=None, repr=False)


class SignIn:
    """One sign-in to one node, by one way. `run` blocks; `give_up` and `paste` may be called from
    any other thread, also before and after it."""

    def __init__(
        self, chosen: ChosenNode, way: Way, tell: Tell, username: str, password: str
    ) -> None:
        self.node = chosen.profile.name
        self.way: Way = way
        self._chosen = chosen
        self._tell = tell
        self._username = username
        self._password = password
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[SignedIn] | None = None
        self._pasted: asyncio.Future[str] | None = None
        self._is_given_up = False

    def __repr__(self) -> str:
        return f"SignIn({self.node!r}, {self.way!r})"

    def run(self) -> SignedIn | None:
        """Sign in; None when it was given up.

        Raises:
            NodeError, UsageError: refused, or the node could not be asked. Nothing is repeated.
        """
        try:
            return asyncio.run(self._sign_in())
        except asyncio.CancelledError:
            return None
        finally:
            self._password = ""

    def give_up(self) -> None:
        """End it; harmless when it has ended."""
        with self._lock:
            self._is_given_up = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def pasted(self, address: str) -> None:
        """Answer what `paste` asked for."""
        with self._lock:
            if self._loop is not None and self._pasted is not None:
                self._loop.call_soon_threadsafe(_answer, self._pasted, address)

    # What a person at the keyboard is to the adapter (`adapters.signin.Person`).

    def show(self, prompt: SignInPrompt) -> None:
        self._tell(prompt)

    def settled(self) -> None:
        self._tell(None)

    async def paste(self, prompt: PastePrompt) -> str:
        with self._lock:
            self._pasted = asyncio.get_running_loop().create_future()
        self._tell(prompt)
        return await self._pasted

    async def _sign_in(self) -> SignedIn:
        with self._lock:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            if self._is_given_up:
                raise asyncio.CancelledError
        try:
            return await self._ask_node()
        finally:
            with self._lock:
                self._loop = self._task = None

    async def _ask_node(self) -> SignedIn:
        password = await asyncio.to_thread(self._hand_over)
        node = await asyncio.to_thread(self._chosen.open, self)
        try:
            identity = await node.sign_in()
        finally:
            await node.aclose()
        return await asyncio.to_thread(self._keep, identity, password)

    def _hand_over(self) -> str | None:
        """Have the sign-in begin anew, and give the typed password to the store for it alone. What
        is stored stays until there is another."""
        from adapters.refused import forget_refusal

        secrets, name = self._chosen.secrets, f"{self.node}.password"
        secrets.begin_anew(self.node)
        forget_refusal(secrets, self.node)
        if self.way != "password" or not self._password:
            return None
        secrets.hold(name, self._password)
        if secrets.get(name) != self._password:
            raise UsageError(
                "A password that this program was started with goes before what is typed.",
                "Take it out of EUCAIM_TRANSFER_PASSWORD or of the systemd credentials, or press "
                "Enter with an empty field to sign in with it.",
            )
        return self._password

    def _keep(self, identity: Identity, password: str | None) -> SignedIn:
        """Store what later runs sign in with: a token wherever there is one, else, for a node that
        knows no sign-in but name and password in each request, the password."""
        from tui.keeping import keep_sign_in

        secrets, auth = self._chosen.secrets, self._chosen.profile.options.get("auth")
        if self._username:
            # A home that cannot be written to must not undo a sign-in that worked.
            with contextlib.suppress(UsageError):
                secrets.put(f"{self.node}.username", self._username)
        is_all = auth == "basic" and password is not None
        try:
            kept = keep_sign_in(secrets, self.node, auth, with_password=is_all)
        except UsageError:
            return SignedIn(identity, password)
        return SignedIn(identity, None if kept.place is not None and kept.place.lasts else password)


def _answer(asked: asyncio.Future[str], address: str) -> None:
    if not asked.done():
        asked.set_result(address)
