"""The password for a proxy: given once, kept where the other secrets are, told to nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.program import Program

WORD = "pröxy-word:@%"


NODE = {"kind": "upv", "dicomweb_url": "https://node.invalid/rs"}
OWN = {**NODE, "proxy": "http://proxy.invalid:3128"}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path / "home")
    made.configure({"node": NODE, "own": OWN})
    return made


def _stored(program: Program) -> dict[str, str]:
    content: dict[str, str] = json.loads((program.home / "secrets" / "secrets.json").read_text())
    return content


def test_the_password_of_a_nodes_own_proxy_is_kept_without_connecting(program: Program) -> None:
    ran = program.good("login", "own", "--proxy-password", typed=f"{WORD}\n")
    assert ran.out == (
        "The password of the proxy on the way to own is kept, in a file that only this account "
        "can read.\n"
    )
    assert _stored(program) == {"own.proxy.password": WORD}


def test_a_node_without_one_of_its_own_goes_by_the_password_for_all(program: Program) -> None:
    program.configure({"node": OWN})
    program.good("login", "node", "--proxy-password", typed="an older one\n")
    program.configure({"node": NODE})
    ran = program.good("login", "node", "--proxy-password", typed=f"{WORD}\n")
    assert "the way to every node without one of its own is kept" in ran.out
    assert _stored(program) == {"proxy.password": WORD}


@pytest.mark.parametrize(
    ("node", "credential"), [("node", "proxy.password"), ("own", "own.proxy.password")]
)
def test_nobody_to_ask_is_said_with_where_else_it_may_come_from(
    program: Program, node: str, credential: str
) -> None:
    ran = program.run("login", node, "--proxy-password")
    assert ran.code == 2, str(ran)
    assert f"the systemd credential {credential}." in ran.err


def test_the_nodes_password_is_not_taken_for_the_proxys(program: Program) -> None:
    program.environ = {"EUCAIM_TRANSFER_PASSWORD": "of-the-node"}
    assert program.run("login", "own", "--proxy-password").code == 2


def test_logout_forgets_the_password_of_the_nodes_own_proxy_alone(program: Program) -> None:
    program.good("login", "own", "--proxy-password", typed=f"{WORD}\n")
    program.good("login", "node", "--proxy-password", typed=f"{WORD} for all\n")
    program.good("logout", "own")
    assert _stored(program) == {"proxy.password": f"{WORD} for all"}
