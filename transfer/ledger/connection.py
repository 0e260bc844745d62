"""The SQLite file of one transfer: opening it, migrating it, and writing in transactions."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from transfer import checkpoint
from transfer.clock import utc_now
from transfer.errors import EpochLost, LedgerDamaged, UsageError
from transfer.ledger.identity import Names
from transfer.workspace import private_opener

BUSY_TIMEOUT_S = 30.0
# "EUCT" in the header of the file, since the 24th step of the schema.
_APPLICATION_ID = 0x45554354
_MARKED_SINCE = 24
# SQLite's own files grow by 32 KiB; with less than a few of those left it cannot work.
_FULL_BYTES = 256 * 1024
# What SQLite says when the system refused a call, whatever the file holds: a quota that is used up
# is an I/O error to it, and a file system that turned read-only is another.
_OF_THE_DISK = ("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")
_OF_THE_FILE = ("SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_CORRUPTFS", "SQLITE_IOERR_DATA")
_PAGE = 2000
_T = TypeVar("_T")


def _migrations() -> list[tuple[int, str]]:
    folder = resources.files("transfer.ledger") / "migrations"
    found = [
        (int(entry.name.split("_")[0]), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    return sorted(found)


def _casefold(text: object) -> str:
    return str(text or "").casefold()


def _part_of(patient_id: object, parts: object) -> int:
    from transfer.ledger.parts import part_of

    return part_of(str(patient_id), int(str(parts)))


class Ledger:
    """One connection to a ledger, used by the thread that opened it.

    A writer whose `epoch` is set checks it at the start of every transaction: a runner that
    lost its place finds out before it can write a row; its `leased` hears of every request before
    that is made, and keeps it outside of the ledger. `names` tells under which identity things
    are known to the node; whoever holds the cohort's key replaces it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, read_only: bool) -> None:
        self._path = path
        self._connection = connection
        self._durable = True
        self.read_only = read_only
        self.epoch: int | None = None
        self.leased: Callable[[int], None] | None = None
        self.names = Names()

    @property
    def path(self) -> Path:
        return self._path

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Ledger:
        """Open an existing ledger and bring its schema up to date.

        Raises:
            LedgerDamaged: it is not a ledger, or SQLite cannot read it.
            UsageError: it was written by a newer version of this program.
        """
        if not path.exists():
            raise LedgerDamaged("The ledger of this transfer is missing.", way_out(path))
        ledger = cls._connect(path, read_only=read_only)
        if read_only and ledger._version() < _migrations()[-1][0]:
            ledger.close()
            cls._connect(path, read_only=False).close()
            ledger = cls._connect(path, read_only=True)
        return ledger

    @classmethod
    def create(cls, path: Path) -> Ledger:
        """Make a new, empty ledger that only its owner can read."""
        os.close(private_opener(os.fspath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL))
        return cls._connect(path, read_only=False, is_new=True)

    @classmethod
    def _connect(cls, path: Path, *, read_only: bool, is_new: bool = False) -> Ledger:
        mode = "ro" if read_only else "rw"
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
            )
        except sqlite3.DatabaseError as error:
            raise _damaged(error, path) from error
        ledger = cls(path, connection, read_only=read_only)
        try:
            if not is_new:
                # Before anything is written: SQLite makes a database out of an empty file.
                ledger._refuse_foreign()
            ledger._prepare()
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise _damaged(error, path) from error
            raise
        return ledger

    def _refuse_foreign(self) -> None:
        """Refuse a file that is none of this program's ledgers, or has lost what one begins with.

        Costs the same however large the ledger is: SQLite reads the header, compares the number of
        pages with the size of the file, and reads the schema.
        """
        version = self._version()
        mark = int(self._connection.execute("PRAGMA application_id").fetchone()[0])
        wanted = (_APPLICATION_ID,) if version >= _MARKED_SINCE else (0, _APPLICATION_ID)
        found = self._connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
            " AND name IN ('transfer', 'runner', 'instance', 'word')"
        ).fetchone()
        if version < 1 or mark not in wanted or found[0] < 4:
            raise LedgerDamaged(
                "The file ledger.sqlite is empty, or is not the ledger of a transfer.",
                way_out(self._path),
            )

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA foreign_keys = ON")
        # SQLite's own lower() knows no letters beyond ASCII.
        self._connection.create_function("casefold", 1, _casefold, deterministic=True)
        self._connection.create_function("part_of", 2, _part_of, deterministic=True)
        if self.read_only:
            execute("PRAGMA query_only = ON")
        else:
            execute("PRAGMA journal_mode = WAL")
            execute("PRAGMA synchronous = FULL")
            execute("PRAGMA wal_autocheckpoint = 2000")
        current, known = self._version(), _migrations()
        if current > known[-1][0]:
            raise UsageError(
                "This transfer was made by a newer version of eucaim-transfer.",
                "Use that version, or a later one, on this transfer.",
            )
        if self.read_only:
            return
        for number, script in known:
            if number > current:
                self._migrate(number, script)
                checkpoint.passed("migrated")

    def _migrate(self, number: int, script: str) -> None:
        """Take one step of the schema, unless another process takes it at this very moment: a
        screen and a command may be the first two to open a ledger after an update."""

        def demand_older(version: int) -> None:
            if version >= number:
                raise ValueError("taken already")

        self._connection.create_function("demand_older", 1, demand_older)
        try:
            self._connection.executescript(
                "BEGIN IMMEDIATE;\nSELECT demand_older(user_version) FROM pragma_user_version;\n"
                f"{script}\nPRAGMA user_version = {number};\nCOMMIT;"
            )
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.rollback()
            if self._version() < number:
                raise

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @property
    def folder(self) -> Path:
        """The folder of the transfer, its ledger in it."""
        return self._path.parent

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        self._connection.close()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Ledger]:
        """One short write, all or nothing.

        `durable=False` is for what can be made again (scan rows, progress): it survives a
        killed process but perhaps not a power cut. Outcomes and words of persons are durable.

        Raises:
            EpochLost: another runner has taken this one's place.
            LedgerDamaged: the disk is full or the file cannot be written.
        """
        try:
            if durable is not self._durable:
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            raise _damaged(error, self._path) from error
        try:
            if self.epoch is not None:
                now = int(self._connection.execute("SELECT epoch FROM runner").fetchone()[0])
                if now != self.epoch:
                    raise EpochLost(
                        "Another runner has taken over this transfer.",
                        "Nothing to do: it goes on where this one stopped.",
                    )
            yield self
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise _damaged(error, self._path) from error
            raise

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a query; for answers that are bounded by their `LIMIT`."""
        return self._guarded(lambda: self._connection.execute(sql, parameters).fetchall())

    def each(self, sql: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one after the other, however many they are; read to the end, or not
        at all, before anything is written."""
        cursor = self._guarded(lambda: self._connection.execute(sql, parameters))
        while page := self._guarded(lambda: cursor.fetchmany(_PAGE)):
            yield from page

    def row(self, sql: str, *parameters: object) -> tuple[Any, ...] | None:
        """The first row of a query."""
        found: tuple[Any, ...] | None = self._guarded(
            lambda: self._connection.execute(sql, parameters).fetchone()
        )
        return found

    def number(self, sql: str, *parameters: object) -> int:
        """The first value of a query as a number; 0 where there is none."""
        found = self.row(sql, *parameters)
        value = found[0] if found else None
        return value if isinstance(value, int) else 0

    def write(self, sql: str, *parameters: object) -> int:
        """One statement inside a transaction; the id of the row it added, if any."""
        cursor = self._connection.execute(sql, parameters)
        return cursor.lastrowid or 0

    def write_many(self, sql: str, parameters: list[tuple[object, ...]]) -> None:
        """The same statement for many rows, inside a transaction."""
        self._connection.executemany(sql, parameters)

    def record_event(self, kind: str, text: str) -> None:
        """Add a line to the transfer's history, inside a transaction. No identifiers."""
        self.write("INSERT INTO event (at_utc, kind, text) VALUES (?, ?, ?)", utc_now(), kind, text)

    def copy_to(
        self,
        path: Path,
        *,
        pages: int = -1,
        progress: Callable[[int, int, int], object] | None = None,
    ) -> None:
        """Write the ledger as it is at this moment into a new file, its owner's alone, whoever
        writes meanwhile (SQLite's online backup); `progress` is called after every so many pages,
        and may end it by raising.

        Raises:
            FileExistsError: there is one.
            LedgerDamaged: the disk is full, or the ledger cannot be read.
        """
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(path)) as copy, self._as_of_now():
            self._guarded(
                lambda: self._connection.backup(copy, pages=pages, progress=progress, sleep=0)
            )

    @contextmanager
    def _as_of_now(self) -> Iterator[None]:
        """One state for as long as this lasts; else the copy begins anew at each commit."""
        self._guarded(lambda: self._connection.execute("BEGIN"))
        try:
            self._guarded(lambda: self._connection.execute("SELECT 1 FROM transfer").fetchone())
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def erase_deleted(self) -> None:
        """From now on what this connection deletes or replaces is overwritten in the file."""
        self._guarded(lambda: self._connection.execute("PRAGMA secure_delete = ON").fetchall())

    def compact(self) -> bool:
        """Write the file anew without anything that was deleted, and empty the log beside it; False
        where somebody reads the ledger at this moment, so that the log could not be emptied. Needs
        free space of twice the file."""
        self._guarded(lambda: self._connection.execute("VACUUM"))
        busy = self.row("PRAGMA wal_checkpoint(TRUNCATE)")
        return busy is not None and not busy[0]

    def _guarded(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except sqlite3.DatabaseError as error:
            raise _damaged(error, self._path) from error


def _is_disk_full(error: sqlite3.DatabaseError, path: Path) -> bool:
    """SQLite says `full` of the ledger and the log, but `I/O error` of its shared memory."""
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return True
    if not name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
        return False
    try:
        return shutil.disk_usage(path.parent).free < _FULL_BYTES
    except OSError:
        return False


def _damaged(error: sqlite3.DatabaseError, path: Path) -> LedgerDamaged:
    if _is_disk_full(error, path):
        return LedgerDamaged(
            "The disk that holds the ledger is full; the transfer stopped with nothing lost.",
            "Free some space there, then go on with: eucaim-transfer upload NAME",
        )
    if "locked" in str(error):
        return LedgerDamaged(
            "The ledger is held by another program.",
            "Close whatever else has the transfer's folder open: a backup, or a run of this program"
            " that was suspended (fg lets it go on). Then try again.",
        )
    kind = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if kind.startswith(_OF_THE_DISK) and kind not in _OF_THE_FILE:
        return LedgerDamaged(
            f"The disk that holds the ledger does not let it be read or written ({kind}); the"
            " transfer stopped with nothing lost.",
            "See that the disk is there, healthy, within its quota and not read-only; then go on"
            " with: eucaim-transfer upload NAME",
        )
    return LedgerDamaged(f"The ledger cannot be read or written ({kind}).", way_out(path))


def way_out(path: Path) -> str:
    """What to do about a damaged ledger: what is kept beside it, or the node and the source, give
    it back."""
    return (
        "Keep the transfer's folder as it is. See what is damaged, and how the ledger comes back,"
        f" with: eucaim-transfer recover {path.parent.name}"
    )
