"""Free text of the files with what is known of the patient made unreadable.

A description helps to know a Study; the surname that somebody typed into it does not. What the
ledger knows of a patient is looked for word by word. A name that it does not know stays.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from transfer.deid.look.tokens import fold, is_unspaced, spelled_out, tokens_of
from transfer.ledger.connection import Ledger

VEILED: Final = "•••••"
_WORD: Final = re.compile(r"[^\W_]+")
_FACTS: Final = 200
"""Facts of one patient that are looked at; no real patient comes near."""
_LEAST: Final = 2


class Veil:
    """The words of one patient: name, Patient ID, and what else the files told."""

    def __init__(self, texts: Iterable[str]) -> None:
        words: set[str] = set()
        for text in texts:
            words.update(tokens_of(text), tokens_of(spelled_out(text)))
        self._words = frozenset(word for word in words if len(word) >= _LEAST)
        # Where no blank tells where a word begins, the longest one is looked for first.
        self._runs = sorted(filter(is_unspaced, self._words), key=len, reverse=True)

    def __repr__(self) -> str:
        return "Veil()"

    def over(self, text: str) -> str:
        """The text with those words veiled."""
        if not self._words:
            return text
        shown = unicodedata.normalize("NFC", text)
        for run in self._runs:
            shown = shown.replace(run, VEILED)
        return _WORD.sub(lambda found: self._seen(found[0]), shown)

    def _seen(self, word: str) -> str:
        folded = {fold(word), fold(spelled_out(word))}
        return word if self._words.isdisjoint(folded) else VEILED


NO_VEIL: Final = Veil(())


def veils_of(ledger: Ledger, patients: Collection[int]) -> dict[int, Veil]:
    """What veils the texts of some patients."""
    texts: dict[int, list[str]] = {
        row: [name, original]
        for row, name, original in ledger.rows(
            "SELECT id, original_name, original_id FROM patient"
            " WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(list(patients)),
        )
    }
    for row in texts:
        told = ledger.rows(
            "SELECT text FROM patient_fact WHERE patient_id = ? ORDER BY kind, text LIMIT ?",
            row,
            _FACTS,
        )
        texts[row] += [text for (text,) in told]
    return {row: Veil(found) for row, found in texts.items()}
