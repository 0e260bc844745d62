"""The record of a rehearsal: what would have gone, kept beside the transfer for the comparison.

A file of its own, not part of the ledger: nothing of a rehearsal counts for the transfer.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from transfer import __version__
from transfer.clock import utc_now
from transfer.errors import LedgerDamaged
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import DeidRun, newest_run
from transfer.private import sync_folder
from transfer.rehearsing.decisions import decisions
from transfer.rehearsing.gone import WHATS, Gone, What, gone, new_salt

_FORM: Final = "eucaim-transfer rehearsal 1"
_SCHEMA: Final = """
CREATE TABLE summary (document TEXT NOT NULL);
CREATE TABLE gone (
  what TEXT NOT NULL,
  mark BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  kind TEXT NOT NULL
);
"""
_INDEX: Final = "CREATE UNIQUE INDEX gone_mark ON gone (what, mark)"
_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class Summary:
    """One whole rehearsal. `kind` is that of the node that stood in; `only_patients`: how many were
    chosen for it, 0 where all took part. `deid` is None where nothing is de-identified; `salt` the
    key of the marks, in hex."""

    at_utc: str
    version: str
    kind: str
    only_patients: int
    salt: str
    deid: Mapping[str, str] | None
    decisions: Mapping[str, str]
    counts: Mapping[str, int] = field(default_factory=dict)
    publication: Mapping[str, Any] = field(default_factory=dict)


def write_record(
    path: Path,
    ledger: Ledger,
    kind: str,
    decided: Mapping[str, str],
    publication: Mapping[str, Any],
    only_patients: int = 0,
) -> Summary:
    """Write the record of the rehearsal in `ledger`, in place of an earlier one; `decided` are the
    decisions by which it went.

    Raises:
        LedgerDamaged: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    salt = new_salt()
    run = newest_run(ledger)
    counts: dict[str, int] = {}
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as record:
            # One that was not written to its end is no record: nothing of it has to be undone.
            record.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
            record.execute("BEGIN")
            for what in WHATS:
                counts[what] = _write(record, what, gone(ledger, what, salt))
            record.execute(_INDEX)
            summary = Summary(
                utc_now(),
                __version__,
                kind,
                only_patients,
                salt.hex(),
                _told(run[1]) if run else None,
                decided or decisions(ledger),
                counts,
                publication,
            )
            document = {"form": _FORM, **asdict(summary)}
            record.execute("INSERT INTO summary VALUES (?)", (json.dumps(document),))
            record.execute("COMMIT")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)
        sync_folder(path.parent)
    except (sqlite3.Error, OSError) as error:
        draft.unlink(missing_ok=True)
        raise LedgerDamaged(
            "The record of the rehearsal cannot be written.",
            "See that the disk of the home has space left, then rehearse again.",
        ) from error
    return summary


def _write(record: sqlite3.Connection, what: What, things: Iterator[Gone]) -> int:
    n = 0
    for thing in things:
        record.execute(
            "INSERT INTO gone VALUES (?, ?, ?, ?, ?)",
            (what, thing.mark, thing.sha256, thing.size_bytes, thing.kind),
        )
        n += 1
    return n


def _told(run: DeidRun) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(run).items()}


class Record:
    """The record of a rehearsal, read; to be closed.

    Raises:
        LedgerDamaged: it is none, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._record = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            try:
                self.summary = self._summary()
            except BaseException:
                self._record.close()
                raise
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            raise _unreadable() from error

    def close(self) -> None:
        self._record.close()

    def digests(self, what: What, marks: Sequence[bytes]) -> dict[bytes, bytes]:
        """The digests of those of these things that went in the rehearsal."""
        wanted = ", ".join("?" * len(marks))
        return dict(
            self._rows(f"SELECT mark, sha256 FROM gone WHERE what = ? AND mark IN ({wanted})",  # noqa: S608 - question marks
                       what, *marks)
        )  # fmt: skip

    def kinds(self, what: What) -> dict[str, int]:
        """How many went, by kind."""
        return dict(
            self._rows(
                "SELECT kind, count(*) FROM gone WHERE what = ? GROUP BY kind ORDER BY kind", what
            )
        )

    def _summary(self) -> Summary:
        [(text,)] = self._record.execute("SELECT document FROM summary").fetchall()
        document = json.loads(text)
        if document.pop("form") != _FORM:
            raise ValueError
        known = {each.name for each in fields(Summary)}
        return Summary(**{name: value for name, value in document.items() if name in known})

    def _rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        try:
            return self._record.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise _unreadable() from error


def read_summary(path: Path) -> Summary | None:
    """What the last whole rehearsal came to; None where there was none.

    Raises:
        LedgerDamaged: its record cannot be read.
    """
    if not path.is_file():
        return None
    with closing(Record(path)) as record:
        return record.summary


def _unreadable() -> LedgerDamaged:
    return LedgerDamaged(
        "The record of the rehearsal cannot be read; the transfer is not touched by that.",
        "Rehearse again while nothing has gone; else remove rehearsal/record.sqlite from the"
        " transfer's folder.",
    )
