"""Both stand-ins, and to each a transfer with verified images: all that step 10 begins with."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.server import NODE, XNAT_NODE, Options, Sandbox, in_thread
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.program import Program
from transfer.ledger.connection import Ledger
from transfer.legal.recording import sandbox_record, take_record
from transfer.workspace import Home
from tui.cli.commands import run_command

UPV, XNAT = "to-upv", "to-xnat"
JOB_S = 3600.0
"""How long a creation takes by the stand-in's clock, which nothing but `let_pass` moves so far."""


@dataclass
class Place:
    """`requests` are files, one for each request that a stand-in received."""

    sandbox: Sandbox
    program: Program
    record: Path

    @property
    def home(self) -> Home:
        return Home.at(self.program.home)

    def requests(self) -> int:
        return len(list(self.record.iterdir()))

    def ledger(self, name: str) -> Path:
        return self.home.workspace(name).ledger

    def make_clear(self, name: str) -> None:
        """Record what opens the gate of a stand-in."""
        with Ledger.open(self.ledger(name)) as ledger:
            take_record(ledger, sandbox_record(datetime.now(UTC)), is_sandbox_node=True)

    def export(self, name: str = "Lung CT") -> str:
        """What a person does in QP-Insights; the id of the draft."""
        account = self.sandbox.issuer.account("ingester")
        assert account is not None
        texts = {"name": name, "version": "1.0"}
        made = self.sandbox.qpinsights.export(account, "SANDBOX|MAIN", texts)
        return made.id

    def let_pass(self, seconds: float = 2 * JOB_S) -> None:
        self.sandbox.datasets.clock.advance(seconds)


@dataclass(frozen=True)
class Told:
    """One command, and how many requests the stand-ins received meanwhile."""

    code: int
    out: str
    err: str
    requests: int

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


def tell(place: Place, *words: object, typed: str = "") -> Told:
    """Run a command in this process. With `typed` somebody sits at a terminal, and types that."""
    stdin, out, err = io.StringIO(typed), io.StringIO(), io.StringIO()
    before = place.requests()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in place.program.environment().items():
            patch.setenv(name, value)
        patch.setattr(stdin, "isatty", lambda: bool(typed))
        patch.setattr("sys.stdin", stdin)
        code = run_command([str(word) for word in words])
    return Told(code, out.getvalue(), err.getvalue(), place.requests() - before)


@contextmanager
def at_step_ten(folder: Path) -> Iterator[Place]:
    """The stand-ins hold two Studies of each transfer; nothing legal is recorded."""
    record = folder / "requests"
    options = Options(record=record, datasets=DatasetOptions(pending_s=JOB_S, step_s=1.0))
    with in_thread(options) as sandbox:
        program = Program(folder / "home", {"EUCAIM_TRANSFER_PASSWORD": "ingester"})
        sandbox.write_home(program.home)
        place = Place(sandbox, program, record)
        for name, node in ((UPV, NODE), (XNAT, XNAT_NODE)):
            images = [*many(fresh_series(), 2), *many(fresh_series(), 2)]
            source = write_source(folder / f"source-{name}", images)
            _good(tell(place, "new", name, "--node", node, "--source", source))
            program.good("upload", name)
            word = ("--image-only", "--by", "Ada Lund", "--reason", "No table was collected.")
            _good(tell(place, "clinical", name, *word))
        yield place
        assert list(sandbox.crashes) == []


def _good(told: Told) -> None:
    assert told.code == 0, str(told)
