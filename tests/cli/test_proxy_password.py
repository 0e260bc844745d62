"""The password for a proxy: given once, kept where the other secrets are, told to nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.program import Program

WORD = "pröxy-word:@%"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path / "home")
    made.configure({"node": {"kind": "upv", "dicomweb_url": "https://node.invalid/rs"}})
    return made


def _stored(program: Program) -> dict[str, str]:
    content: dict[str, str] = json.loads((program.home / "secrets" / "secrets.json").read_text())
    return content


def test_the_proxys_password_is_kept_without_connecting_to_anybody(program: Program) -> None:
    ran = program.good("login", "node", "--proxy-password", typed=f"{WORD}\n")
    assert ran.out == (
        "The password of the proxy on the way to node is kept, in a file that only this account "
        "can read.\n"
    )
    assert _stored(program) == {"node.proxy.password": WORD}


def test_nobody_to_ask_is_said_with_where_else_it_may_come_from(program: Program) -> None:
    ran = program.run("login", "node", "--proxy-password")
    assert ran.code == 2, str(ran)
    assert "the systemd credential node.proxy.password" in ran.err


def test_the_nodes_password_is_not_taken_for_the_proxys(program: Program) -> None:
    program.environ = {"EUCAIM_TRANSFER_PASSWORD": "of-the-node"}
    assert program.run("login", "node", "--proxy-password").code == 2


def test_logout_forgets_the_proxys_password_as_well(program: Program) -> None:
    program.good("login", "node", "--proxy-password", typed=f"{WORD}\n")
    program.good("logout", "node")
    assert _stored(program) == {}
