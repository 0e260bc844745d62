"""A ledger as it stands in the middle of an upload, at any size, for what grows with it to be
measured on.

`python -m tests.benchmarks.synthetic HOME NAME --instances N [--deid eucaim]` makes a transfer in a
home of its own: half of it is on the node and listed, one Series in a hundred was acknowledged
and is still to be listed, four requests were under way when the runner ended, all else is planned.
A few instances, a hundred at most, were refused. Two Studies a patient, three Series a Study. Files
are there for the first to go alone, all under one content.

The schema is the program's own. Triggers and indexes are put aside for the filling and made again
from it, tallies are counted once; the findings are those of the rules themselves.
"""

# ruff: noqa: S608 - what is put together here are literals of ours

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.tree import SLICE_PIXELS, Series
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order
from transfer.ledger.steps import set_step
from transfer.ledger.traits import record_traits_fingerprint
from transfer.orders import make_transfer
from transfer.quality.attributes import READ, fingerprint_of
from transfer.quality.circumstances import circumstances_of
from transfer.quality.judging import judge
from transfer.values import StepState
from transfer.workspace import Home, Workspace
from tui.method import method_of

NODE: Final = "bench"
PER_SERIES: Final = 250
_SERIES_A_STUDY: Final = 3
_STUDIES_A_PATIENT: Final = 2
_PER_BATCH: Final = 125
_INTERRUPTED: Final = 4
_FILES: Final = 2500
_PROTOCOLS: Final = 300
_MTIME_NS: Final = 1_700_000_000_000_000_000
_UID: Final = "1.2.826.0.1.3680043.8.498."
_NUMBERS: Final = "WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < :n)"
_CONFIG: Final = """[nodes.{node}]
kind = "upv"
auth = "none"
dicomweb_url = "https://127.0.0.1:{port}/dicom-web"
"""


@dataclass(frozen=True)
class Size:
    """How much of it: `verified` and `sent` are the last Series of that state, `open_batches` the
    first and the last batch of a request without an answer."""

    instances: int

    @property
    def series(self) -> int:
        return -(-self.instances // PER_SERIES)

    @property
    def studies(self) -> int:
        return -(-self.series // _SERIES_A_STUDY)

    @property
    def patients(self) -> int:
        return -(-self.studies // _STUDIES_A_PATIENT)

    @property
    def verified(self) -> int:
        return self.series // 2

    @property
    def sent(self) -> int:
        return self.verified + max(1, self.series // 100)

    @property
    def open_batches(self) -> tuple[int, int]:
        first = self.sent * PER_SERIES // _PER_BATCH + 1
        return first, first + _INTERRUPTED - 1


def write_transfer(
    home: Home, name: str, instances: int, *, deid: str = "none", port: int = 9
) -> Workspace:
    """A transfer of that many instances in a home, which gets a node called `bench`."""
    size = Size(instances)
    home.prepare()
    with open(home.root / "config.toml", "a+") as config:
        config.seek(0)
        if f"[nodes.{NODE}]" not in config.read():
            config.write(_CONFIG.format(node=NODE, port=port))
    source = home.root.parent / f"{home.root.name}-{name}-source"
    file_bytes = _write_files(source, size)
    order = Order(name, NODE, source, "", site_id="BENCH" if deid != "none" else None, deid=deid)
    workspace = make_transfer(home, order)
    with Ledger.open(workspace.ledger) as ledger:
        spec = method_of(home, workspace, ledger)
        if spec is not None:
            from transfer.prepare.method import open_method

            open_method(ledger, spec)
        names = _Names(ledger, is_sealed=spec is not None)
    with closing(sqlite3.connect(workspace.ledger, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA cache_size = -400000")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("BEGIN")
        with _aside(db):
            _write_tree(db, size, names)
            _write_instances(db, size, file_bytes, names)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")
    with Ledger.open(workspace.ledger) as ledger:
        record_traits_fingerprint(ledger, fingerprint_of(READ))
        set_step(ledger, "scan", StepState.DONE, f"{instances} instances.")
        set_step(ledger, "upload", StepState.RUNNING)
        judge(ledger, circumstances_of(ledger, "integrity", requires_deidentified=False))
        with ledger.transaction():
            ledger.write("UPDATE runner SET epoch = 1, pid = 1, host = 'bench', phase = 'send'")
        told = ledger.number("SELECT count(DISTINCT series_id) FROM said")
        assert told == size.series, f"rules looked at {told} of {size.series} Series"
    return workspace


class _Names:
    """Under which names things leave: sealed as the program seals them, where it does."""

    def __init__(self, ledger: Ledger, *, is_sealed: bool) -> None:
        self.is_sealed = is_sealed
        self._close = ledger.names.seal.close if is_sealed else None

    def add_to(self, db: sqlite3.Connection) -> None:
        """As an SQL function: NULL where nothing is de-identified."""
        db.create_function("sealed", 2, self._sealed, deterministic=True)

    def _sealed(self, text: str, context: str) -> bytes | None:
        return self._close(text, context) if self._close else None


def _write_files(source: Path, size: Size) -> int:
    """The files that go first, as links to one; its length in bytes."""
    source.mkdir(parents=True, exist_ok=True)
    content = source / "slice.bin"
    content.write_bytes(Series(1).content(1, SLICE_PIXELS))
    os.utime(content, ns=(_MTIME_NS, _MTIME_NS))
    first = (size.open_batches[0] - 1) * _PER_BATCH + 1
    for number in range(first, min(first + _FILES, size.instances + 1)):
        path = source / _path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            os.link(content, path)
    return content.stat().st_size


def _path(number: int) -> str:
    series = (number - 1) // PER_SERIES + 1
    return f"s{series:06}/IM{number:08}.dcm"


@contextmanager
def _aside(db: sqlite3.Connection) -> Iterator[None]:
    """Triggers and indexes of the large tables are away, and back afterwards."""
    made = db.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql NOT NULL AND"
        " (type = 'trigger' OR type = 'index' AND tbl_name IN ('instance', 'source_file',"
        " 'batch', 'attempt', 'series', 'study'))"
    ).fetchall()
    for kind, name, _ in made:
        db.execute(f"DROP {kind} {name}")
    yield
    for _, _, sql in made:
        db.execute(sql)


def _write_tree(db: sqlite3.Connection, size: Size, names: _Names) -> None:
    """Patients, Studies, Series, and what their headers say."""
    names.add_to(db)
    db.execute(
        f"{_NUMBERS} INSERT INTO patient (id, original_id, original_name, pseudonym)"
        " SELECT i, printf('ID%07d', i), 'Doe^' || i, sealed('BENCH-' || i, 'patient id') FROM k",
        {"n": size.patients},
    )
    db.execute(
        f"{_NUMBERS} INSERT INTO person (id, patient_id, name, birth_date)"
        " SELECT i, i, 'Doe^' || i, '19600101' FROM k",
        {"n": size.patients},
    )
    db.execute(
        f"{_NUMBERS} INSERT INTO study (id, patient_id, study_uid, study_date, description,"
        f" out_study_uid) SELECT i, (i - 1) / {_STUDIES_A_PATIENT} + 1, '{_UID}1.' || i,"
        " printf('%d%02d%02d', 2010 + i % 14, 1 + i % 12, 1 + i % 28), 'CT Thorax',"
        " sealed('2.25.1' || i, 'study uid') FROM k",
        {"n": size.studies},
    )
    db.execute(
        f"{_NUMBERS} INSERT INTO series (id, study_id, series_uid, modality, series_number,"
        " description, body_part, manufacturer, out_series_uid)"
        f" SELECT i, (i - 1) / {_SERIES_A_STUDY} + 1, '{_UID}2.' || i, 'CT', i % 3 + 1, 'lung 1.0',"
        " 'CHEST', 'ACME', sealed('2.25.2' || i, 'series uid') FROM k",
        {"n": size.series},
    )
    _write_traits(db, size, is_made=names.is_sealed)


def _write_traits(db: sqlite3.Connection, size: Size, *, is_made: bool) -> None:
    """What headers say, once for all that say the same, and which of it each Series says."""
    rows: dict[str, int] = {}
    db.execute("CREATE TEMP TABLE says (series INTEGER PRIMARY KEY, traits, out_traits)")
    for series in range(1, size.series + 1):
        documents = [_document(series, is_made=made) for made in ((False, True)[: 1 + is_made])]
        of = [rows.setdefault(document, len(rows) + 1) for document in documents]
        db.execute("INSERT INTO says VALUES (?, ?, ?)", (series, of[0], of[1] if is_made else None))
    db.executemany("INSERT INTO traits (document, id) VALUES (?, ?)", rows.items())


def _document(series: int, *, is_made: bool) -> str:
    """One of a few hundred protocols, on the day of its Study; as it lies in the source, or as the
    profile `eucaim` leaves it."""
    study = (series - 1) // _SERIES_A_STUDY + 1
    day = _day(study)
    if is_made:
        day = f"{day[:4]}0101"
    values = {
        **({"-3": "YES", "-1": "0013"} if is_made else {"-1": "0019,0021"}),
        "131088": "1.2.840.10008.1.2.1",
        "524296": "ORIGINAL\\PRIMARY\\AXIAL",
        "524310": "1.2.840.10008.5.1.4.1.1.2",
        "524320": day,
        "524321": day,
        # One Series in twenty lacks its Acquisition Date.
        **({"524322": day} if series % 20 else {}),
        "524323": day,
        "524384": "CT",
        "524400": "ACME",
        **({} if is_made else {"528432": "CT Thorax"}),
        "528446": f"lung {series % _PROTOCOLS}",
        "1048640": "FM"[study % 2],
        "1052688": f"{20 + study % 70:03}Y",
        **({"1179746": "YES", "1179747": "EUCAIM profile eucaim 1.0"} if is_made else {}),
        "1572885": "CHEST",
        **({"2622211": "MODIFIED"} if is_made else {}),
    }
    return json.dumps(values, separators=(",", ":"))


def _day(study: int) -> str:
    return f"{2010 + study % 14}{1 + study % 12:02}{1 + study % 28:02}"


def _write_instances(db: sqlite3.Connection, size: Size, file_bytes: int, names: _Names) -> None:
    """Files, batches and instances in their states, and the tallies of them."""
    first, last = size.open_batches
    values = {
        "n": size.instances,
        "bytes": file_bytes,
        "verified": size.verified * PER_SERIES,
        "sent": size.sent * PER_SERIES,
        "sealed_to": size.sent * PER_SERIES + _FILES,
        "refused": max(1000, size.instances // 200),
        "first": first,
        "last": last,
        "at": "2024-06-01T00:00:00.000Z",
    }
    db.execute(
        f"{_NUMBERS} INSERT INTO source_file SELECT i, CAST(printf('s%06d/IM%08d.dcm',"
        f" (i - 1) / {PER_SERIES} + 1, i) AS BLOB), :bytes, {_MTIME_NS}, 1, 'instance', 'instance',"
        " '', NULL, NULL FROM k",
        values,
    )
    db.execute(
        "INSERT INTO file_tally SELECT 'instance', 'instance', :n, :n * :bytes WHERE :n", values
    )
    batches = -(-size.instances // _PER_BATCH)
    db.execute(
        f"{_NUMBERS} INSERT INTO batch SELECT i, iif(i < :first, 'done', iif(i <= :last, 'sending',"
        " 'planned')), i <= :last FROM k",
        {**values, "n": batches},
    )
    db.execute(
        "INSERT INTO attempt SELECT id, id, 1, :at, iif(state = 'done', :at, NULL),"
        " iif(state = 'done', 'answered', '') FROM batch WHERE state <> 'planned'",
        values,
    )
    out = (
        "iif(i BETWEEN :verified AND :sealed_to, sealed('2.25.3' || i, 'sop instance uid'),"
        " CAST(printf('%086d', i) AS BLOB)), '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1',"
        " lower(hex(randomblob(32))), 1, s.out_traits"
    )
    db.execute(
        f"""{_NUMBERS}
        INSERT INTO instance (id, file_id, file_bytes, file_mtime_ns, series_id, sop_instance_uid,
          sop_class_uid, transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes,
          state, reason, batch_id, attempts, sha256, evidence, sent_at_utc, verified_at_utc,
          traits_id, person_id, out_sop_instance_uid, out_sop_class_uid,
          out_transfer_syntax_uid, head_sha256, deid_run, out_traits_id, facts_of_ns)
        SELECT i, i, :bytes, {_MTIME_NS}, (i - 1) / :per + 1, '{_UID}' || (100000000000 + i),
          '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', 0, 1, 1, :bytes,
          CASE WHEN i > :sent THEN 'ready' WHEN i % :refused = 0 THEN 'failed'
            WHEN i <= :verified THEN 'verified' ELSE 'sent' END,
          iif(i % :refused = 0 AND i <= :sent, 'The node refused it: SOP Class not supported.', ''),
          (i - 1) / {_PER_BATCH} + 1, i <= :sent AND i % :refused = 0,
          iif(i <= :sent, lower(hex(randomblob(32))), NULL), iif(i <= :sent, 'stored', ''),
          iif(i <= :sent AND i % :refused > 0, :at, NULL),
          iif(i <= :verified AND i % :refused > 0, :at, NULL),
          s.traits, (i - 1) / (:per * 6) + 1,
          {out if names.is_sealed else "NULL, NULL, NULL, NULL, NULL, NULL"}, {_MTIME_NS}
        FROM k CROSS JOIN temp.says s ON s.series = (i - 1) / :per + 1""",
        {**values, "per": PER_SERIES},
    )
    db.execute(
        "INSERT INTO tally SELECT series_id, state, count(*), sum(size_bytes) FROM instance"
        " GROUP BY series_id, state"
    )
    # What a trigger would have noted: else rules take it that no Series says anything.
    db.execute("INSERT INTO said_anew SELECT id FROM series")


def main() -> None:
    """Make one, and print how long it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.synthetic")
    parser.add_argument("home", type=Path)
    parser.add_argument("name")
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--deid", default="none")
    options = parser.parse_args()
    began = time.perf_counter()
    workspace = write_transfer(
        Home.at(options.home.absolute()), options.name, options.instances, deid=options.deid
    )
    size_bytes = workspace.ledger.stat().st_size
    print(json.dumps({"seconds": time.perf_counter() - began, "ledger_bytes": size_bytes}))


if __name__ == "__main__":
    main()
