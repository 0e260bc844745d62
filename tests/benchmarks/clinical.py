"""Clinical tables beside Python's own csv module.

Each is a process of its own, whose memory is that of the whole process. `--clinical-rows 1000000`
is what the project promises bounded memory for.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, compare, picked
from tests.benchmarks.process import Failed, child, peak_mb

if TYPE_CHECKING:
    from transfer.ledger.connection import Ledger

_HEADINGS: Final = (
    "PatientID", "Population", "Sex", "Date of diagnosis", "Age at diagnosis", "Topography",
    "Pathology", "Treatment", "Note", "Imaging date",
)  # fmt: skip

OPTIONS: Final = {"rows": Option(200_000, quick=5000, help="rows of the table")}


def make_tables(folder: Path, rows: int) -> None:
    """The same table as CSV and as JSON Lines; every patient has one row."""
    with (
        (folder / "made_clinical.csv").open("w", newline="") as file,
        (folder / "made_clinical.jsonl").open("w") as lines,
    ):
        writer = csv.writer(file)
        writer.writerow(_HEADINGS)
        for n in range(rows):
            date = f"20{n % 20:02}-{n % 12 + 1:02}-{n % 28 + 1:02}"
            row = (
                f"AB-{n:07}", "Patient with Cancer", ("Female", "Male")[n % 2], date,
                f"{40 + n % 50}.{n % 10}", "Lung", "8140/3", "Surgery", f"text, {n}", date,
            )  # fmt: skip
            writer.writerow(row)
            lines.write(json.dumps(dict(zip(_HEADINGS, row, strict=True))) + "\n")


def _plain(folder: Path) -> int:
    """What anybody writes first."""
    with (folder / "made_clinical.csv").open(newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _read(folder: Path, name: str) -> int:
    from transfer.clinical.reading import TableFile, digest_of, read_table

    path = folder / name
    return sum(1 for _ in read_table(TableFile(path), digest_of(path)).rows)


def _ledger(folder: Path, *, is_judged: bool = False) -> int:
    from transfer.clinical.phase import read_clinical
    from transfer.ledger.connection import Ledger
    from transfer.ledger.order import Order, write_order

    with (
        tempfile.TemporaryDirectory(dir=folder) as home,
        Ledger.create(Path(home) / "ledger.sqlite") as ledger,
    ):
        table = folder / "made_clinical.csv"
        write_order(ledger, Order("made", "bench", folder, "", clinical=table))
        read_clinical(ledger)
        if is_judged:
            _judge(ledger)
        return ledger.number("SELECT count(*) FROM clinical_row")


def _judge(ledger: Ledger) -> None:
    """All rules; there are no images, so that every row is that of an unknown patient as well."""
    from transfer.quality.judging import judge
    from transfer.quality.rule import Circumstances

    judge(ledger, Circumstances(today=dt.date(2026, 6, 1)))


_WAYS: Final[dict[str, Callable[[Path], int]]] = {
    "csv module": _plain,
    "CSV read": lambda folder: _read(folder, "made_clinical.csv"),
    "JSON Lines read": lambda folder: _read(folder, "made_clinical.jsonl"),
    "CSV into the ledger": _ledger,
    "the same, and judged": lambda folder: _ledger(folder, is_judged=True),
}


def _worker(way: str, folder: Path) -> Figures:
    began = time.perf_counter()
    rows = _WAYS[way](folder)
    seconds = time.perf_counter() - began
    return {"rows": rows, "rate": rows / seconds, "peak_mb": peak_mb()}


def measure(bench: Bench) -> list[Row]:
    """Rows a second and peak memory of reading, storing and judging a table."""
    rows = bench["rows"]
    make_tables(bench.folder, rows)
    runs = bench.interleave({way: partial(_run, way, bench.folder, rows) for way in _WAYS})
    kinds: dict[str, Kind] = {way: "peer" if way == "csv module" else "ours" for way in _WAYS}
    subject = f"clinical table of {rows:,} rows"
    return [
        *compare(subject, "rows/s", picked(runs, lambda f: f["rate"]), kinds),
        *compare(subject, "peak MB", picked(runs, lambda f: f["peak_mb"]), kinds),
    ]


def _run(way: str, folder: Path, rows: int) -> Figures:
    figures = child(__name__, way, folder)
    if figures["rows"] != rows:
        raise Failed(f"{way}: {figures['rows']} of {rows} rows")
    return figures


if __name__ == "__main__":
    print(json.dumps(_worker(sys.argv[1], Path(sys.argv[2]))))
