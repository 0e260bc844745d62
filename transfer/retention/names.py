"""Under which names things lie on the node: opened and kept, so that a withdrawal by pseudonym can
still be answered, or removed with all else.

In the clear, not hashed. A withdrawal has to tell the node which Studies and instances it means,
which no hash does; and a keyed hash whose key lies in the same file keeps nothing from whoever has
the file. What keeps these names from leading to anybody is that originals and key are gone.
"""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.quality.attributes import PATIENT_ID, Traits
from transfer.quality.document import read_traits, write_traits
from transfer.volumes.traits import SERIES_UID, STUDY_UID, is_marked

WENT: Final = (
    "(i.attempts > 0 OR i.sent_at_utc IS NOT NULL OR i.state IN ('sent', 'verified') OR EXISTS"
    " (SELECT 1 FROM batch b WHERE b.id = i.batch_id AND b.state IN ('sending', 'unknown')))"
)
"""Whether the node has, had, or may have instance `i`."""

_VOLUME_WENT: Final = (
    "(v.state IN ('sent', 'verified') OR v.sent_at_utc IS NOT NULL"
    " OR v.handed_over_at_utc IS NOT NULL)"
)
_SERIES_WENT: Final = (
    f"(EXISTS (SELECT 1 FROM instance i WHERE i.series_id = {{0}} AND {WENT})"  # noqa: S608 - literals of ours
    f" OR EXISTS (SELECT 1 FROM volume v WHERE v.series_id = {{0}} AND {_VOLUME_WENT}))"
)
_STUDY_WENT: Final = (
    f"(EXISTS (SELECT 1 FROM series e WHERE e.study_id = {{0}} AND {_SERIES_WENT.format('e.id')})"  # noqa: S608 - literals of ours
    f" OR EXISTS (SELECT 1 FROM volume v WHERE v.study_id = {{0}} AND {_VOLUME_WENT}))"
)
_PATIENT_WENT: Final = (
    f"(EXISTS (SELECT 1 FROM study s WHERE s.patient_id = {{0}} AND {_STUDY_WENT.format('s.id')})"  # noqa: S608 - literals of ours
    f" OR EXISTS (SELECT 1 FROM volume v WHERE v.patient_id = {{0}} AND {_VOLUME_WENT})"
    " OR EXISTS (SELECT 1 FROM clinical_item c WHERE c.patient_id = {0}"
    " AND (c.there_sha256 <> '' OR c.attempts > 0)))"
)
_WENT_OF: Final = {
    "patient": _PATIENT_WENT.format("x.id"),
    "study": _STUDY_WENT.format("x.id"),
    "series": _SERIES_WENT.format("x.id"),
    "instance": WENT.replace("i.", "x."),
}
COLUMNS: Final = {
    "patient": ("pseudonym", "original_id"),
    "study": ("out_study_uid", "study_uid"),
    "series": ("out_series_uid", "series_uid"),
    "instance": ("out_sop_instance_uid", "sop_instance_uid"),
}
"""By table: the column of the name on the node, and that of the original."""


def went_under_originals(ledger: Ledger) -> bool:
    """Whether files went as they are that nobody had marked as de-identified (0012,0062): then
    their names on the node are originals."""
    if de_identifies(read_order(ledger)):
        return False
    if ledger.number(
        f"SELECT EXISTS (SELECT 1 FROM instance i WHERE i.deidentified = 0 AND {WENT})"  # noqa: S608 - literals of ours
    ):
        return True
    return any(
        not is_marked(str(traits))
        for (traits,) in ledger.rows(
            f"SELECT DISTINCT v.out_traits FROM volume v WHERE {_VOLUME_WENT}"  # noqa: S608 - literals of ours
            " AND ifnull(v.out_traits, '') <> ''"
        )
    )


def sealed_names(ledger: Ledger) -> bool:
    """Whether names are left that only the cohort's key opens."""
    return any(
        ledger.number(
            f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - literals of ours
            f" AND typeof({column}) = 'blob')"
        )
        for table, (column, _) in COLUMNS.items()
    )


def open_page(ledger: Ledger, table: str, low: int, high: int, *, keeps: bool) -> None:
    """Open, or remove, the names of the rows from `low` to `high`, inside a transaction."""
    if table == "volume":
        _open_volumes(ledger, low, high, keeps=keeps)
        return
    column, original = COLUMNS[table]
    if keeps and de_identifies(read_order(ledger)):
        opened = [
            (_opened(ledger, table, bytes(sealed)), row)
            for row, sealed in ledger.rows(
                f"SELECT x.id, x.{column} FROM {table} x WHERE x.id BETWEEN ? AND ?"  # noqa: S608 - literals of ours
                f" AND typeof(x.{column}) = 'blob' AND {_WENT_OF[table]}",
                low,
                high,
            )
        ]
        ledger.write_many(f"UPDATE {table} SET {column} = ? WHERE id = ?", [*opened])  # noqa: S608 - literals of ours
    elif keeps:
        ledger.write(
            f"UPDATE {table} AS x SET {column} = {original}"  # noqa: S608 - literals of ours
            f" WHERE id BETWEEN ? AND ? AND {original} <> '' AND {_WENT_OF[table]}",
            low,
            high,
        )
    ledger.write(
        f"UPDATE {table} SET {column} = NULL WHERE id BETWEEN ? AND ?"  # noqa: S608 - literals of ours
        f" AND {column} IS NOT NULL AND (typeof({column}) = 'blob' OR NOT ?)",
        low,
        high,
        keeps,
    )


def _opened(ledger: Ledger, table: str, sealed: bytes) -> str:
    from transfer.deid.keys import seal

    contexts = {
        "patient": seal.PATIENT_ID,
        "study": seal.STUDY_UID,
        "series": seal.SERIES_UID,
        "instance": seal.SOP_INSTANCE_UID,
    }
    return ledger.names.seal.open(sealed, contexts[table])


def _open_volumes(ledger: Ledger, low: int, high: int, *, keeps: bool) -> None:
    """What their JSON says as it leaves is not sealed; of it no more is kept than its names."""
    rows = ledger.rows(
        f"SELECT v.id, ifnull(v.out_traits, ''), {_VOLUME_WENT} FROM volume v"  # noqa: S608 - literals of ours
        " WHERE v.id BETWEEN ? AND ?",
        low,
        high,
    )
    ledger.write_many(
        "UPDATE volume SET out_traits = ? WHERE id = ?",
        [
            (_names_in(traits) if keeps and went and traits else None, row)
            for row, traits, went in rows
        ],
    )


def _names_in(document: str) -> str:
    traits = read_traits(document)
    named = (PATIENT_ID, STUDY_UID, SERIES_UID)
    return write_traits(Traits({a.tag: traits[a] for a in named if traits[a]}))
