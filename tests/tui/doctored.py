"""Rounds of the doctor that always find the same, and one that waits half-way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.tui.driving import FixedDayApp, KnownSource
from transfer.node import CheckResult
from transfer.workspace import Home
from tui.app import TransferApp
from tui.doctoring import Aim, Doctoring, Finding, Outcome, Part, Round

REPORT = Path("/srv/eucaim/transfers/lung-2024/doctor.json")


def ok(part: Part, check: str, message: str, answer: str = "as it should be") -> Finding:
    result = CheckResult(check, "ok", message, tried="Looked at it.", answer=answer)
    return Finding(part, result)


MACHINE = (
    ok(Part.MACHINE, "python", "Python 3.11.7.", "CPython 3.11.7"),
    ok(Part.MACHINE, "packages", "eucaim-transfer 0.1.0 and its 13 libraries are there."),
    ok(Part.MACHINE, "tls-library", "TLS 1.3 is there (OpenSSL 3.0.19 27 Jan 2026)."),
    ok(Part.MACHINE, "terminal", "The terminal shows 80 by 24 characters, inside tmux."),
    ok(Part.MACHINE, "home", "The folder for transfers is there and can be written to."),
    ok(Part.MACHINE, "disk", "74.8 GB are free for ledger and spool."),
    ok(Part.MACHINE, "memory", "8.20 GB of memory on this host."),
)
LOGOUT = Finding(
    Part.MACHINE,
    CheckResult(
        "logout",
        "warn",
        "This host ends an account's programs when it logs out; an upload would stop, to go on"
        " later.",
        "Ask its administrator for: loginctl enable-linger, for this account.",
        0,
        "Read logind's configuration, the marks of lingering, and whose session this is.",
        "KillUserProcesses=yes",
        "this host's administrator",
    ),
)
NODE = (
    ok(Part.CONFIGURATION, "configuration", "The configuration is complete."),
    ok(Part.WAY, "dns", "The node's name leads to 158.42.0.1.", "158.42.0.1"),
    ok(Part.WAY, "tls-version", "The node speaks TLSv1.3."),
    ok(Part.ACCOUNT, "sign-in", "Signed in as ada."),
    ok(Part.ACCOUNT, "role", "The account may upload images to LUNG."),
)
INSPECTED = Finding(
    Part.WAY,
    CheckResult(
        "tls-version",
        "fail",
        "A proxy of your network, not the node, answers with TLS 1.2.",
        "Ask for this address to be left out of inspection; the node itself speaks TLS 1.3, and"
        " nothing is sent over less.",
        6,
        "TLS handshake with the node's address, port 443.",
        "TLSv1.2; certificate by Example Web Gateway",
        "your network's administrator",
    ),
)
GOOD = (*MACHINE, *NODE)
WARNED = (*MACHINE, LOGOUT, *NODE)
FAILED = (*MACHINE, LOGOUT, *NODE[:2], INSPECTED)


class KnownRound(Round):
    """Tells what it is given; waits after the machine where a test has the rest held back."""

    def __init__(
        self,
        findings: Sequence[Finding],
        aim: Aim,
        tell: Callable[[Aim, Finding], None],
        go_on: threading.Event,
        held_back: int,
    ) -> None:
        super().__init__(Home.at(Path("/nowhere")), aim.transfer, aim.node, tell)
        self._known, self._aim, self._go_on, self._held_back = findings, aim, go_on, held_back

    def run(self) -> Outcome | None:
        for number, finding in enumerate(self._known):
            if number == self._held_back:
                self._go_on.wait(30)
            if self._is_ended:
                return None
            self._tell(self._aim, finding)
        return Outcome(self._aim, tuple(self._known))

    def end(self) -> None:
        super().end()
        self._go_on.set()


class KnownDoctoring(Doctoring):
    """Gives out such rounds, and remembers them and what was asked of it."""

    def __init__(self, home: Home, *rounds: Sequence[Finding], held_back: int = -1) -> None:
        super().__init__(home)
        self._rounds = list(rounds)
        self._held_back = held_back
        self.go_on = threading.Event()
        self.begun: list[KnownRound] = []
        self.asked: list[tuple[str, str]] = []
        self.reports: list[Outcome] = []

    def begin(self, transfer: str, node: str, tell: Callable[[Aim, Finding], None]) -> Round:
        self.asked.append((transfer, node))
        findings = self._rounds.pop(0) if len(self._rounds) > 1 else self._rounds[0]
        has_node = any(finding.part is not Part.MACHINE for finding in findings)
        aim = Aim(transfer, "upv" if has_node else "")
        begun = KnownRound(findings, aim, tell, self.go_on, self._held_back)
        self.begun.append(begun)
        return begun

    def write_report(self, outcome: Outcome) -> Path:
        self.reports.append(outcome)
        return REPORT


class DoctoredSource(KnownSource):
    """Known nodes and a known doctor."""

    def __init__(self, home: Home, doctoring: KnownDoctoring) -> None:
        super().__init__(home)
        self.doctoring = doctoring


def make_doctored(
    home: Home, *rounds: Sequence[Finding], transfer: str | None = None, held_back: int = -1
) -> tuple[TransferApp, KnownDoctoring]:
    """The app with a doctor who goes these rounds, the last one again and again."""
    doctoring = KnownDoctoring(home, *rounds, held_back=held_back)
    return FixedDayApp(home, transfer, source=DoctoredSource(home, doctoring)), doctoring
