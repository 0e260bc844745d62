"""`account`: what to do for an account on a node, its links, and how far it is."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from transfer.errors import UsageError
from transfer.values import ExitCode, StepState
from transfer.workspace import Home
from tui import figures
from tui.accounts import Accounts, AccountView, reminder
from tui.cli.login import rights_in_words
from tui.cli.output import print_json, say, tell
from tui.qr import lines_for
from tui.waiting import transfers_of


def account_command(options: argparse.Namespace) -> int:
    """Tell of the account on a node; with --asked record first that it was asked for."""
    home = Home.find()
    accounts = Accounts(home)
    if options.by is not None and not options.asked:
        raise UsageError("--by says who asked.", "Give it together with --asked.")
    view = accounts.of_node(options.node)
    if options.asked:
        person = (options.by or "").strip()
        if not person:
            raise UsageError(
                "Who asked for the account?",
                f"eucaim-transfer account {options.node} --asked --by PERSON",
            )
        home.prepare()
        accounts.ask(options.node, person)
        view = accounts.of_node(options.node)
    now = datetime.now(UTC)
    if options.json:
        print_json(_document(view, now))
        return ExitCode.DONE
    transfers = transfers_of(home, options.node)
    for text in _told(view, now, next(iter(transfers.all), "NAME")):
        say(text)
    for link in view.links:
        say(f"{link.what}: {link.address}")
        if options.qr:
            _draw(link.address, ascii=options.ascii)
    for name in transfers.waiting:
        say(f"{name} waits for a sign-in: eucaim-transfer login {options.node}")
    return ExitCode.DONE


def _told(view: AccountView, now: datetime, transfer: str) -> list[str]:
    account = view.account
    when = figures.since(account.since_utc, now)
    found = [f"{view.title} on {view.node}"]
    if account.state is StepState.DONE:
        found.append(f"Signed in as {account.username or 'an account without a name'} {when}.")
        found.append(view.kept_in)
        found += [f"  {line}" for line in rights_in_words(account.rights, transfer)]
    elif account.is_asked_for:
        found.append(f"Asked for by {account.person} {when}.")
        found.append(reminder(account, now) or "An answer takes up to 48 hours.")
    elif account.state is StepState.WAITING:
        found.append(f"{account.detail} Waiting {when}.")
    elif account.is_signed_out:
        found.append(account.detail)
    else:
        found.append("No account is known here yet.")
    found += [f"  {number}. {line}" for number, line in enumerate(view.lines, 1)]
    if view.lacks:
        found += [f"Before the first upload: {view.lacks}", f"  what to do: {view.remedy}"]
    if view.ways and account.state is not StepState.DONE:
        found.append(f"Sign in with: eucaim-transfer login {view.node}")
    return found


def _draw(address: str, *, ascii: bool) -> None:
    lines = lines_for(address, sys.stdout, ascii)
    if not lines:
        tell("This terminal is too narrow for the QR code of that address.")
    for line in lines:
        # Characters of our own making, colours included: `say` would take them out.
        print(line, flush=True)


def _document(view: AccountView, now: datetime) -> dict[str, Any]:
    account = view.account
    return {
        "node": view.node,
        "state": account.state.value,
        "detail": account.detail,
        "person": account.person,
        "since": account.since_utc or None,
        "reminder": reminder(account, now),
        "username": account.username,
        "roles": list(account.roles),
        "rights": [asdict(right) for right in account.rights],
        "steps": list(view.lines),
        "links": [asdict(link) for link in view.links],
        "kept_in": view.kept_in,
        "ways": list(view.ways),
        "lacks": view.lacks,
    }
