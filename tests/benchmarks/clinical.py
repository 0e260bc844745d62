"""Clinical tables beside Python's own csv module, in one run.

`python -m tests.benchmarks.clinical [--rows N] [--rounds N]` prints a Markdown table, then JSON.
Each is a process of its own, whose memory is that of the whole process; rounds are interleaved,
medians quoted with the smallest and the largest. `--rows 1000000` is what the project promises
bounded memory for.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transfer.ledger.connection import Ledger

_HEADINGS: Final = (
    "PatientID", "Population", "Sex", "Date of diagnosis", "Age at diagnosis", "Topography",
    "Pathology", "Treatment", "Note", "Imaging date",
)  # fmt: skip

Figures = dict[str, float]


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
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "rate": rows / seconds, "peak_mb": peak_mb}


def _run(way: str, folder: Path, rows: int) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.clinical", "--worker", way, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: Figures = json.loads(done.stdout)
    if figures["rows"] != rows:
        raise RuntimeError(f"{way}: {figures['rows']} of {rows} rows")
    return figures


def _row(way: str, rounds: Sequence[dict[str, Figures]]) -> dict[str, object]:
    rates = sorted(one[way]["rate"] for one in rounds)
    ratios = sorted(one[way]["rate"] / one["csv module"]["rate"] for one in rounds)
    return {
        "what": way,
        "rows/s": round(statistics.median(rates)),
        "from": round(rates[0]),
        "to": round(rates[-1]),
        "times csv": round(statistics.median(ratios), 3),
        "at least": round(ratios[0], 3),
        "peak MB": round(statistics.median(one[way]["peak_mb"] for one in rounds)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.clinical")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=2, metavar=("WAY", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        way, folder_name = options.worker
        print(json.dumps(_worker(way, Path(folder_name))))
        return
    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as temporary:
        folder = Path(temporary)
        make_tables(folder, options.rows)
        rounds = [
            {way: _run(way, folder, options.rows) for way in _WAYS} for _ in range(options.rounds)
        ]
    rows = [_row(way, rounds) for way in _WAYS]
    print(f"{options.rows:,} rows of {len(_HEADINGS)} columns, {options.rounds} rounds, medians\n")
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    print("\n" + json.dumps({"rows": options.rows, "figures": rows}))


if __name__ == "__main__":
    main()
