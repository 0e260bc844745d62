"""Planning: instances into batches, beside SQLite changing as many rows once."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.catalogue import write_ledger
from tests.benchmarks.client import Clock
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, compare, picked
from tests.benchmarks.process import child

OPTIONS: Final = {
    "instances": Option(200_000, quick=10_000, help="instances to plan"),
    "per-series": Option(250, quick=250, help="of them in each Series"),
}


def measure(bench: Bench) -> list[Row]:
    """Instances a second and peak memory."""
    path = bench.folder / "made.sqlite"
    path.unlink(missing_ok=True)
    write_ledger(path, bench["instances"], bench["per-series"])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE instance SET state = 'ready'")

    def one(way: str) -> Figures:
        copy = bench.folder / "copy.sqlite"
        copy.unlink(missing_ok=True)
        # Not by copying the file: what was written last may lie in the log beside it.
        with closing(sqlite3.connect(path)) as made, closing(sqlite3.connect(copy)) as target:
            made.backup(target)
        figures = child(__name__, way, copy)
        assert figures["count"] == bench["instances"], "not all of it was changed"
        return figures

    kinds: dict[str, Kind] = {"ours": "ours", "one UPDATE in SQLite": "limit"}
    runs = bench.interleave({way: partial(one, way) for way in kinds})
    rate = picked(runs, lambda f: bench["instances"] / f["seconds"])
    return [
        *compare("plan", "instances/s", rate, kinds),
        *compare("plan", "peak MB", picked(runs, lambda f: f["peak_mb"]), kinds),
    ]


def _plan(path: Path) -> Figures:
    from transfer.ledger.connection import Ledger
    from transfer.node import Abilities
    from transfer.plan import plan

    with Ledger.open(path) as ledger, Clock() as clock:
        plan(ledger, Abilities(), lambda: False)
        count = ledger.number("SELECT count(*) FROM instance WHERE batch_id IS NOT NULL")
    return {**clock.figures, "count": count}


def _update(path: Path) -> Figures:
    with closing(sqlite3.connect(path)) as db, Clock() as clock, db:
        db.execute("PRAGMA synchronous = OFF")
        count = db.execute("UPDATE instance SET attempts = attempts + 1").rowcount
    return {**clock.figures, "count": count}


if __name__ == "__main__":
    print(json.dumps((_plan if sys.argv[1] == "ours" else _update)(Path(sys.argv[2]))))
