"""A ledger made anew where nothing whole is left of it: the order and what persons gave are taken
from what can still be read, the rest comes from the source and the node when `upload` runs.

The same key gives the same names, so that the node tells what it has; the order keeps its time, by
which the headers are made, so that they come out the same. Numbers of rows are new ones: what was
said of a row has to be said again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from transfer import checkpoint
from transfer.errors import LedgerDamaged, StepBlocked, UsageError
from transfer.ledger.backup import backup_of, open_as_it_lies
from transfer.ledger.connection import Ledger
from transfer.ledger.regained import Regained, demand_look, regain
from transfer.private import unwritable_home
from transfer.recovering.look import alone, remove_drafts
from transfer.recovering.restore import DRAFT, put_in_place
from transfer.workspace import Workspace

Row = dict[str, Any]

# Of these tables all rows are taken that hold by themselves.
_CARRIED: Final[Mapping[str, str]] = {
    "deid_run": "",
    "deid_number": "",
    "method_file": "",
    "word": "subject NOT LIKE 'waive %' OR value = 'all'",
    "selection_rule": "subject NOT IN ('key', 'finding')",
    "selection_item": "rule_id IN (SELECT id FROM selection_rule WHERE subject NOT IN ('key',"
    " 'finding'))",
    "legal": "",
    "step": "person <> ''",
    "step_history": "",
    "journey_place": "",
    "ticket": "",
    "ticket_field": "",
    "mapped_column": "",
    "mapped_term": "",
    "declared": "",
    "clinical_kept_back": "",
    "population_set": "",
    "timepoint_name": "",
    "publication": "",
    "creation": "",
    "publication_event": "",
    "accepted_difference": "",
    "publication_metadata": "",
    "catalogue_field": "",
    "catalogue_identifier": "",
    "catalogue_file": "",
    "catalogue_seen": "",
    "report_written": "",
    "retention": "",
    "setting": "name IN ('clinical-way', 'clinical-stays', 'audit-secret')",
}
_CHOICE: Final = frozenset(("word", "selection_rule", "selection_item"))
_ENDED: Final = "SELECT 1 FROM retention WHERE begun_at_utc <> ''"
# What a person gave about rows: not taken, and to be given again.
_OF_ROWS: Final[Mapping[str, str]] = {
    "words": "SELECT count(*) FROM word WHERE subject LIKE 'waive %' AND value <> 'all'",
    "answers": "SELECT count(*) FROM settled",
    "selection": "SELECT count(*) FROM selection_rule WHERE subject IN ('key', 'finding')",
    "mends": "SELECT count(*) FROM mend WHERE undone_word_id IS NULL",
    "timepoints": "SELECT count(*) FROM timepoint",
}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`again`: by kind, what has to be given again; None where nobody can tell how much. `lost`
    names tables that could not be read."""

    regained: Regained
    again: Mapping[str, int | None]
    lost: tuple[str, ...]


def rebuild(workspace: Workspace) -> Rebuilt:
    """Make the ledger anew and put it in the place of the damaged one. May be killed and repeated.

    Raises:
        UsageError: the order can nowhere be read, or the folder cannot be written.
        StepBlocked: originals are removed; there is nothing to make it from.
        RunnerHeld: somebody works on the transfer.
        LedgerDamaged: the disk is full.
    """
    with alone(workspace):
        remove_drafts(workspace, DRAFT)
        draft = workspace.folder / DRAFT
        sources: list[sqlite3.Connection] = []
        try:
            sources += _sources(workspace)
            order = _order(workspace, sources)
            if any(_rows(one, _ENDED) for one in sources):
                raise StepBlocked(
                    "The originals of this transfer are removed, or being removed; there is nothing"
                    " to make its ledger from.",
                    "Keep the transfer's folder: the report in it is the evidence.",
                )
            with Ledger.create(draft) as ledger:
                lost = _fill(ledger, order, sources)
                again = {kind: _count(sources, sql) for kind, sql in _OF_ROWS.items()}
                found = regain(ledger, has_rows=False)
                with ledger.transaction():
                    is_told = again["selection"] == again["mends"] == 0
                    if not is_told or _CHOICE.intersection(lost):
                        demand_look(ledger)
                    ledger.record_event("recover", "The ledger was made anew.")
            checkpoint.passed("recover-made")
            put_in_place(workspace, draft)
        except OSError as error:
            raise unwritable_home(error) from error
        finally:
            remove_drafts(workspace, DRAFT)
            for source in sources:
                source.close()
    return Rebuilt(found, again, tuple(lost))


def _sources(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    """What can be opened at all, the newest first: the ledger with its log, without, its copy."""
    ledger, backup = workspace.ledger, backup_of(workspace.ledger)
    if ledger.exists():
        yield sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        yield open_as_it_lies(ledger)
    if backup.exists():
        yield open_as_it_lies(backup)


def _order(workspace: Workspace, sources: Sequence[sqlite3.Connection]) -> Row:
    for source in sources:
        found = _rows(source, "SELECT * FROM transfer")
        if found and len(found) == 1 and _is_order(found[0], workspace.name):
            return found[0]
    raise UsageError(
        "Neither the ledger nor its copy tells any more what was ordered; it cannot be made anew.",
        "Make a new transfer with the same node, source and key: eucaim-transfer new. What the node"
        " has it keeps. Enter legal records again; the words kept beside the ledger tell them.",
    )


def _is_order(row: Row, name: str) -> bool:
    texts = all(isinstance(row.get(key), str) for key in ("node", "destination", "created_at_utc"))
    return texts and row.get("name") == name and isinstance(row.get("source"), bytes)


def _fill(ledger: Ledger, order: Row, sources: Sequence[sqlite3.Connection]) -> list[str]:
    """Take over whatever can be read; the names of tables that cannot."""
    with ledger.transaction():
        _insert(ledger, "transfer", [order])
    return [
        table
        for table, condition in _CARRIED.items()
        if not any(_take(ledger, table, condition, source) for source in sources)
    ]


def _take(ledger: Ledger, table: str, condition: str, source: sqlite3.Connection) -> bool:
    where = f" WHERE {condition}" if condition else ""
    rows = _rows(source, f"SELECT * FROM {table}{where}")  # noqa: S608 - our own words
    if rows is None:
        return False
    try:
        with ledger.transaction():
            _insert(ledger, table, rows)
    except LedgerDamaged as error:
        # A row that says what no row may say.
        if isinstance(error.__cause__, sqlite3.IntegrityError):
            return False
        raise
    return True


def _insert(ledger: Ledger, table: str, rows: Sequence[Row]) -> None:
    known = {str(row[0]) for row in ledger.rows("SELECT name FROM pragma_table_info(?)", table)}
    for row in rows:
        columns = [name for name in row if name in known]
        ledger.write(
            f"INSERT OR REPLACE INTO {table} ({', '.join(columns)})"  # noqa: S608 - columns of ours
            f" VALUES ({', '.join('?' * len(columns))})",
            *(row[name] for name in columns),
        )


def _rows(source: sqlite3.Connection, sql: str) -> list[Row] | None:
    """All rows; None where one of them cannot be read."""
    try:
        cursor = source.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
    except sqlite3.Error:
        return None


def _count(sources: Sequence[sqlite3.Connection], sql: str) -> int | None:
    for source in sources:
        found = _rows(source, sql)
        if found:
            return int(next(iter(found[0].values())))
    return None
