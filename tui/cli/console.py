"""The person at the console: asked for a name, a password or an address, told on stderr.

Nothing that is typed here ever stands on the command line, where every account could read it.
"""

from __future__ import annotations

import asyncio
import getpass
import sys

from adapters.signin import PastePrompt, SignInPrompt, Way
from transfer.errors import SignInRefused, UsageError
from tui.cli.output import tell


def is_there() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def ask_name(node: str) -> str:
    """The name of the account.

    Raises:
        UsageError: nobody is there, or nothing was typed.
    """
    if is_there():
        print(f"User name for {node}: ", end="", file=sys.stderr, flush=True)
        name = sys.stdin.readline().strip()
        if name:
            return name
    raise UsageError(
        "Nothing says whose password it is.",
        f"Give the name: eucaim-transfer login {node} --username YOU",
    )


def ask_line(question: str) -> str:
    """What a person types in answer, who has to be there; empty where they type nothing."""
    print(f"{question} ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def ask_secret(node: str, what: str = "Password") -> str:
    """What is typed unseen, or stands on the first line of standard input.

    Raises:
        SignInRefused: there is neither.
    """
    if is_there():
        typed = getpass.getpass(f"{what} for {node}: ")
        if typed:
            return typed
        raise SignInRefused(f"No {what.lower()} was typed.", "Run login again.", node=node)
    line = sys.stdin.readline().rstrip("\r\n")
    if line:
        return line
    raise SignInRefused(
        f"A {what.lower()} is needed, and there is no terminal to ask for it.",
        "Give it on standard input, in EUCAIM_TRANSFER_PASSWORD, or as a systemd credential.",
        node=node,
    )


def piped_secret() -> str | None:
    """The first line of standard input where that is a pipe or a file; None where it is empty."""
    return None if is_there() else sys.stdin.readline().rstrip("\r\n") or None


class AtTheConsole:
    """What the adapter sees of the person (`adapters.signin.Person`)."""

    def __init__(self, way: Way = "any") -> None:
        self.way: Way = way

    def show(self, prompt: SignInPrompt) -> None:
        tell(str(prompt))
        self._draw(prompt.address)

    def settled(self) -> None:
        return

    async def paste(self, prompt: PastePrompt) -> str:
        tell(str(prompt))
        self._draw(prompt.address)
        line: str = await asyncio.to_thread(sys.stdin.readline)
        return line.strip()

    def _draw(self, address: str) -> None:
        """The address once more, for a phone."""
        if sys.stderr.isatty():
            from tui.qr import lines_for

            for line in lines_for(address, sys.stderr):
                print(line, file=sys.stderr, flush=True)
