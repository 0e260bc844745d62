"""Never a second ticket: two who send at once, and a program that is killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.sandbox.helpdesk import CUSTOMER
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.secrets import SecretStore
from tests.program import REPOSITORY, Program
from tests.tui.ledgers import make_first_ledger
from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger
from transfer.ledger.tickets import TicketState, all_tickets, keep_fields
from transfer.workspace import Home
from tui.ticketing import Ticketing

_PATIENCE_S = 60.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home.at(tmp_path / "home")
    found.prepare()
    workspace = make_first_ledger(found, "lung")
    with Ledger.open(workspace.ledger) as ledger:
        keep_fields(ledger, {"name": "Lung", "username": "ada-l"})
    return found


@pytest.fixture
def sandbox(home: Home) -> Iterator[Sandbox]:
    with in_thread(Options(auth="none")) as running:
        config = f'[helpdesk]\nurl = "{running.helpdesk_url}"\nca_file = "{running.ca_file}"\n'
        (home.root / "config.toml").write_text(config)
        SecretStore(home.root, keyring=lambda: None).put("helpdesk.token", CUSTOMER.token)
        yield running


def test_two_who_send_at_the_same_moment_open_one_ticket(home: Home, sandbox: Sandbox) -> None:
    sandbox.fault("helpdesk:latency=200")

    def send(_: int) -> str:
        try:
            return Ticketing(home).send("lung").number
        except StepBlocked as refused:
            return refused.what

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(send, range(2)))
    (held,) = sandbox.helpdesk.tickets()
    number = held["number"]
    assert said == [number, f"Ticket {number} is at the helpdesk already; nothing was sent."]


def test_a_program_that_is_killed_before_the_answer_finds_its_ticket_again(
    home: Home, sandbox: Sandbox
) -> None:
    late = sandbox.fault("helpdesk:late-answer=600000,times=1")
    program = Program(home.root)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "tui", "ticket", "lung", "--send"],
        cwd=REPOSITORY,
        env=program.environment() | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not late.fired:
            assert time.monotonic() < deadline, "the ticket never reached the helpdesk"
            assert child.poll() is None, "the program ended by itself"
            time.sleep(0.05)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    with Ledger.open(home.workspace("lung").ledger, read_only=True) as ledger:
        assert [ticket.state for ticket in all_tickets(ledger)] == [TicketState.SENDING]

    ran = program.good("ticket", "lung", "--send")
    (held,) = sandbox.helpdesk.tickets()
    assert f"Ticket {held['number']}" in ran.out
