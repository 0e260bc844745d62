"""What a ledger that was put back from a copy, or made anew, takes over from the words kept beside
it; and what it has to be told again.

A word about a row is taken over only where that row is surely the same one. What was chosen or
mended since the copy is not repeated by the program: a person looks at it before anything goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import doubt_what_went
from transfer.ledger.kept_words import LEGAL_COLUMNS, Line, mark_recovered, read_kept

_UNSEEN: Final = "recovered-unseen"
_OF_A_PATIENT: Final = re.compile(r"P(\d+) ")
_CHOOSING: Final = ("select", "mend", "undo mend")


@dataclass(frozen=True, slots=True)
class Regained:
    """`words` and `legal`: entries taken over. `again`: words to be said again. `is_chosen`: what
    goes was chosen or mended in ways that the ledger does not know. `is_broken`: the file of words
    was changed; only what stands before that was taken."""

    words: int = 0
    legal: int = 0
    again: int = 0
    is_chosen: bool = False
    is_broken: bool = False


def regain(ledger: Ledger, *, has_rows: bool = True) -> Regained:
    """Take over what the ledger lacks, and have the node asked before anything goes. `has_rows`:
    its patients bear the numbers that they bore. May be repeated.

    Raises:
        UsageError: the words cannot be read or marked as taken.
    """
    kept = read_kept(ledger.folder)
    patients = ledger.number("SELECT max(id) FROM patient") if has_rows else 0
    words = legal = again = 0
    is_chosen = False
    with ledger.transaction():
        for line in _missing(ledger, kept.lines):
            if line.what == "legal":
                _add_legal(ledger, line)
                legal += 1
                continue
            is_chosen = is_chosen or _is_choosing(line)
            if line.what == "event":
                continue
            of = _OF_A_PATIENT.match(str(line.said["value"]))
            if of and int(of[1]) > patients:
                again += 1
                continue
            _add_word(ledger, line)
            words += 1
        doubt_what_went(ledger)
        if is_chosen:
            demand_look(ledger)
    mark_recovered(ledger)
    return Regained(words, legal, again, is_chosen, kept.is_broken)


def demand_look(ledger: Ledger) -> None:
    """Nothing goes before a person has looked at what is to go; inside a transaction."""
    ledger.write("INSERT OR REPLACE INTO setting VALUES (?, '1')", _UNSEEN)


def is_unseen(ledger: Ledger) -> bool:
    """Whether a person has to look first."""
    return bool(ledger.number("SELECT 1 FROM setting WHERE name = ?", _UNSEEN))


def is_seen(ledger: Ledger) -> None:
    """A person has looked; whose word on it is recorded."""
    with ledger.transaction():
        ledger.write("DELETE FROM setting WHERE name = ?", _UNSEEN)


def refuse_unseen(ledger: Ledger) -> None:
    """Let nothing go that a person may have left out.

    Raises:
        StepBlocked: nobody has looked yet.
    """
    if is_unseen(ledger):
        raise StepBlocked(
            "The ledger was put back or made anew, and does not know all that was chosen or mended"
            " before. Nothing goes until a person has looked.",
            "See, and choose again, with: eucaim-transfer select NAME (and mend NAME); then:"
            " eucaim-transfer recover NAME --go-on --by PERSON --reason TEXT",
        )


def _missing(ledger: Ledger, lines: Iterable[Line]) -> list[Line]:
    known = Counter(_known(ledger))
    missing = []
    for line in lines:
        if line.what not in ("word", "legal", "event"):
            continue
        if known[line.likeness] > 0:
            known[line.likeness] -= 1
        else:
            missing.append(line)
    return missing


def _known(ledger: Ledger) -> Iterable[tuple[str, str, str]]:
    yield from ledger.rows("SELECT 'word', said_at_utc, subject FROM word")
    yield from ledger.rows("SELECT 'legal', recorded_at_utc, what FROM legal")
    yield from ledger.rows(
        "SELECT 'event', at_utc, text FROM event WHERE kind IN ('select', 'mend')"
    )


def _is_choosing(line: Line) -> bool:
    return str(line.said.get("kind") or line.said.get("subject")).startswith(_CHOOSING)


def _add_word(ledger: Ledger, line: Line) -> None:
    said = line.said
    ledger.write(
        "INSERT INTO word (subject, value, person, reason, said_at_utc) VALUES (?, ?, ?, ?, ?)",
        *(str(said[key]) for key in ("subject", "value", "person", "reason")),
        line.at_utc,
    )


def _add_legal(ledger: Ledger, line: Line) -> None:
    values: list[Any] = [line.said[column] for column in LEGAL_COLUMNS]
    ledger.write(
        f"INSERT INTO legal ({', '.join(LEGAL_COLUMNS)})"  # noqa: S608 - our own words
        f" VALUES ({', '.join('?' * len(values))})",
        *values,
    )
