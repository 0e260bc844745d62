"""`login` and `logout`: the account on a node."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

from adapters.refused import forget_refusal
from adapters.registry import sign_in_ways
from adapters.secrets import Place, SecretStore
from adapters.signin import Way
from transfer.accounts import signed_in
from transfer.errors import NodeError, SignInExpired
from transfer.node import Identity, Right
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.console import AtTheConsole, ask_name, ask_secret, is_there, piped_secret
from tui.cli.output import print_json, say, tell
from tui.cli.proxy_password import keep_proxy_password
from tui.keeping import Kept, keep_sign_in
from tui.nodes import ChosenNode, choose_node
from tui.waiting import TransfersOfNode, transfers_of

# Stands where a node's name does; no node can be called so.
HELPDESK: Final = "helpdesk"


def login_command(options: argparse.Namespace) -> int:
    """Sign in once and keep what makes it last."""
    home = Home.find()
    home.prepare()
    if options.node == HELPDESK:
        from tui.cli.helpdesk import login_helpdesk

        return login_helpdesk(home, json=options.json)
    chosen = choose_node(home, options.node)
    if options.proxy_password:
        return keep_proxy_password(chosen, json=options.json)
    if is_there():
        forget_refusal(chosen.secrets, options.node)
    if options.no_keep:
        chosen = replace(chosen, secrets=chosen.secrets.without_keeping())
    attempt = _Attempt(chosen, options.way or "any", options.username)
    identity = attempt.sign_in(gives_back=options.no_keep)
    kept = Kept() if options.no_keep else attempt.keep()
    signed_in(home, options.node, identity)
    transfers = transfers_of(home, options.node)
    if options.json:
        print_json(
            {
                "node": options.node,
                "username": identity.username,
                "roles": list(identity.roles),
                "rights": [asdict(right) for right in identity.rights],
                "kept": {"what": kept.what, "where": kept.place and str(kept.place)},
                "waiting": list(transfers.waiting),
            }
        )
    else:
        _say_who(options.node, identity, transfers)
        say(str(kept))
        for name in transfers.waiting:
            say(f"{name} waited for this. Go on with: eucaim-transfer upload {name}")
    return ExitCode.DONE


def _say_who(node: str, identity: Identity, transfers: TransfersOfNode) -> None:
    say(f"Signed in to {node} as {identity.username or 'nobody in particular'}.")
    for role in identity.roles:
        say(f"  {role}")
    for line in rights_in_words(identity.rights, next(iter(transfers.all), "NAME")):
        say(f"  {line}")


def rights_in_words(rights: Sequence[Right], transfer: str) -> list[str]:
    """A line for each right, and below one that is missing what to do and which ticket asks."""
    lines = []
    for right in rights:
        remedy = f" — what to do: {right.remedy}" if right.remedy else ""
        lines.append(f"{right}{remedy}")
        if right.is_given is False and right.ticket:
            lines.append(f"  eucaim-transfer ticket {transfer} --case {right.ticket}")
    return lines


class _Attempt:
    """One sign-in at the console, from who and how to what is kept of it."""

    def __init__(self, chosen: ChosenNode, way: Way, username: str | None) -> None:
        self._node = chosen.profile.name
        self._secrets: SecretStore = chosen.secrets
        self._way = way
        self._ways = sign_in_ways(chosen.profile)
        self._auth = chosen.profile.options.get("auth", "none")
        self._new_name: str | None = None
        known = chosen.username
        self._chosen = chosen
        self._name = username or known
        if username:
            self._use_name(username)
        if (username and username != known) or way in ("browser", "paste"):
            # Meant to begin anew; what is stored stands until that has worked.
            self._secrets.begin_anew(self._node)

    def sign_in(self, *, gives_back: bool) -> Identity:
        """Sign in, asking for what is needed. `gives_back`: end what this sign-in began.

        Raises:
            NodeError, UsageError: refused, or nobody to ask.
        """
        if gives_back:
            self._secrets.begin_anew(self._node)
        is_ready = self._prepare()
        try:
            return asyncio.run(self._ask_node(gives_back=gives_back))
        except SignInExpired:
            if is_ready:
                raise
        # The browser is not offered, or nothing is stored: then by name and password.
        self._take_password(None)
        return asyncio.run(self._ask_node(gives_back=gives_back))

    def keep(self) -> Kept:
        """Store what a later run signs in with: a token, or where there is none the password.

        Raises:
            UsageError: it cannot be stored.
        """
        if self._new_name:
            self._secrets.put(f"{self._node}.username", self._new_name)
        return keep_sign_in(self._secrets, self._node, self._auth, with_password=True)

    def _prepare(self) -> bool:
        """Have at hand what the way needs; False where a password may be asked for later on."""
        if self._auth == "token" and self._place_of("token") is not Place.SYSTEMD:
            self._secrets.hold(f"{self._node}.token", ask_secret(self._node, "Token"))
        if "password" not in self._ways or self._way in ("browser", "paste"):
            return True
        given = self._given()
        if given is None and not is_there():
            given = piped_secret()
            if given is None and (self._place_of("token") or self._place_of("password")):
                return True  # nobody is here, and there is what they once gave
        if given is None and self._way == "any" and self._ways[0] != "password":
            return False
        self._take_password(given)
        return True

    def _given(self) -> str | None:
        """The password that the program was started with: it goes before what anybody types."""
        place = self._place_of("password")
        is_given = place is not None and not place.lasts
        return self._secrets.get(f"{self._node}.password") if is_given else None

    def _place_of(self, kind: str) -> Place | None:
        return self._secrets.place_of(f"{self._node}.{kind}")

    def _take_password(self, given: str | None) -> None:
        """Hold the password given, or the one that is now asked for; the name comes before it."""
        if not self._name:
            self._use_name(ask_name(self._node))
        # A password that is there is meant, wherever a browser would do as well.
        self._way = "password"
        # Held, it goes before a token of last week and is exchanged for one of today.
        self._secrets.hold(f"{self._node}.password", given or ask_secret(self._node))

    def _use_name(self, name: str) -> None:
        self._name = self._new_name = name
        self._chosen = self._chosen.as_user(name)

    async def _ask_node(self, *, gives_back: bool) -> Identity:
        node = self._chosen.open(person=AtTheConsole(self._way))
        try:
            identity = await node.sign_in()
            if gives_back:
                with contextlib.suppress(NodeError):
                    await node.sign_out()
            return identity
        finally:
            await node.aclose()


def logout_command(options: argparse.Namespace) -> int:
    """End the sign-in on the node and forget every secret of it."""
    from tui.signing_out import sign_out

    home = Home.find()
    if options.node == HELPDESK:
        from tui.cli.helpdesk import logout_helpdesk

        return logout_helpdesk(home, json=options.json)
    done = sign_out(home, choose_node(home, options.node))
    running = transfers_of(home, options.node).running
    if options.json:
        print_json(
            {
                "node": options.node,
                "told": done.untold is None,
                "left": {name: str(place) for name, place in done.left.items()},
                "running": list(running),
            }
        )
    else:
        say(f"Nothing is stored for {options.node} any more.")
        for name, place in done.left.items():
            say(f"Not in our hands: {name} still comes from {place}.")
        if done.unreached_keyring:
            say(
                "What may lie in the system's keyring stays there:"
                f" {done.unreached_keyring}. Unlock it and run logout again."
            )
        for name in running:
            say(f"{name} is running and goes on signed in until it ends, or: stop {name}")
    if done.untold is None:
        return ExitCode.DONE
    tell(f"eucaim-transfer: The node could not be told: {done.untold.what}")
    tell(
        "  what to do: Nothing here can sign in any more. A token that somebody copied would serve"
        " until it ends by itself: ask the node's support to end the account's sessions."
    )
    return done.untold.exit_code
