"""What the node holds in figures, at the size this program is built for.

A ledger of verified instances, four Series to a patient, is read as the catalogue reads it.
"""

# ruff: noqa: S608 - what is put together here are literals of ours

from __future__ import annotations

import json
import sqlite3
import sys
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.client import Clock
from tests.benchmarks.frame import Bench, Kind, Option, Row, compare, picked
from tests.benchmarks.process import child
from transfer.catalogue.figures import read_figures
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, write_order

OPTIONS: Final = {
    "instances": Option(10_000_000, quick=100_000, help="instances in the ledger"),
    "per-series": Option(50, quick=50, help="of them in each Series"),
}
_SERIES_A_PATIENT: Final = 4


def write_ledger(path: Path, instances: int, per_series: int) -> None:
    """A ledger in which all of it was verified. Triggers are put aside for as long as it takes."""
    with Ledger.create(path) as ledger:
        write_order(ledger, Order("bench", "upv", Path("/data"), "BENCH"))
    series = instances // per_series
    patients = series // _SERIES_A_PATIENT
    numbers = "WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < ?)"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous = OFF")
        triggers = db.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'instance'"
        ).fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(
            f"{numbers} INSERT INTO patient (id, original_id, original_name)"
            " SELECT i, 'ID' || i, 'N' || i FROM k",
            (patients,),
        )
        db.execute(
            f"{numbers} INSERT INTO study (id, patient_id, study_uid, study_date, description)"
            " SELECT i, (i + 1) / 2, '1.2.' || i, '20240101', '' FROM k",
            (2 * patients,),
        )
        db.execute(
            f"{numbers} INSERT INTO series (id, study_id, series_uid, modality, series_number,"
            " description, body_part, manufacturer)"
            " SELECT i, (i + 1) / 2, '1.3.' || i, 'CT', '1', '', 'CHEST', 'ACME' FROM k",
            (series,),
        )
        db.executemany(
            "INSERT INTO traits (id, document) VALUES (?, ?)",
            ((i, _document(i)) for i in range(1, series + 1)),
        )
        db.execute("INSERT INTO source_file VALUES (1, x'61', 1, 0, 1, 'instance', '', '', NULL,"
                   " NULL)")  # fmt: skip
        db.execute(
            f"{numbers} INSERT INTO instance (id, file_id, file_bytes, file_mtime_ns, series_id,"
            " sop_instance_uid, sop_class_uid, transfer_syntax_uid, body_offset, has_part10,"
            " deidentified, size_bytes, state, traits_id)"
            " SELECT i, 1, 1, 0, (i - 1) / ? + 1, i, '', '', 0, 1, 1, 500000, 'verified',"
            " (i - 1) / ? + 1 FROM k",
            (series * per_series, per_series, per_series),
        )
        db.execute(
            "INSERT INTO tally SELECT series_id, state, count(*), sum(size_bytes) FROM instance"
            " GROUP BY 1, 2"
        )
        for _, sql in triggers:
            db.execute(sql)


def _document(i: int) -> str:
    patient = (i - 1) // _SERIES_A_PATIENT
    return json.dumps(
        {
            str(0x00080020): f"{2010 + patient % 14}0101",
            str(0x00080022): f"{2010 + patient % 14}0102",
            str(0x00080060): ("CT", "MR", "MG", "PT")[i % 4],
            str(0x00080070): ("SIEMENS", "GE MEDICAL SYSTEMS", "Philips")[patient % 3],
            str(0x0008103E): f"series {i}",
            str(0x00100040): "FM"[patient % 2],
            str(0x00101010): f"{20 + patient % 70:03}Y",
            str(0x00180015): ("CHEST", "BREAST", "PROSTATE")[patient % 3],
        }
    )


def measure(bench: Bench) -> list[Row]:
    """Seconds and peak memory; the limit is SQLite counting the instances once."""
    path = bench.folder / f"ledger-{bench['instances']}-{bench['per-series']}.sqlite"
    if not path.exists():
        write_ledger(path, bench["instances"], bench["per-series"])
    ways: tuple[Kind, Kind] = ("ours", "limit")
    runs = bench.interleave({way: partial(child, __name__, way, path) for way in ways})
    kinds: dict[str, Kind] = {way: way for way in ways}
    subject = f"catalogue of {bench['instances']:,} instances"
    return [
        *compare(subject, "s", picked(runs, lambda f: f["seconds"]), kinds),
        *compare(subject, "peak MB", picked(runs, lambda f: f["peak_mb"]), kinds),
    ]


def main() -> None:
    """`ours LEDGER` or `limit LEDGER`, in a process of its own."""
    way, path = sys.argv[1], Path(sys.argv[2])
    with Ledger.open(path, read_only=True) as ledger, Clock() as clock:
        if way == "ours":
            read_figures(ledger)
        else:
            ledger.number("SELECT count(*) FROM instance WHERE state = 'verified'")
    print(json.dumps(clock.figures))


if __name__ == "__main__":
    main()
