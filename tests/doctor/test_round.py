"""A round on a thread of its own: it tells as it goes, and can be ended in the middle."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program import Program
from transfer.workspace import Home
from tui.doctoring import Aim, Finding, Outcome, Part, Round

PATIENCE_S = 60.0


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Connections are taken by the kernel, and nobody ever answers on them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_round_ends_at_once_where_nobody_answers(
    tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaving the screen must not wait until a handshake has run into its time-out."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    url = f"https://127.0.0.1:{silent_port}/dicom-web"
    Program(tmp_path).configure({"silent": {"kind": "upv", "dicomweb_url": url, "auth": "none"}})
    told: queue.Queue[Finding] = queue.Queue()
    round_ = Round(Home.at(tmp_path), "", "silent", lambda _, finding: told.put(finding))
    outcomes: list[Outcome | None] = []
    thread = threading.Thread(target=lambda: outcomes.append(round_.run()), daemon=True)
    thread.start()
    while told.get(timeout=PATIENCE_S).result.check != "reachable":
        pass
    round_.end()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert outcomes == [None]
    assert told.empty()


def test_a_round_that_was_ended_before_it_began_tells_nothing(tmp_path: Path) -> None:
    told: list[Finding] = []
    round_ = Round(Home.at(tmp_path), "", "", lambda _, finding: told.append(finding))
    round_.end()
    assert round_.run() is None
    assert told == []


def test_a_round_without_a_node_is_about_the_machine_alone(tmp_path: Path) -> None:
    told: list[tuple[Aim, Finding]] = []
    outcome = Round(Home.at(tmp_path), "", "", lambda *both: told.append(both)).run()
    assert outcome is not None
    assert len(told) == len(outcome.findings) > 20
    assert {finding.part for _, finding in told} == {Part.MACHINE}
    names = [finding.result.check for finding in outcome.findings]
    assert len(set(names)) == len(names), "each check of the machine has a name of its own"


def test_every_check_of_the_machine_says_what_it_tried(tmp_path: Path) -> None:
    outcome = Round(Home.at(tmp_path), "", "", lambda *_: None).run()
    assert outcome is not None
    for finding in outcome.findings:
        assert finding.result.tried.endswith("."), finding
        assert finding.result.message.endswith("."), finding
