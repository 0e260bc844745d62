"""Findings that a named person answered for, so that they stand no longer in the way."""

from __future__ import annotations

from collections import defaultdict

from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, last_word, record_word

ALL = "all"
_PREFIX = "waive "


def waive(ledger: Ledger, rule: str, value: str, person: str, reason: str) -> None:
    """Record that a person answers for a rule: for `ALL` of it, or for what `value` says."""
    record_word(ledger, Word(f"{_PREFIX}{rule}", value, person, reason))


def is_waived(ledger: Ledger, rule: str) -> bool:
    """Whether a person answered for the whole of a rule."""
    word = last_word(ledger, f"{_PREFIX}{rule}")
    return word is not None and word.value == ALL


def release(ledger: Ledger, rule: str, patient: int, place: str, person: str, reason: str) -> None:
    """Record that a person answers for what a rule found at one place of one patient."""
    waive(ledger, rule, f"P{patient} {place}", person, reason)


def released(ledger: Ledger, rule: str) -> dict[int, frozenset[str]]:
    """The places that persons answered for, by patient row."""
    found: dict[int, set[str]] = defaultdict(set)
    for (value,) in ledger.rows("SELECT value FROM word WHERE subject = ?", f"{_PREFIX}{rule}"):
        key, _, place = str(value).partition(" ")
        if place and key[1:].isdecimal():
            found[int(key[1:])].add(place)
    return {patient: frozenset(places) for patient, places in found.items()}
