"""What `deid IN OUT` knows of each file while it works: rows that need no memory, and are gone
with the process (a temporary database of SQLite, which lies on the disk without a name)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final

from transfer.deid.look.identifiers import Fact, Identifiers, Kind

_SCHEMA: Final = """
CREATE TABLE walked (path BLOB, size INTEGER, mtime INTEGER, refusal TEXT);
CREATE TABLE file (
  row INTEGER PRIMARY KEY, path BLOB, size INTEGER, mtime INTEGER, fate TEXT, reason TEXT,
  message TEXT, patient INTEGER, number INTEGER, sop TEXT,
  new_patient TEXT, new_study TEXT, new_series TEXT, out_bytes INTEGER, is_marked INTEGER
);
CREATE TABLE hit (row INTEGER, place TEXT);
CREATE TABLE patient (id INTEGER PRIMARY KEY, mark TEXT UNIQUE);
CREATE TABLE fact (patient INTEGER, kind TEXT, text TEXT, UNIQUE (patient, kind, text));
"""
_AT_A_TIME: Final = 1000


class Fate(StrEnum):
    """How a file of the input ends; each has exactly one."""

    WRITTEN = "written"
    TABLE = "table"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"
    STOPPED = "stopped"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file that is worked on. `row` is its rank among all paths, from 1."""

    row: int
    path: bytes = field(repr=False)
    scanned: tuple[int, int]
    patient: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one fate and one reason."""

    fate: Fate
    reason: str
    message: str
    rows: tuple[int, ...]
    count: int


class Rows:
    """All files of the input, and the patients whose identifiers were found in them."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def __enter__(self) -> Rows:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def fill(self, walked: Iterable[tuple[bytes, int, int, str]]) -> int:
        """Take in all that was met on the walk, in the order of the paths; how many."""
        self._db.executemany("INSERT INTO walked VALUES (?, ?, ?, ?)", walked)
        self._db.execute(
            "INSERT INTO file (row, path, size, mtime, reason)"
            " SELECT row_number() OVER (ORDER BY path), path, size, mtime, refusal FROM walked"
        )
        self._db.execute("DROP TABLE walked")
        return self._number("SELECT count(*) FROM file")

    def refused(self) -> list[tuple[int, str]]:
        """Row and reason code of what the walk could not read."""
        return list(self._db.execute("SELECT row, reason FROM file WHERE reason <> ''"))

    def open_files(self) -> Iterator[FileRow]:
        """The files without a fate, by row; those may be given one meanwhile."""
        after = 0
        while batch := list(
            self._db.execute(
                "SELECT row, path, size, mtime, coalesce(patient, 0) FROM file"
                " WHERE fate IS NULL AND row > ? ORDER BY row LIMIT ?",
                (after, _AT_A_TIME),
            )
        ):
            for row, path, size, mtime, patient in batch:
                yield FileRow(row, path, (size, mtime), patient)
            after = batch[-1][0]

    def end(self, row: int, fate: Fate, reason: str = "", message: str = "") -> None:
        """Give a file its fate."""
        self._db.execute(
            "UPDATE file SET fate = ?, reason = ?, message = ? WHERE row = ?",
            (fate, reason, message, row),
        )

    def learn(
        self, row: int, mark: str, facts: Iterable[Fact], number: int | None, sop: str
    ) -> None:
        """Whose a file is, what it tells of the patient, and where it stands in its series."""
        self._db.execute("INSERT OR IGNORE INTO patient (mark) VALUES (?)", (mark,))
        patient = self._number("SELECT id FROM patient WHERE mark = ?", (mark,))
        self._db.executemany(
            "INSERT OR IGNORE INTO fact VALUES (?, ?, ?)",
            [(patient, kind.value, text) for kind, text in facts],
        )
        self._db.execute(
            "UPDATE file SET patient = ?, number = ?, sop = ? WHERE row = ?",
            (patient, number, sop, row),
        )

    def identifiers(self, patient: int) -> Identifiers:
        """All that all files of a patient tell."""
        return self._identifiers("SELECT kind, text FROM fact WHERE patient = ?", (patient,))

    def identifiers_by_mark(self, mark: str) -> Identifiers:
        """The same, for a patient by the mark; of nobody where there is none such."""
        return self._identifiers(
            "SELECT kind, text FROM fact JOIN patient ON patient.id = fact.patient WHERE mark = ?",
            (mark,),
        )

    def identifiers_of_all(self) -> Identifiers:
        """Names and numbers of all patients."""
        kinds = (Kind.NAME, Kind.PATIENT_ID, Kind.OTHER_ID)
        return self._identifiers(
            "SELECT DISTINCT kind, text FROM fact WHERE kind IN (?, ?, ?)",
            tuple(kind.value for kind in kinds),
        )

    def write(self, row: int, names: tuple[str, str, str], size: int, *, is_marked: bool) -> None:
        """A draft of the file is there, under these new names of patient, study and series."""
        self._db.execute(
            "UPDATE file SET fate = ?, reason = '', new_patient = ?, new_study = ?, new_series = ?,"
            " out_bytes = ?, is_marked = ? WHERE row = ?",
            (Fate.WRITTEN, *names, size, is_marked, row),
        )

    def stop(self, row: int, places: Iterable[str], message: str) -> None:
        """An identifier was found in what would be written of a file."""
        self.end(row, Fate.STOPPED, "identifier-found", message)
        self._db.executemany("INSERT INTO hit VALUES (?, ?)", [(row, place) for place in places])

    def stop_patients(self, message: str) -> list[int]:
        """Stop all that was written of a patient of whom an identifier was found; their rows."""
        stopped = (
            "FROM file WHERE fate = ? AND patient IN"
            " (SELECT patient FROM file JOIN hit USING (row))"
        )
        rows = [row for (row,) in self._db.execute(f"SELECT row {stopped}", (Fate.WRITTEN,))]
        for row in rows:
            self.end(row, Fate.STOPPED, "patient-stopped", message)
        return rows

    def hits(self) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """For each stopped patient: the first row, how many files hold a hit, and the places."""
        found = self._db.execute(
            "SELECT patient, min(row), count(DISTINCT row) FROM file JOIN hit USING (row)"
            " GROUP BY patient ORDER BY min(row)"
        )
        for patient, row, count in found:
            places = self._db.execute(
                "SELECT DISTINCT place FROM file JOIN hit USING (row) WHERE patient = ?"
                " ORDER BY place",
                (patient,),
            )
            yield row, count, tuple(place for (place,) in places)

    def merged(self) -> list[int]:
        """How many patients share a new Patient ID, for each that is shared."""
        found = self._db.execute(
            "SELECT count(DISTINCT patient) AS n FROM file WHERE fate = ?"
            " GROUP BY new_patient HAVING n > 1",
            (Fate.WRITTEN,),
        )
        return [n for (n,) in found]

    def written(self) -> Iterator[tuple[int, bytes, str, str, str]]:
        """Row, path and new names of all drafts, series by series: by Instance Number, then by SOP
        Instance UID; without a number last."""
        return self._db.execute(
            "SELECT row, path, new_patient, new_study, new_series FROM file WHERE fate = ?"
            " ORDER BY new_patient, new_study, new_series, number IS NULL, number, sop, row",
            (Fate.WRITTEN,),
        )

    def counts(self) -> dict[str, int]:
        """How many files ended how."""
        counts = {fate.value: 0 for fate in Fate}
        counts.update(self._db.execute("SELECT fate, count(*) FROM file GROUP BY fate"))
        return counts

    def totals(self) -> tuple[int, int, int, int, int]:
        """Patients, studies, series, bytes written, and instances that carry no mark."""
        (row,) = self._db.execute(
            "SELECT count(DISTINCT new_patient), count(DISTINCT new_study),"
            " count(DISTINCT new_series), coalesce(sum(out_bytes), 0),"
            " count(*) - coalesce(sum(is_marked), 0) FROM file WHERE fate = ?",
            (Fate.WRITTEN,),
        )
        return tuple(row)

    def groups(self, at_most: int) -> list[Group]:
        """All that was not written, by fate and reason, `at_most` rows named of each."""
        found = self._db.execute(
            "SELECT fate, reason, message, count(*) FROM file WHERE fate NOT IN (?, ?)"
            " GROUP BY fate, reason, message ORDER BY fate, count(*) DESC, reason",
            (Fate.WRITTEN, Fate.TABLE),
        ).fetchall()
        return [
            Group(Fate(fate), reason, message, self._rows(fate, reason, message, at_most), count)
            for fate, reason, message, count in found
        ]

    def path(self, row: int) -> bytes:
        """The path of a file, which may hold a patient's name."""
        (found,) = self._db.execute("SELECT path FROM file WHERE row = ?", (row,))
        return bytes(found[0])

    def _rows(self, fate: str, reason: str, message: str, at_most: int) -> tuple[int, ...]:
        found = self._db.execute(
            "SELECT row FROM file WHERE fate = ? AND reason = ? AND message = ? ORDER BY row"
            " LIMIT ?",
            (fate, reason, message, at_most),
        )
        return tuple(row for (row,) in found)

    def _identifiers(self, query: str, values: tuple[object, ...]) -> Identifiers:
        found = self._db.execute(query, values)
        return Identifiers(Fact(Kind(kind), text) for kind, text in found)

    def _number(self, query: str, values: tuple[object, ...] = ()) -> int:
        (row,) = self._db.execute(query, values)
        return int(row[0])
