"""What of the tree a person wants to see: words, modalities, findings, what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

View = Literal["all", "findings", "excluded"]

_KEY: Final = re.compile(r"[PSEpse][0-9]{1,15}")
_MOST_WORDS: Final = 8
_TABLE: Final = {"P": "p.id", "S": "s.id", "E": "e.id"}


@dataclass(frozen=True, slots=True)
class Sieve:
    """Each word has to stand in a Series' description, body part or modality, in the description
    of its Study, or be the key of what it lies in; capital or small (ASCII). Only where `reveals`
    is set is the original Patient ID looked into: what is not shown cannot be asked for either.

    A Study or patient passes with the first Series of it that does. The view of findings leaves
    out those that only inform.
    """

    words: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    view: View = "all"
    reveals: bool = False

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return not self.words and not self.modalities and self.view == "all"

    def condition(self) -> tuple[str, list[object]]:
        """What SQL asks of series `e` of study `s` of patient `p`, and the values for it."""
        asked: list[str] = []
        values: list[object] = []
        for word in self.words:
            sql, more = self._of_word(word)
            asked.append(sql)
            values += more
        if self.modalities:
            asked.append(f"e.modality IN ({', '.join('?' * len(self.modalities))})")
            values += self.modalities
        if self.view == "findings":
            # What is found about a patient is about all that patient's Series.
            asked.append(
                "(EXISTS (SELECT 1 FROM finding_place f WHERE f.series_id = e.id AND f.worst < 3)"
                " OR EXISTS (SELECT 1 FROM finding_place f WHERE f.study_id = s.id"
                " AND f.series_id IS NULL AND f.worst < 3)"
                " OR EXISTS (SELECT 1 FROM finding_place f WHERE f.patient_id = p.id"
                " AND f.study_id IS NULL AND f.worst < 3))"
            )
        elif self.view == "excluded":
            asked.append(
                "EXISTS (SELECT 1 FROM tally t WHERE t.series_id = e.id"
                " AND t.state = 'excluded' AND t.n > 0)"
            )
        return " AND ".join(asked) or "1", values

    def _of_word(self, word: str) -> tuple[str, list[object]]:
        if _KEY.fullmatch(word):
            return f"{_TABLE[word[0].upper()]} = ?", [int(word[1:])]
        columns = ["e.description", "e.body_part", "e.modality", "s.description"]
        if self.reveals:
            columns.append("p.original_id")
        like = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
        sql = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
        return f"({sql})", [like] * len(columns)


def make_sieve(text: str, modalities: str, view: View, *, reveals: bool) -> Sieve:
    """A sieve out of what a person typed: words with blanks, modalities with commas between."""
    return Sieve(
        tuple(text.split()[:_MOST_WORDS]),
        tuple(dict.fromkeys(_upper(re.split(r"[\s,;]+", modalities)))),
        view,
        reveals,
    )


def _upper(words: Iterable[str]) -> Iterable[str]:
    return (word.upper() for word in words if word)
