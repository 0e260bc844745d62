"""Both stand-ins in the part of real nodes, and a transfer to each of which nothing has gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.sandbox.server import NODE, XNAT_NODE, Options, Sandbox, in_thread
from adapters.sandbox.synth import write_cohort
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.program import Program
from transfer.rehearsing.place import Place
from transfer.workspace import Home

NAMES = {"to-upv": NODE, "to-xnat": XNAT_NODE}


@dataclass(frozen=True)
class Stage:
    """`requests` are files, one for each request that one of the nodes received."""

    sandbox: Sandbox
    program: Program
    record: Path
    cohort: Path

    def requests(self) -> int:
        return len(list(self.record.iterdir())) if self.record.is_dir() else 0

    def place(self, name: str) -> Place:
        return Place(Home.at(self.program.home).workspace(name))

    def new(self, name: str, node: str = NODE) -> None:
        """Make a transfer of the cohort, and the key of its cohort."""
        table = self.cohort / "clinical.csv"
        words = ("--clinical", table) if table.exists() else ()
        self.program.good(
            "new", name, "--node", node, "--source", self.cohort, "--site-id", name, *words
        )
        self.program.good("key", "make", name)

    def report(self, name: str, out: Path) -> Any:
        """The document of the report as it would be written now."""
        self.program.good("report", name, "--out", out)
        return json.loads((out / "report.json").read_text("utf-8"))

    def content(self, name: str) -> list[str]:
        """All that stands in a ledger."""
        with closing(sqlite3.connect(self.place(name).workspace.ledger)) as ledger:
            return list(ledger.iterdump())


@contextmanager
def on_stage(folder: Path, *, is_small: bool = False) -> Iterator[Stage]:
    """Images of one patient, to be de-identified on both ways; a few, and no clinical table, where
    it `is_small`."""
    cohort = folder / "cohort"
    if is_small:
        write_source(cohort, many(fresh_series(), 3))
    else:
        write_cohort(cohort, patients=1, seed=3)
    record = folder / "requests"
    with in_thread(Options(record=record)) as sandbox:
        temporary = folder / "tmp"
        temporary.mkdir()
        environ = {"EUCAIM_TRANSFER_PASSWORD": "ingester", "TMPDIR": str(temporary)}
        program = Program(folder / "home", environ)
        sandbox.write_home(program.home)
        config = program.home / "config.toml"
        text = config.read_text("utf-8").replace('"as-is"', '"required"')
        config.write_text(text.replace("listing_delay_s = 2", "listing_delay_s = 0"), "utf-8")
        stage = Stage(sandbox, program, record, cohort)
        for name, node in NAMES.items():
            stage.new(name, node)
        yield stage
        assert list(sandbox.crashes) == []
