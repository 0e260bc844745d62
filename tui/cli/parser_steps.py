"""Words of steps 5 to 7: account, ticket, doctor."""

from __future__ import annotations

from tui.cli.parser import Commands, add_command, add_json


def add_step_commands(commands: Commands) -> None:
    """`login`, `logout`, `doctor`."""
    _login(commands)
    _logout(commands)
    _doctor(commands)


def _login(commands: Commands) -> None:
    login = add_command(commands, "login", "sign in to a node and keep the sign-in")
    login.add_argument("node", metavar="NODE")
    login.add_argument("--username", metavar="U")
    add_json(login)


def _logout(commands: Commands) -> None:
    logout = add_command(commands, "logout", "end the sign-in and forget what is stored for a node")
    logout.add_argument("node", metavar="NODE")


def _doctor(commands: Commands) -> None:
    doctor = add_command(commands, "doctor", "check this machine and a node")
    doctor.add_argument("name", nargs="?", metavar="NAME")
    doctor.add_argument("--node", metavar="NODE")
    add_json(doctor)
