"""Rows and columns of a table that was read, as a person's word on its columns changes them; all
inside a transaction of the caller, so that a word and what follows from it stand or fall together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from transfer.clinical.columns import Role
from transfer.ledger.clinical import ClinicalFile
from transfer.ledger.connection import Ledger

_PAGE: Final = 2000

KeyOf = Callable[[Sequence[str]], tuple[str, str, str]]


def rows_of_any_width(ledger: Ledger, file: int) -> Iterator[tuple[int, list[str]]]:
    """Every row of a table and its cells, page by page."""
    after = 0
    while page := ledger.rows(
        "SELECT id, cells FROM clinical_row WHERE file_id = ? AND id > ? ORDER BY id LIMIT ?",
        file,
        after,
        _PAGE,
    ):
        for row, document in page:
            yield row, json.loads(document)
        after = page[-1][0]


def rekey(ledger: Ledger, file: int, key_of: KeyOf) -> None:
    """Give every row the Patient ID, likeness and time that its cells tell now."""
    page: list[tuple[object, ...]] = []
    for row, cells in rows_of_any_width(ledger, file):
        page.append((*key_of(cells), row))
        if len(page) >= _PAGE:
            ledger.write_many(_REKEY, page)
            page.clear()
    ledger.write_many(_REKEY, page)


_REKEY: Final = "UPDATE clinical_row SET patient = ?, likeness = ?, timepoint = ? WHERE id = ?"


def rekey_patients(ledger: Ledger, file: int, key_of: KeyOf, *, has_patient: bool) -> None:
    """As `rekey`, where another column holds the Patient ID, or for now none: what persons said of
    the old IDs is not about the new ones, but a row that was kept back stays."""
    kept = _kept_back(ledger, file)
    ledger.write(
        "DELETE FROM clinical_link WHERE patient IN"
        " (SELECT patient FROM clinical_row WHERE file_id = ?1)"
        " AND patient NOT IN (SELECT patient FROM clinical_row WHERE file_id <> ?1)",
        file,
    )
    ledger.write("UPDATE clinical_row SET patient_id = NULL WHERE file_id = ?", file)
    rekey(ledger, file, key_of)
    if has_patient:
        ledger.write_many(
            # In another table the same ID is still that of a row that stays.
            "DELETE FROM clinical_kept_back WHERE patient = ? AND NOT EXISTS"
            " (SELECT 1 FROM clinical_row r WHERE r.patient = clinical_kept_back.patient)",
            [(old,) for *_, old in kept],
        )
        ledger.write_many(
            "INSERT OR IGNORE INTO clinical_kept_back"
            " SELECT patient, ?2, ?3, ?4 FROM clinical_row WHERE id = ?1 AND patient <> ''",
            [tuple(word) for *word, _ in kept],
        )


def _kept_back(ledger: Ledger, file: int) -> list[tuple[object, ...]]:
    """The rows of a table that are kept back, each with the word and the ID that it was said of.
    Where no column holds the Patient ID any more, they are those in which an ID that was kept back
    stands anywhere."""
    kept = ledger.rows(
        "SELECT r.id, k.person, k.reason, k.said_at_utc, k.patient FROM clinical_row r"
        " JOIN clinical_kept_back k ON k.patient = r.patient WHERE r.file_id = ?",
        file,
    )
    lost = {
        patient: word
        for patient, *word in ledger.rows(
            "SELECT patient, person, reason, said_at_utc FROM clinical_kept_back k"
            " WHERE NOT EXISTS (SELECT 1 FROM clinical_row r WHERE r.patient = k.patient)"
        )
    }
    if lost:
        for row, cells in rows_of_any_width(ledger, file):
            kept += [(row, *lost[cell], cell) for cell in cells if cell in lost][:1]
    return kept


def set_roles(ledger: Ledger, file: int, roles: Mapping[int, Role | None]) -> None:
    """The attribute of each column, by its place."""
    ledger.write_many(
        "UPDATE clinical_column SET role = ? WHERE file_id = ? AND number = ?",
        [(role.value if role else "", file, place) for place, role in roles.items()],
    )


def set_orders(ledger: Ledger, file: int, orders: Mapping[int, str]) -> None:
    """In which order dates are read, by place of the column."""
    ledger.write_many(
        "UPDATE clinical_column SET date_order = ? WHERE file_id = ? AND number = ?",
        [(order, file, place) for place, order in orders.items()],
    )


def forget_answers(ledger: Ledger, file: ClinicalFile, rules: Collection[str] | None) -> None:
    """What persons said about findings of these rules, or of all, in this table and its rows is
    asked again. The words themselves are kept."""
    last = ledger.number("SELECT max(id) FROM clinical_row WHERE file_id = ?", file.row)
    ledger.write(
        "DELETE FROM settled WHERE key GLOB 'R[0-9]*'"
        " AND CAST(substr(key, 2) AS INTEGER) BETWEEN ?1 AND ?2"
        " AND (?3 IS NULL OR rule IN (SELECT value FROM json_each(?3)))",
        file.heading_row,
        max(last, file.heading_row),
        None if rules is None else json.dumps(sorted(rules)),
    )


def forget_terms(ledger: Ledger, roles: Collection[Role]) -> None:
    """What values of these attributes mean was said of a column that no longer holds them."""
    ledger.write_many("DELETE FROM mapped_term WHERE role = ?", [(r.value,) for r in roles])
    if Role.POPULATION in roles:
        ledger.write("DELETE FROM population_set")
