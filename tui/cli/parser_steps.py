"""Words of steps 5 to 7: account, ticket, doctor."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, add_command, add_json


def add_step_commands(commands: Commands) -> None:
    """`login`, `logout`, `account`, `doctor`, `step`, `ticket`."""
    _login(commands)
    _logout(commands)
    _account(commands)
    _doctor(commands)
    _step(commands)
    _ticket(commands)


def _login(commands: Commands) -> None:
    login = add_command(commands, "login", "sign in to a node and keep the sign-in")
    login.add_argument(
        "node", metavar="NODE", help="a node; or helpdesk, for the token that opens tickets"
    )
    login.add_argument("--username", metavar="U")
    way = login.add_mutually_exclusive_group()
    for name, what in (
        ("password", "by name and password, typed unseen or on standard input"),
        ("browser", "with a browser elsewhere, which confirms a code"),
        ("paste", "with a browser elsewhere, whose last address is pasted here"),
    ):
        way.add_argument(f"--{name}", dest="way", action="store_const", const=name, help=what)
    way.add_argument(
        "--proxy-password",
        action="store_true",
        help="instead of signing in, keep the password for the proxy on the way to the node",
    )
    login.add_argument(
        "--no-keep", action="store_true", help="store nothing; only see whether it works"
    )
    add_json(login)


def _logout(commands: Commands) -> None:
    logout = add_command(commands, "logout", "end the sign-in and forget what is stored for a node")
    logout.add_argument("node", metavar="NODE", help="a node, or helpdesk")
    add_json(logout)


def _account(commands: Commands) -> None:
    account = add_command(
        commands, "account", "what to do for an account on a node, and how far it is"
    )
    account.add_argument("node", metavar="NODE")
    account.add_argument(
        "--asked", action="store_true", help="record that the account was asked for"
    )
    account.add_argument("--by", metavar="PERSON", help="who asked")
    account.add_argument("--qr", action="store_true", help="draw each address for a phone")
    account.add_argument("--ascii", action="store_true", help="draw with # instead of blocks")
    add_json(account)


def _doctor(commands: Commands) -> None:
    doctor = add_command(commands, "doctor", "check this machine and a node")
    doctor.add_argument("name", nargs="?", metavar="NAME")
    doctor.add_argument("--node", metavar="NODE")
    doctor.add_argument(
        "--verbose", action="store_true", help="also say what was tried and what came back"
    )
    add_json(doctor)


def _step(commands: Commands) -> None:
    step = add_command(
        commands, "step", "record how far a step of the journey is, or show it", named=True
    )
    step.add_argument("step", metavar="STEP", help="its id or number: account, ticket, 9")
    step.add_argument("--state", choices=("waiting", "done", "todo"))
    step.add_argument("--by", metavar="PERSON", help="who vouches for it")
    step.add_argument("--evidence", metavar="TEXT", help="a ticket's number, for one")
    step.add_argument("--since", metavar="DATE", help="when it began, in UTC: 2026-03-12")
    add_json(step)


def _ticket(commands: Commands) -> None:
    ticket = add_command(
        commands, "ticket", "write to the helpdesk: text to copy, to save or to send", named=True
    )
    ticket.add_argument("--case", metavar="CASE", help="which ticket; without it that of step 6")
    ticket.add_argument("--list-cases", action="store_true", help="the tickets that there are")
    ticket.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="fill in a field"
    )
    what = ticket.add_mutually_exclusive_group()
    what.add_argument("--send", action="store_true", help="open it by the helpdesk's API")
    what.add_argument("--out", type=Path, metavar="FILE", help="save it: FILE.txt or FILE.eml")
    what.add_argument("--number", metavar="N", help="it was sent by hand under this number")
    what.add_argument("--refresh", action="store_true", help="ask what became of it")
    what.add_argument(
        "--not-needed", action="store_true", help="the project is there already; with --reason"
    )
    ticket.add_argument(
        "--attach", action="append", default=[], type=Path, metavar="FILE", help="with --send"
    )
    ticket.add_argument("--sent-on", metavar="DATE", help="with --number, in UTC: 2026-03-12")
    ticket.add_argument("--answer", metavar="TEXT", help="what the helpdesk answered")
    ticket.add_argument("--done", action="store_true", help="what was asked for is there")
    ticket.add_argument("--by", metavar="PERSON", help="who says so")
    ticket.add_argument("--reason", metavar="TEXT", help="why no ticket is needed")
    add_json(ticket)
