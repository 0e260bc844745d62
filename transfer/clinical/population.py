"""Which of EUCAIM's two minimum sets a row belongs to, by its Population.

Source: EUCAIM's requirements, section 5: patients with cancer or another lesion are asked for the
attributes of section 4, persons of a screening or control group for those of section 5. The list
is open; of a term that is not on it a person says which set it means.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from transfer.clinical.columns import Role
from transfer.clinical.terms import meaning
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping

RULES_OF_POPULATION: Final = ("CLP-02", "CLN-02")


class MinimumSet(StrEnum):
    """Positive or diagnostic cases (section 4), negative screening or control groups (5); also the
    answers to the question which of them a term means."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


_SETS: Final = MappingProxyType(
    {
        "Patient with Cancer": MinimumSet.POSITIVE,
        "Patient with lesion not being a malignant tumor": MinimumSet.POSITIVE,
        "Negative screening": MinimumSet.NEGATIVE,
        "Screening": MinimumSet.NEGATIVE,
        "Control group": MinimumSet.NEGATIVE,
    }
)


class Populations:
    """The set of each value of Population, as EUCAIM's terms and persons' words have it."""

    def __init__(self, ledger: Ledger) -> None:
        self._terms = read_mapping(ledger).terms_of(Role.POPULATION)
        self._said = {
            str(value): MinimumSet.POSITIVE if is_positive else MinimumSet.NEGATIVE
            for value, is_positive in ledger.rows("SELECT value, is_positive FROM population_set")
        }
        self._known: dict[str, MinimumSet | None] = {}

    def set_of(self, text: str) -> MinimumSet | None:
        """None while nobody has said it. `text` is not empty."""
        if text not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            term = meaning(self._terms, Role.POPULATION, text)
            self._known[text] = _SETS.get(term) or self._said.get(_bare(term or text))
        return self._known[text]


_REMEMBERED: Final = 1000


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()


def take_words_on_populations(ledger: Ledger) -> None:
    """Keep for the dataset what persons answered about terms of Population: a table that is saved
    anew is not asked about again. An answer is about the value in the row that its key names."""
    said = ledger.rows(
        "SELECT key, value FROM settled WHERE rule IN (?, ?) AND standing = 'answered'"
        " AND key GLOB 'R[0-9]*'",
        *RULES_OF_POPULATION,
    )
    terms = read_mapping(ledger).terms_of(Role.POPULATION) if said else {}
    for key, answer in said:
        found = ledger.row(
            "SELECT json_extract(r.cells, '$[' || c.number || ']') FROM clinical_row r"
            " JOIN clinical_column c ON c.file_id = r.file_id AND c.role = ?"
            " WHERE r.id = ? ORDER BY c.number LIMIT 1",
            Role.POPULATION.value,
            int(key[1:]),
        )
        text = str(found[0] or "").strip() if found else ""
        if text and answer in list(MinimumSet):
            term = meaning(terms, Role.POPULATION, text)
            with ledger.transaction():
                ledger.write(
                    "INSERT OR REPLACE INTO population_set VALUES (?, ?)",
                    _bare(term or text),
                    answer == MinimumSet.POSITIVE,
                )
