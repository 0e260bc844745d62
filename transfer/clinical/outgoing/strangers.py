"""What in a cell is an original identifier of anybody in the images: Patient IDs and UIDs."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from transfer.clinical.likeness import compact, likeness
from transfer.deid.look.identifiers import Kind
from transfer.deid.look.ordinary import ORDINARY, PLACEHOLDERS
from transfer.deid.look.tokens import fold
from transfer.ledger.connection import Ledger

_WORD: Final = re.compile(r"[^\s,;:()\[\]{}<>\"'`|=?!#*&%\\]+")
_PARTS: Final = re.compile(r"[_/+~]+")
_PARTED: Final = re.compile(r"(?<![^\W_])([^\W\d_]{1,8})[ .]{1,2}(\d{3,16})(?![^\W_])")
"""An ID whose letters stand apart from its number."""
_PAGE: Final = 2000
_EDGES: Final = ".-_/+"
_UID: Final = re.compile(r"(?<![\d.])[0-2](?:\.\d+){4,}(?![\d])")
_LONG: Final = 6
_LONG_NUMBER: Final = 7
"""Characters, or digits alone, from which a word in a text is no Patient ID by accident."""
_SHORT: Final = 4
_CACHED: Final = 1 << 16
_OF_ANYBODY: Final = (
    "SELECT EXISTS (SELECT 1 FROM study WHERE study_uid = ?1)"
    " OR EXISTS (SELECT 1 FROM series WHERE series_uid = ?1)"
    " OR EXISTS (SELECT 1 FROM instance WHERE sop_instance_uid = ?1)"
)


class Strangers:
    """Everybody's Patient IDs and UIDs, looked up in the ledger as words ask for them.

    A short number is anything: `61` is an age before it is the Patient ID of somebody else. So a
    number counts from seven digits, a word with digits from six characters, or from four where it
    is the whole cell. How it is spelt does not count (see `likeness`); from six characters, nor
    do signs between its parts. Eight bytes a patient are held.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._compact = _compact_ids(ledger)
        self.is_patient = lru_cache(_CACHED)(self._is_patient)
        self.is_uid = lru_cache(_CACHED)(self._is_uid)

    def kinds(self, cell: str) -> Iterator[str]:
        """What the cell holds, in the operator's words."""
        if any(map(self.is_patient, _candidates(cell))):
            yield Kind.PATIENT_ID.value
        if "." in cell and any(map(self.is_uid, _UID.findall(cell))):
            yield "UID"

    def _is_patient(self, word: str) -> bool:
        if len(joined := compact(word)) >= _LONG:
            sought = hash(joined)
            at = bisect_left(self._compact, sought)
            if at < len(self._compact) and self._compact[at] == sought:
                return True
        return bool(
            self._ledger.number(
                "SELECT EXISTS (SELECT 1 FROM patient_likeness WHERE likeness = ?)", likeness(word)
            )
        )

    def _is_uid(self, uid: str) -> bool:
        return bool(self._ledger.number(_OF_ANYBODY, uid))


def _compact_ids(ledger: Ledger) -> array[int]:
    """What the IDs of all patients come to without any sign, by their hashes, sorted."""
    found: list[int] = []
    after = 0
    while page := ledger.rows(
        "SELECT id, original_id FROM patient WHERE id > ? ORDER BY id LIMIT ?", after, _PAGE
    ):
        found += (hash(text) for _, one in page if len(text := compact(one)) >= _LONG)
        after = page[-1][0]
    return array("q", sorted(found))


def _candidates(cell: str) -> Iterator[str]:
    whole = cell.strip()
    if _is_telling(whole, _SHORT):
        yield whole
    for found in _WORD.findall(whole):
        word = found.strip(_EDGES)
        for one in {word, *_PARTS.split(word)}:
            if one != whole and any(map(str.isdigit, one)) and _is_telling(one, _LONG):
                yield one
    for letters, digits in _PARTED.findall(whole):
        if _is_telling(joined := letters + digits, _LONG):
            yield joined


def _is_telling(text: str, least: int) -> bool:
    if not least <= len(text) <= 128:
        return False
    if text.isdigit():
        return len(text) >= _LONG_NUMBER
    if any(map(str.isdigit, text)):
        return any(map(str.isalpha, text)) or sum(map(str.isdigit, text)) >= _LONG_NUMBER
    word = fold(text)
    return len(text) >= _LONG and word not in ORDINARY and word not in PLACEHOLDERS
