"""Damage to a ledger that is done by nobody's program: bytes overwritten, files cut, lost, foreign.

What is overwritten, and with what, is decided by a seed alone.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

PAGE: Final = 4096
LOG: Final = "-wal"
BACKUP: Final = "ledger.backup.sqlite"


def beside(ledger: Path, ending: str) -> Path:
    """The file that SQLite keeps beside a ledger."""
    return ledger.with_name(f"{ledger.name}{ending}")


def settle(ledger: Path) -> None:
    """Let the log flow into the file, so that damage to that is not mended by it."""
    with closing(sqlite3.connect(ledger)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def overwrite(ledger: Path, offset: int, length: int, seed: int) -> None:
    """Put so much noise in the file, from an offset on, as far as the file goes."""
    settle(ledger)
    with ledger.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(offset)
        file.write(random.Random(seed).randbytes(min(length, max(0, size - offset))))  # noqa: S311 - noise


def pages_of(ledger: Path, table: str) -> list[int]:
    """The pages of a table or an index, from 1."""
    with closing(sqlite3.connect(ledger)) as raw:
        try:
            rows = raw.execute("SELECT pageno FROM dbstat WHERE name = ? ORDER BY 1", (table,))
            return [int(page) for (page,) in rows]
        except sqlite3.OperationalError:
            # Built without dbstat: the root alone is known.
            rows = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
            return [int(page) for (page,) in rows]


def ruin_pages(ledger: Path, table: str, seed: int) -> None:
    """Noise in every page of a table or an index."""
    settle(ledger)
    found = pages_of(ledger, table)
    assert found, f"nothing called {table} is in the ledger"
    for page in found:
        overwrite(ledger, (page - 1) * PAGE, PAGE, seed + page)


def ruin_header(ledger: Path) -> None:
    """Noise in the first page: nothing opens it any more."""
    overwrite(ledger, 0, PAGE, 7)


def cut(ledger: Path) -> None:
    """The second half is gone, as after a disk that ran full under a copy."""
    settle(ledger)
    with ledger.open("r+b") as file:
        file.truncate(ledger.stat().st_size // 2 // PAGE * PAGE)


def empty(ledger: Path) -> None:
    """A file of no length, and no log beside it."""
    for ending in ("-wal", "-shm"):
        beside(ledger, ending).unlink(missing_ok=True)
    with ledger.open("r+b") as file:
        file.truncate(0)


def lose(ledger: Path) -> None:
    """The file is not there any more, nor its log."""
    for ending in ("", "-wal", "-shm"):
        beside(ledger, ending).unlink(missing_ok=True)


def lose_log(ledger: Path) -> None:
    """The log alone is gone, and with it whatever had not flowed into the file."""
    assert beside(ledger, LOG).stat().st_size > 0, "nothing is in the log"
    for ending in ("-wal", "-shm"):
        beside(ledger, ending).unlink()


def put_foreign(ledger: Path) -> None:
    """Another program's SQLite file in its place."""
    lose(ledger)
    with closing(sqlite3.connect(ledger)) as raw:
        raw.execute("PRAGMA application_id = 252006673")
        raw.execute("CREATE TABLE recipe (name TEXT)")
        raw.execute("PRAGMA user_version = 3")
        raw.commit()


def put_older(ledger: Path, older: Path) -> None:
    """A copy from earlier in its place, as whoever restores a folder does."""
    lose(ledger)
    ledger.write_bytes(older.read_bytes())


def ruin_instances(ledger: Path) -> None:
    """Noise where instances stand."""
    ruin_pages(ledger, "instance", 11)


def ruin_index(ledger: Path) -> None:
    """Noise in the index by which instances of a request are found."""
    ruin_pages(ledger, "instance_batch", 13)


DAMAGE: Final[dict[str, Callable[[Path], None]]] = {
    "header overwritten": ruin_header,
    "instances overwritten": ruin_instances,
    "index overwritten": ruin_index,
    "half of it cut off": cut,
    "emptied": empty,
    "lost": lose,
    "another program's file": put_foreign,
}
