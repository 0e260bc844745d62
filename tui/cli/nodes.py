"""`login`, `logout`, `doctor`: the account on a node, and whether everything is ready."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from dataclasses import asdict, replace
from types import MappingProxyType

from transfer.errors import SignInRefused, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.steps import set_step
from transfer.node import CheckResult, Identity
from transfer.values import ExitCode, StepState
from transfer.workspace import Home
from tui.cli.output import print_json, say, tell
from tui.doctor import check_machine
from tui.nodes import ChosenNode, choose_node

_WORD = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
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
    node = chosen.open(show_prompt=lambda prompt: tell(str(prompt)))
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


def doctor_command(options: argparse.Namespace) -> int:
    """Check this machine, then the node of a transfer or the one named."""
    home = Home.find()
    results = list(check_machine(home))
    node = options.node
    if options.name:
        with Ledger.open(home.workspace(options.name).ledger, read_only=True) as ledger:
            node = read_order(ledger).node
    if node:
        results += asyncio.run(_check_node(choose_node(home, node)))
    failed = [r for r in results if r.state == "fail"]
    if options.name:
        state = StepState.BLOCKED if failed else StepState.DONE
        with Ledger.open(home.workspace(options.name).ledger) as ledger:
            set_step(ledger, "doctor", state, failed[0].message if failed else "All checks passed.")
    if options.json:
        print_json({"node": node, "checks": [asdict(r) for r in results]})
    else:
        for result in results:
            say(f"{_WORD[result.state]}  {result.message}")
            if result.state != "ok" and result.remedy:
                say(f"      what to do: {result.remedy}")
        if not node:
            tell("This was the machine alone. Name a node to check it: doctor --node NODE")
    return failed[0].exit_code or ExitCode.BLOCKED if failed else ExitCode.DONE


async def _check_node(chosen: ChosenNode) -> list[CheckResult]:
    from adapters.registry import check_configuration

    configured = list(check_configuration(chosen.profile))
    if any(result.state == "fail" for result in configured):
        return configured
    try:
        node = chosen.open()
    except UsageError as error:
        return [CheckResult("configuration", "fail", error.what, error.remedy, ExitCode.USAGE)]
    try:
        return list(await node.check())
    finally:
        await node.aclose()
