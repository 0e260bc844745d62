"""`login` and `logout`: the account on a node."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from dataclasses import replace
from types import MappingProxyType

from adapters.signin import PastePrompt, SignInPrompt, Way
from transfer.errors import SignInRefused
from transfer.node import Identity
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.output import print_json, say, tell
from tui.nodes import ChosenNode, choose_node

_ASKS_PASSWORD = ("password", "basic", "oidc")


def login_command(options: argparse.Namespace) -> int:
    """Sign in once and keep what makes it last."""
    home = Home.find()
    home.prepare()
    chosen = choose_node(home, options.node)
    if options.username:
        changed = {**chosen.profile.options, "username": options.username}
        profile = replace(chosen.profile, options=MappingProxyType(changed))
        chosen = replace(chosen, profile=profile)
    auth = chosen.profile.options.get("auth", "none")
    password_name = f"{options.node}.password"
    typed = None
    if auth in _ASKS_PASSWORD and chosen.secrets.get(password_name) is None:
        typed = _ask_password(options.node)
        chosen.secrets.hold(password_name, typed)
    identity = asyncio.run(_sign_in(chosen))
    if options.username:
        chosen.secrets.put(f"{options.node}.username", options.username)
    if auth == "basic" and typed is not None:
        chosen.secrets.put(password_name, typed)
    if options.json:
        print_json(
            {"node": options.node, "username": identity.username, "roles": list(identity.roles)}
        )
    else:
        say(f"Signed in to {options.node} as {identity.username or 'nobody in particular'}.")
        for role in identity.roles:
            say(f"  {role}")
    return ExitCode.DONE


class AtTheConsole:
    """The person who typed the command: told on stderr, asked on stdin."""

    way: Way = "any"

    def show(self, prompt: SignInPrompt) -> None:
        tell(str(prompt))

    def settled(self) -> None:
        return

    async def paste(self, prompt: PastePrompt) -> str:
        tell(str(prompt))
        line: str = await asyncio.to_thread(sys.stdin.readline)
        return line.strip()


def _ask_password(node: str) -> str:
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\n")
        if line:
            return line
        raise SignInRefused(
            "A password is needed, and there is no terminal to ask for it.",
            "Give it on standard input, in EUCAIM_TRANSFER_PASSWORD, or as a systemd credential.",
            node=node,
        )
    return getpass.getpass(f"Password for {node}: ")


async def _sign_in(chosen: ChosenNode) -> Identity:
    node = chosen.open(person=AtTheConsole())
    try:
        return await node.sign_in()
    finally:
        await node.aclose()


def logout_command(options: argparse.Namespace) -> int:
    """Forget every secret of a node."""
    chosen = choose_node(Home.find(), options.node)
    for kind in ("token", "password", "username"):
        chosen.secrets.delete(f"{options.node}.{kind}")
    say(f"Nothing is stored for {options.node} any more.")
    return ExitCode.DONE
