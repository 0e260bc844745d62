"""The last look over a finished report: no original identifier stands in it, or it stays here.

Every file is read again as it lies on the disk. UIDs and file names are asked for by the ledger's
indexes; Patient IDs, other numbers and names are compared word by word, in the order in which the
words stand. What cannot be told from a count or a word of ours (a Patient ID of four figures, a
surname alone) is not looked for here: texts from outside had it veiled before they were written.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, Final

from transfer.deid.look.tokens import tokens_of
from transfer.errors import StepBlocked
from transfer.evidence.identifiers import Known, everybody, phrases, stands_in
from transfer.evidence.manifest import MANIFEST
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies

_SHAPES: Final = re.compile(
    r"\b(?:[0-9a-f]{64}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+Z?)?|[PSEIFRA][0-9]{1,15})\b"
)
_NOTHING: Final = re.compile(r"[0-9a-f]{64}|[PSEIFRA][0-9]{1,15}")
"""Of these `_SHAPES` leaves nothing, and no UID or file name looks like them."""
_UID: Final = re.compile(r"(?<![\w.])[0-9]+(?:\.[0-9]+){3,}(?![\w.]*\w)")
_STANDARD: Final = "1.2.840.10008."
_NUMBER_CELL: Final = re.compile(r'<td class="n">[^<]*</td>')
_TAG: Final = re.compile(r"<[^>]*>")
_FILE_NAME: Final = re.compile(
    r"[^\s\"'<>|]*[^\s\"'<>|./]\.[A-Za-z0-9]{2,8}\b|[^\s\"'<>|]+/[^\s\"'<>|]+"
)
_BATCH: Final = 2000
_EACH: Final = 10_000


def refuse_identifiers(
    ledger: Ledger,
    folder: Path,
    files: Collection[str],
    watch: Callable[[int], None] = lambda done: None,
) -> None:
    """Look through the files of a report. `watch` is told now and then how many are done.

    Raises:
        StepBlocked: an original identifier stands there; the message names its row.
    """
    own = {MANIFEST, *files, *(name.rpartition("/")[2] for name in files)}
    words: set[str] = set()
    indexed = _Indexed(ledger, own)
    for done, name in enumerate(files):
        for text in _worth_a_look(folder / name, partial(watch, done)):
            bare = _UID.sub(" ", _SHAPES.sub(" ", text))
            words.update(tokens_of(bare))
            indexed.look_at(text, name)
    indexed.ask()
    near = _near(ledger, words)
    if near:
        for name in files:
            for text in _worth_a_look(folder / name):
                _refuse_phrases(tokens_of(_SHAPES.sub(" ", text)), near, name)


def _worth_a_look(path: Path, watch: Callable[[], None] = lambda: None) -> Iterator[str]:
    """The strings of a file but digests and row keys, of which nothing is asked; those that stand
    there again and again mostly once."""
    seen: set[str] = set()
    for n, text in enumerate(strings_of(path)):
        if n % _EACH == 0:
            watch()
        if text in seen or _NOTHING.fullmatch(text):
            continue
        if len(seen) < _BATCH:
            seen.add(text)
        yield text


def strings_of(path: Path) -> Iterator[str]:
    """What a file says in words, piece by piece; numbers of ours are none."""
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            for row in csv.reader(file):
                yield from (cell for cell in row if cell and not cell.isdecimal())
        elif path.suffix == ".jsonl":
            for line in file:
                yield from _strings(json.loads(line))
        elif path.suffix == ".json":
            yield from _strings(json.load(file))
        else:
            for line in file:
                yield unescape(_TAG.sub(" ", _NUMBER_CELL.sub(" ", line)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


class _Indexed:
    """Questions that the ledger's indexes answer, asked many at once."""

    def __init__(self, ledger: Ledger, own: Collection[str]) -> None:
        self._ledger = ledger
        self._own = own
        self._uids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._renames = de_identifies(read_order(ledger))

    def look_at(self, text: str, where: str) -> None:
        for uid in _UID.findall(text):
            if not uid.startswith(_STANDARD):
                self._uids[uid] = where
        if "/" in text or "." in text:
            for name in _FILE_NAME.findall(text):
                if name not in self._own and not _UID.fullmatch(name):
                    self._names[name] = where
        if len(self._uids) + len(self._names) >= _BATCH:
            self.ask()

    def ask(self) -> None:
        """Raises StepBlocked on the first that is found."""
        asked = json.dumps(list(self._uids))
        for table, letter, column, kept in (
            ("study", "S", "study_uid", "NULL"),
            ("series", "E", "series_uid", "NULL"),
            ("instance", "I", "sop_instance_uid", "out_sop_instance_uid"),
        ):
            for row, uid, out in self._ledger.rows(
                f"SELECT id, {column}, {kept} FROM {table}"  # noqa: S608 - literals of ours
                f" WHERE {column} IN (SELECT value FROM json_each(?))",
                asked,
            ):
                if table != "instance" or not self._is_how_it_left(uid, out):
                    raise _found(f"{letter}{row}", "a UID of the original images", self._uids[uid])
        for row, path in self._ledger.rows(
            "SELECT id, CAST(path AS TEXT) FROM source_file WHERE path IN"
            " (SELECT CAST(value AS BLOB) FROM json_each(?))",
            json.dumps(list(self._names)),
        ):
            raise _found(f"F{row}", "the name of a source file", self._names[path])
        self._uids.clear()
        self._names.clear()

    def _is_how_it_left(self, uid: str, out: bytes | None) -> bool:
        if not self._renames:
            return True
        return out is not None and self._ledger.names.shown(uid, out) == uid


_Phrases = dict[str, list[tuple[tuple[str, ...], Known]]]


def _near(ledger: Ledger, words: set[str]) -> _Phrases:
    """Identifiers all of whose words stand somewhere, by their first word."""
    found: _Phrases = defaultdict(list)
    for known in everybody(ledger):
        for phrase in phrases(known):
            if words.issuperset(phrase):
                found[phrase[0]].append((phrase, known._replace(text="")))
    return found


def _refuse_phrases(tokens: tuple[str, ...], near: _Phrases, where: str) -> None:
    for token in dict.fromkeys(tokens):
        for phrase, known in near.get(token, ()):
            if stands_in(phrase, tokens):
                raise _found(known.key, f"a {known.kind} of the originals", where)


def _found(key: str, kind: str, where: str) -> StepBlocked:
    return StepBlocked(
        f"The report was not handed out: {kind} stands in {where}; it is that of {key}.",
        f"See which text is meant ({key} in the lists of this transfer) and who typed it: a name of"
        " the transfer or its project, a ticket's number, a file of the method. Say it anew without"
        " the identifier, then make the report again.",
    )
