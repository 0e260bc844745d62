"""Ledgers that earlier versions of this program made, as dumps of SQL: `tests/ledger/versions`.

Each is of a transfer of twelve small images in three Series, ended by SIGKILL in the middle of its
upload, by the last state of the program whose schema had that number. Numbers of which there is
none came in together with a later one: a ledger stands there only where an update was interrupted,
and that is how it is made here. The images are those of `write_cohort`, whose UIDs are as long
under each root, so that they can be put on any other.
"""

from __future__ import annotations

import lzma
import os
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Final

from tests.faults.cohort import Cohort

FOLDER: Final = Path(__file__).parents[1] / "ledger" / "versions"
SERIES: Final = 3
PER_SERIES: Final = 4
_ROOT: Final = "1.2.9.100"
_MTIME_S: Final = 1_600_000_000


def versions() -> list[int]:
    """The numbers of the schemas that there are ledgers of."""
    return sorted(int(path.name.partition(".")[0]) for path in FOLDER.glob("*.sql.xz"))


def steps() -> list[tuple[int, str]]:
    """The steps of the schema as they are now."""
    folder = files("transfer.ledger.migrations")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((int(entry.name[:4]), entry.read_text("utf-8")) for entry in found)


def put_version(number: int, ledger: Path, cohort: Cohort) -> None:
    """Put the ledger of that version in the place of another, on the images of this cohort."""
    assert len(cohort.uid_root) == len(_ROOT), "sizes of files would differ"
    begun = max(known for known in versions() if known <= number)
    sql = lzma.decompress((FOLDER / f"{begun:04d}.sql.xz").read_bytes()).decode()
    for path in ledger.parent.glob("ledger*"):
        path.unlink()
    with closing(sqlite3.connect(ledger)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.executescript(sql.replace(f"{_ROOT}.", f"{cohort.uid_root}."))
        raw.execute("UPDATE transfer SET source = ?", (os.fsencode(cohort.folder),))
        raw.commit()
        for step, script in steps():
            if begun < step <= number:
                raw.executescript(f"BEGIN; {script}\nPRAGMA user_version = {step}; COMMIT;")
        assert raw.execute("PRAGMA user_version").fetchone() == (number,)
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    ledger.chmod(0o600)
    for path in cohort.folder.rglob("*"):
        os.utime(path, (_MTIME_S, _MTIME_S))
