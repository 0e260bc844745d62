"""Whether a text that goes to people tells of a patient of this transfer (rule HLP-04).

The last look's own matching, over everybody whom the ledger knows. A header is stopped for what
can be nothing but an identifier; a person can write a ticket in other words, so here each word is
also judged as if it stood alone where a patient's number belongs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transfer.ledger.connection import Ledger

if TYPE_CHECKING:
    from transfer.deid.look.identifiers import Fact
    from transfer.deid.look.phrases import Index

_PAGE: Final = 2000
_PATIENT_ID: Final = 0x00100020
_UID: Final = re.compile(r"(?<![\w.])[0-9]+(?:\.[0-9]+){3,}(?![\w.]*\w)")
_JOINED: Final = re.compile(r"[\s=:/\\|,;]+")
_RUN: Final = re.compile(r"[0-9](?:[ ().\-/]{0,2}[0-9])+")
_LONG_NUMBER: Final = 9
_NUMBERED: Final = re.compile(r"[A-Za-z]{0,4}([0-9]{5,})", re.ASCII)
_SHORT_DATE: Final = re.compile(
    r"(?<![\w.])([0-3]?[0-9])[./ -]([01]?[0-9]|[A-Za-z]{3,9})\.?[./ -]([0-9]{2})(?![\w.]?[0-9])"
)
_THIS_CENTURY: Final = 30
_TIMED_DATE: Final = re.compile(r"([0-9]{4}-?[0-9]{2}-?[0-9]{2})[Tt_]?[0-9]{2}:?[0-9]{2}")
_EDGES: Final = " .,;:!?()[]{}<>\"'"
_SOURCES: Final = (
    ("patient", "'patient ID', original_id"),
    ("patient", "'name', original_name"),
    ("person", "'name', name"),
    ("person", "'birth date', birth_date"),
    ("clinical_row", "'patient ID', patient"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A text and where it stands, in the operator's words. With `names_staff` a part of a name is
    no patient's: a physician may bear it too."""

    where: str
    text: str
    names_staff: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A text tells of a patient: where, and what kind of thing. Never its value."""

    where: str
    kind: str


def told_in(ledger: Ledger, pieces: Iterable[Piece]) -> list[Told]:
    """What the texts tell of patients of this transfer; each place and kind once.

    Takes as long as there are patients: about 8 s for 100,000.
    """
    found: dict[Told, None] = {}
    texts = [piece for piece in pieces if piece.text.strip()]
    if not texts:
        return []
    read = [" ".join([piece.text, *_words(piece.text)]) for piece in texts]
    index = _index(ledger, " ".join(read))
    for piece in texts:
        for kind in _kinds(piece, index):
            found[Told(piece.where, kind)] = None
        for kind in _names_in_ledger(ledger, piece.text):
            found[Told(piece.where, kind)] = None
    return list(found)


def _index(ledger: Ledger, text: str) -> Index:
    """The phrases of all patients whose tokens stand in the text: few, of however many patients."""
    from transfer.deid.look.phrases import index_of, phrases_of
    from transfer.deid.look.tokens import is_unspaced, tokens_of

    tokens, is_run_on = frozenset(tokens_of(text)), is_unspaced(text)
    near: set[Fact] = set()
    for fact in _facts(ledger):
        is_run_together = is_run_on and is_unspaced(fact.text)
        if is_run_together or any(p.needle in tokens for p in phrases_of(fact)):
            near.add(fact)
    return index_of(frozenset(near))


def _facts(ledger: Ledger) -> Iterator[Fact]:
    from transfer.deid.look.identifiers import Fact, Kind

    for table, columns in _SOURCES:
        after = 0
        while page := ledger.rows(
            f"SELECT id, {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608 - literals of ours
            after,
            _PAGE,
        ):
            yield from (Fact(Kind(kind), str(text)) for _, kind, text in page if text)
            after = page[-1][0]
    key: tuple[int, str, str] = (0, "", "")
    while page := ledger.rows(
        "SELECT patient_id, kind, text FROM patient_fact WHERE (patient_id, kind, text) > (?, ?, ?)"
        " ORDER BY patient_id, kind, text LIMIT ?",
        *key,
        _PAGE,
    ):
        yield from (Fact(Kind(kind), text) for _, kind, text in page)
        key = page[-1]


def _kinds(piece: Piece, index: Index) -> Iterator[str]:
    from transfer.deid.look.judge import Place, judge

    if not index.by_needle and not index.unspaced:
        return
    if piece.names_staff:
        index = _without_single_names(index)
    yield from judge(Place(0, "LT"), [piece.text], index)
    for word in _words(piece.text):
        tag = _PATIENT_ID if _is_like_a_number(word) else 0
        yield from judge(Place(tag, "LT"), [word], index)


def _words(text: str) -> Sequence[str]:
    """The words of a text, and what a number or a date in it is in the spelling of a header: people
    write `id=47110`, `0047110`, `+34 619 965 009` and `24.11.64`."""
    words = [word.strip(_EDGES) for word in (*text.split(), *_JOINED.split(text))]
    numbers = ["".join(filter(str.isdigit, run)) for run in _RUN.findall(text)]
    numbers = [number for number in numbers if len(number) >= _LONG_NUMBER]
    numbers += [found for word in words if (found := _digits_of(word))]
    dates = [
        f"{day}.{month}.{'19' if int(year) > _THIS_CENTURY else '20'}{year}"
        for day, month, year in _SHORT_DATE.findall(text)
    ]
    dates += _TIMED_DATE.findall(text)
    bare = [number.lstrip("0") for number in numbers]
    return [word for word in dict.fromkeys((*words, *numbers, *bare, *dates)) if word]


def _digits_of(word: str) -> str:
    """The number in `0047110` and `PID47110`; empty for a shorter one, which counts something."""
    found = _NUMBERED.fullmatch(word)
    return found[1] if found else ""


def _is_like_a_number(word: str) -> bool:
    """Letters and digits together, so that it is neither a count nor a plain word."""
    compact = [c for c in word if c.isalnum()]
    return len(compact) > 2 and any(c.isdigit() for c in compact) and any(map(str.isalpha, compact))


def _without_single_names(index: Index) -> Index:
    from transfer.deid.look.identifiers import Kind
    from transfer.deid.look.phrases import Index

    kept = {
        needle: [phrase for phrase in phrases if phrase.kind is not Kind.NAME or phrase.is_pair]
        for needle, phrases in index.by_needle.items()
    }
    return Index(by_needle=kept, unspaced=index.unspaced)


def _names_in_ledger(ledger: Ledger, text: str) -> Iterator[str]:
    """What can be asked for by an index: UIDs of the source, and its files."""
    for uid in dict.fromkeys(_UID.findall(text)):
        for table, column in (
            ("study", "study_uid"),
            ("series", "series_uid"),
            ("instance", "sop_instance_uid"),
        ):
            if ledger.row(f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", uid):  # noqa: S608 - literals of ours
                yield "UID of the original images"
                break
    source = ledger.row("SELECT source FROM transfer")
    folder = os.fsdecode(source[0]).rstrip("/") + "/" if source else "/"
    for word in dict.fromkeys(word.strip(_EDGES) for word in text.split()):
        path = word.replace("\\", "/").removeprefix("file://").removeprefix(folder)
        if ("/" in path or "." in path) and ledger.row(
            "SELECT 1 FROM source_file WHERE path = ?", os.fsencode(path)
        ):
            yield "name of a source file"
