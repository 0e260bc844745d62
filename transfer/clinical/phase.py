"""The tables of an order, read into the ledger; again only where one has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from transfer import checkpoint
from transfer.clinical.columns import DATES, Role, roles_of
from transfer.clinical.encoding import Encoded
from transfer.clinical.keys import cell, key_of
from transfer.clinical.mapping import chosen_of, order_in_force, words_of
from transfer.clinical.reading import (
    SUFFIXES,
    TableFile,
    digest_of,
    read_table,
    table_files,
)
from transfer.clinical.rows import Row, Table, TableProblem
from transfer.clinical.values import DateOrder
from transfer.ledger.clinical import (
    begin_table,
    clinical_files,
    finish_table,
    forget_tables,
    record_columns,
    record_date_orders,
    record_rows,
    touch_table,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping
from transfer.ledger.order import read_order
from transfer.scan.phase import Interrupted

_PAGE: Final = 2000
_NEIGHBOURS: Final = 10_000


def read_clinical(ledger: Ledger, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Read what the order names as clinical data. Blocking; may be interrupted and repeated.

    What keeps a table from being read is kept with it, for the rules to say.

    Raises:
        Interrupted: `should_stop` said so.
    """
    ordered = read_order(ledger).clinical
    known = {(f.path, f.sheet): f for f in clinical_files(ledger)}
    files = [] if ordered is None else _files(ordered)
    wanted = {(os.fsencode(f.path), f.sheet) for f, _ in files}
    forget_tables(ledger, [f.row for key, f in known.items() if key not in wanted])
    for file, problem in files:
        path = os.fsencode(file.path)
        size_bytes, mtime_ns = _stat(file.path)
        before = known.get((path, file.sheet))
        if before is not None and before.sha256 and not (problem or before.problem):
            if (before.size_bytes, before.mtime_ns) == (size_bytes, mtime_ns):
                continue
            encoded = _digest(file.path)
            if encoded is not None and encoded.sha256 == before.sha256:
                touch_table(ledger, before.row, size_bytes, mtime_ns)
                continue
        row = begin_table(ledger, path, file.sheet, size_bytes, mtime_ns)
        checkpoint.passed("clinical")
        if problem:
            finish_table(ledger, row, sha256="", problem=problem)
        else:
            _read(ledger, row, file, should_stop)


def _files(ordered: Path) -> list[tuple[TableFile, str]]:
    """The tables, and of what is none why not."""
    try:
        return [(file, "") for file in table_files(ordered)]
    except TableProblem as problem:
        return [(TableFile(ordered), problem.code)]
    except OSError:
        return [(TableFile(ordered), "missing")]


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _digest(path: Path) -> Encoded | None:
    try:
        return digest_of(path)
    except OSError:
        return None


def _read(ledger: Ledger, row: int, file: TableFile, should_stop: Callable[[], bool]) -> None:
    sha256 = ""
    try:
        encoded = digest_of(file.path)
        sha256 = encoded.sha256
        table = read_table(file, encoded)
        _take(ledger, row, table, should_stop)
        strangers = _strangers(file.path)
    except TableProblem as problem:
        finish_table(ledger, row, sha256=sha256, problem=problem.code)
    except OSError:
        finish_table(ledger, row, sha256="", problem="missing")
    else:
        finish_table(
            ledger,
            row,
            sha256=sha256,
            form=table.form,
            notes=sorted(table.notes),
            strangers=strangers,
        )


def _take(ledger: Ledger, row: int, table: Table, should_stop: Callable[[], bool]) -> None:
    said = words_of(read_mapping(ledger), table.headings)
    roles = roles_of(table.headings, chosen_of(said))
    record_columns(ledger, row, table.headings, {n: role.value for n, role in roles.items()})
    place = {role: n for n, role in roles.items()}
    first = ledger.number("SELECT heading_row FROM clinical_file WHERE id = ?", row) - 1
    orders = {n: DateOrder() for n, role in roles.items() if role in DATES}
    for page in _pages(table.rows):
        if should_stop():
            raise Interrupted
        record_rows(ledger, row, [_kept(first, one, table, place) for one in page])
        for n, order in orders.items():
            for one in page:
                order.see(cell(one.cells, n))
    record_date_orders(
        ledger, row, {n: order_in_force(said.get(n), seen) for n, seen in orders.items()}
    )


def _kept(
    first: int, row: Row, table: Table, place: dict[Role, int]
) -> tuple[int, str, str, str, tuple[str, ...]]:
    cells = row.cells
    if table.form == "xlsx":
        # A sheet has no width of its own: what stands beside the headings is what counts.
        cells = _fitted(cells, len(table.headings))
    return first + row.number, *key_of(cells, place), cells


def _fitted(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    last = max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return (*cells, *[""] * (width - len(cells)))[: max(width, last)]


def _pages(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while page := list(islice(rows, _PAGE)):
        yield page


def _strangers(path: Path) -> int:
    """How many tables beside this one are the same table of another dataset, by their names:
    `A_clinical.csv` and `B_clinical.csv` (TAB-07)."""
    dataset, _, rest = path.name.partition("_")
    if not rest:
        return 0
    names = (entry.name for entry in islice(os.scandir(path.parent), _NEIGHBOURS))
    return sum(
        1
        for name in names
        if name.endswith(SUFFIXES)
        and name.partition("_")[2] == rest
        and name.partition("_")[0] not in (dataset, "")
    )
