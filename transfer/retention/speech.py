"""Texts of persons, nodes and the helpdesk in the ledger: what in them tells of a patient goes.

They are looked at while the ledger still knows who the patients are, by the same rules as those of
a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from transfer.evidence.speech import Speech
from transfer.ledger.connection import Ledger
from transfer.retention.tables import FIXED, PAGED, SMALL

_BATCH: Final = 10_000
_KEPT: Final = 100_000
_PAGE: Final = 5_000
_CHOSEN_BY: Final = ("study-date", "description", "patients", "studies")
"""What persons chose by that is an original itself."""


class Veiler:
    """Texts as they may stay, each looked at once for as long as memory is bounded."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._typed: dict[str, str] = {}
        self._persons: dict[str, str] = {}

    def learn(self, typed: Iterable[str], persons: Iterable[str] = ()) -> None:
        """Look at texts, many at once: every look goes through all patients."""
        if len(self._typed) + len(self._persons) > _KEPT:
            self._typed.clear()
            self._persons.clear()
        new_typed = {text for text in typed if text.strip() and text not in self._typed}
        new_persons = {text for text in persons if text.strip() and text not in self._persons}
        if new_typed or new_persons:
            speech = Speech(self._ledger, sorted(new_typed), sorted(new_persons))
            self._typed |= {text: speech.typed(text) for text in new_typed}
            self._persons |= {text: speech.person(text) for text in new_persons}

    def shown(self, text: str, *, is_person: bool = False) -> str:
        """A text as it may stay; `learn` knows it."""
        return (self._persons if is_person else self._typed).get(text, text)


def veil_texts(ledger: Ledger) -> None:
    """Take out of every text what tells of a patient. May be repeated: what was taken out is not
    there any more."""
    veiler = Veiler(ledger)
    columns = list(_columns())
    for batch in _batched(_texts(ledger, columns)):
        veiler.learn(
            [text for text, is_person in batch if not is_person],
            [text for text, is_person in batch if is_person],
        )
    for table, column, is_person in columns:
        for page in _paged(_distinct(ledger, table, column)):
            veiler.learn([] if is_person else page, page if is_person else [])
            changed = [
                (shown, text)
                for text in page
                if (shown := veiler.shown(text, is_person=is_person)) != text
            ]
            if changed:
                with ledger.transaction():
                    ledger.write_many(
                        f"UPDATE {table} SET {column} = ? WHERE {column} = ?",  # noqa: S608 - our own words
                        [*changed],
                    )
    _veil_instances(ledger, veiler)
    with ledger.transaction():
        for subject in _CHOSEN_BY:
            ledger.write("UPDATE word SET value = '' WHERE subject LIKE ?", f"select % {subject}")


def telling_records(ledger: Ledger) -> list[str]:
    """Rows of what cannot be changed in which a text may tell of a patient: `legal 3`."""
    veiler = Veiler(ledger)
    found: dict[str, None] = {}
    for table, fixed in FIXED.items():
        for column in (*fixed.typed.split(), *fixed.persons.split()):
            is_person = column in fixed.persons.split()
            for page in _paged(_distinct(ledger, table, column)):
                veiler.learn([] if is_person else page, page if is_person else [])
                for text in page:
                    if veiler.shown(text, is_person=is_person) != text:
                        for (row,) in ledger.rows(
                            f"SELECT id FROM {table} WHERE {column} = ? LIMIT 100",  # noqa: S608 - our own words
                            text,
                        ):
                            found[f"{table} {row}"] = None
    return list(found)


def _columns() -> Iterator[tuple[str, str, bool]]:
    for table, told in {**SMALL, "volume": PAGED["volume"]}.items():
        yield from ((table, column, False) for column in told.typed.split())
        yield from ((table, column, True) for column in told.persons.split())


def _texts(ledger: Ledger, columns: Iterable[tuple[str, str, bool]]) -> Iterator[tuple[str, bool]]:
    for table, column, is_person in columns:
        yield from ((text, is_person) for text in _distinct(ledger, table, column))


def _distinct(ledger: Ledger, table: str, column: str) -> Iterator[str]:
    last = ""
    while page := ledger.rows(
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} > ? ORDER BY {column} LIMIT ?",  # noqa: S608 - our own words
        last,
        _PAGE,
    ):
        yield from (str(text) for (text,) in page)
        last = page[-1][0]


def _veil_instances(ledger: Ledger, veiler: Veiler) -> None:
    """By row: there may be as many answers as instances."""
    last = 0
    while page := ledger.rows(
        "SELECT id, reason, evidence FROM instance WHERE id > ?"
        " AND (reason <> '' OR evidence <> '') ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        veiler.learn([text for _, *texts in page for text in texts])
        changed = [
            (veiler.shown(reason), veiler.shown(evidence), row)
            for row, reason, evidence in page
            if veiler.shown(reason) != reason or veiler.shown(evidence) != evidence
        ]
        if changed:
            with ledger.transaction():
                ledger.write_many(
                    "UPDATE instance SET reason = ?, evidence = ? WHERE id = ?", [*changed]
                )
        last = page[-1][0]


def _batched(texts: Iterable[tuple[str, bool]]) -> Iterator[list[tuple[str, bool]]]:
    unread = iter(texts)
    while batch := list(islice(unread, _BATCH)):
        yield batch


def _paged(texts: Iterable[str]) -> Iterator[list[str]]:
    unread = iter(texts)
    while page := list(islice(unread, _PAGE)):
        yield page
