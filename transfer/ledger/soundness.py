"""Whether a ledger is whole: what costs little before a run, all of it before a copy is trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from transfer.errors import LedgerDamaged, TransferError
from transfer.ledger.connection import Ledger, way_out

SMALL_BYTES: Final = 8 * 1024 * 1024
"""Up to this size, some twenty thousand instances, all of a ledger is looked at, indexes against
tables (about half a second). Beyond it every page is, which takes minutes of what holds ten million
instances."""

_STEPS: Final = 200_000
"""SQLite's own instructions between two looks at whether to stop: some ten milliseconds."""


class GivenUp(Exception):
    """The look was ended before it was over."""


def is_small(path: Path) -> bool:
    """Whether looking at all of it costs no time that anybody notices."""
    return path.stat().st_size <= SMALL_BYTES


def demand_sound(ledger: Ledger) -> None:
    """Before a run: all of a small ledger is looked at; of a large one nothing, for that is done
    whenever a copy of it is kept.

    Raises:
        LedgerDamaged: it is not whole.
    """
    if is_small(ledger.path) and ledger.rows("PRAGMA integrity_check(1)") != [("ok",)]:
        raise not_whole(ledger.path)


def is_whole(path: Path, should_stop: Callable[[], bool] = bool) -> bool:
    """Whether nothing is wrong with a file that nobody else has open. The file is not touched, and
    nothing is left beside it.

    Raises:
        GivenUp: `should_stop` said so.
    """
    check = "integrity_check" if is_small(path) else "quick_check"
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as file:
            file.set_progress_handler(should_stop, _STEPS)
            (found,) = file.execute(f"PRAGMA {check}(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise GivenUp from None
        return False
    return bool(found == "ok")


def not_whole(path: Path) -> LedgerDamaged:
    """The refusal of a ledger in which a look found something. SQLite's own words are not told: of
    a damaged schema they quote what stands there, and that may be a patient's name."""
    return LedgerDamaged(
        "The ledger is damaged: parts of it do not hold together. Nothing goes on with it.",
        way_out(path),
    )


def damage_behind(path: Path) -> TransferError | None:
    """Why a fault of the program itself may be none: its ledger cannot be read, or holds what it
    should not. None where the ledger is whole, or too large to be looked at now."""
    try:
        with Ledger.open(path, read_only=True) as ledger:
            demand_sound(ledger)
    except TransferError as error:
        return error
    except OSError:
        return None
    return None
