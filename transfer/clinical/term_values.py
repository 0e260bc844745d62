"""Which values stand in a column of terms, and what each means: read, proposed, said.

A value is kept in the mapping as it is written, so it may not be a patient's own; and what has a
hundred different values is no column of terms.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.columns import Role, telling
from transfer.clinical.identifying import identifying
from transfer.clinical.mapping import TermMap
from transfer.clinical.terms import (
    LONGEST,
    VOCABULARIES,
    TermProposal,
    meaning,
    propose_term,
    term_of,
)
from transfer.clinical.values import form_of
from transfer.errors import UsageError
from transfer.ledger.clinical import (
    ClinicalColumn,
    ClinicalFile,
    clinical_columns,
    clinical_files,
    table_width,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import forget_term as forget
from transfer.ledger.mapping import map_term, read_mapping
from transfer.quality.attributes import is_empty

MOST_VALUES: Final = 100
"""Different values of a column that are told one by one."""
_MOST_COUNTED: Final = 10_000
_PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class TermValue:
    """One value and in how many rows it stands. `term` is the one in force, empty for none;
    `is_said`: by a person's word. `is_shown` is False for what may be a patient's own: then only
    its form may be told, and it cannot be mapped."""

    text: str = field(repr=False)
    rows: int
    form: str
    term: str
    is_said: bool
    proposal: TermProposal | None
    is_shown: bool


@dataclass(frozen=True, slots=True)
class TermColumn:
    """A column of terms, its values that are not empty from the most frequent on; `is_cut`: there
    are more than are told. `has_terms`: there is a list for its attribute."""

    role: Role
    file: int
    table: str
    place: int
    heading: str = field(repr=False)
    values: tuple[TermValue, ...]
    is_cut: bool
    has_terms: bool

    @property
    def unmapped(self) -> int:
        """How many of the values have no term in force, where there is a list of terms."""
        return sum(not value.term for value in self.values) if self.has_terms else 0


def term_columns(ledger: Ledger, role: Role | None = None) -> list[TermColumn]:
    """The columns of an attribute that is written in terms, or of all, in each table. Looks at
    every row, once for all columns of a table."""
    found: list[TermColumn] = []
    for file in clinical_files(ledger):
        columns = [
            column
            for column in clinical_columns(ledger, file.row)
            if column.role and _has_terms(Role(column.role)) and role in (None, Role(column.role))
        ]
        counted = _counted(ledger, file.row, [column.place for column in columns])
        found += [_term_column(ledger, file, c, n) for c, n in zip(columns, counted, strict=True)]
    return found


def _has_terms(role: Role) -> bool:
    return ATTRIBUTES[role].form is Form.TERM


def _counted(ledger: Ledger, file: int, places: Sequence[int]) -> list[Counter[str]]:
    """How many rows of a table have which value in these columns; of a column with no end of values
    the first of them."""
    counted = [Counter[str]() for _ in places]
    width, after = table_width(ledger, file), 0
    while places and (
        page := ledger.rows(
            "SELECT id, cells FROM clinical_row WHERE file_id = ? AND id > ? AND width = ?"
            " ORDER BY id LIMIT ?",
            file,
            after,
            width,
            _PAGE,
        )
    ):
        for _, document in page:
            cells = json.loads(document)
            for place, values in zip(places, counted, strict=True):
                # What is longer is no term, and is told by its beginning's form alone.
                text = cells[place].strip()[: LONGEST + 1]
                if text in values or len(values) < _MOST_COUNTED:
                    values[text] += 1
        after = page[-1][0]
    return counted


def _term_column(
    ledger: Ledger, of: ClinicalFile, column: ClinicalColumn, values_of: Counter[str]
) -> TermColumn:
    role, file, table = Role(column.role), of.row, of.key
    place, heading = column.place, column.heading
    counted = sorted(
        ((text, rows) for text, rows in values_of.items() if not is_empty(text)),
        key=lambda one: (-one[1], one[0]),
    )
    said = read_mapping(ledger).terms_of(role)
    texts = [text for text, _ in counted[:MOST_VALUES]]
    is_cut = len(counted) > MOST_VALUES
    unusual = [text for text in texts if not is_usual(role, text)]
    # So many different values, or such a heading: they are no terms, whatever was said.
    hidden = unusual if is_cut or telling(heading) else _hidden(ledger, unusual)
    values = tuple(
        _value(role, text, rows, said, texts, is_shown=text not in hidden)
        for text, rows in counted[:MOST_VALUES]
    )
    return TermColumn(role, file, table, place, heading, values, is_cut, role in VOCABULARIES)


def _hidden(ledger: Ledger, unusual: Sequence[str]) -> Collection[str]:
    """Values that may be a patient's own."""
    return {text for text in unusual if len(text) > LONGEST} | identifying(ledger, unusual)


def _value(
    role: Role, text: str, rows: int, said: dict[str, str], beside: list[str], *, is_shown: bool
) -> TermValue:
    term = meaning(said, role, text)
    proposal = None if term or not is_shown else propose_term(role, text, beside)
    return TermValue(text, rows, form_of(text), term, text in said, proposal, is_shown)


def choose_term(ledger: Ledger, role: Role, value: str, term: str, person: str) -> None:
    """Say which term a value means: it leaves in its place.

    Raises:
        UsageError: the attribute is not written in terms, the term is not on a list that is
            closed, or the value is a patient's own.
    """
    (said,) = checked_terms(ledger, [TermMap(role, value.strip(), " ".join(term.split()))])
    with ledger.transaction():
        map_term(ledger, said, person.strip())


def forget_term(ledger: Ledger, role: Role, value: str) -> None:
    """Take that back."""
    forget(ledger, role, value.strip())


def confirm_terms(ledger: Ledger, role: Role | None, person: str) -> int:
    """Confirm every term that is proposed, of one attribute or of all; how many values."""
    proposed = [
        TermMap(column.role, value.text, value.proposal.term)
        for column in term_columns(ledger, role)
        for value in column.values
        if value.proposal is not None
    ]
    with ledger.transaction():
        for said in proposed:
            map_term(ledger, said, person.strip())
    return len(proposed)


def checked_terms(ledger: Ledger, said: Sequence[TermMap]) -> list[TermMap]:
    """The words as they are kept, each term as its list spells it. Raises as `choose_term`."""
    checked = [_checked(one) for one in said]
    texts = {t for one in checked for t in (one.value, one.term) if not is_usual(one.role, t)}
    if identifying(ledger, texts):
        raise UsageError(
            "That value is a Patient ID or a name of this transfer, so it is not kept as a term.",
            "See whether the right column was given to the attribute.",
        )
    return checked


def _checked(said: TermMap) -> TermMap:
    role, title = said.role, ATTRIBUTES[said.role].title
    if not _has_terms(role):
        raise UsageError(
            f"{title} is not written in terms.",
            "These are: " + ", ".join(r for r in ATTRIBUTES if _has_terms(r)) + ".",
        )
    if not said.value or is_empty(said.value) or len(said.value) > LONGEST:
        raise UsageError(
            "An empty value, or one of more than 200 characters, stands for no term.",
            "Correct it in the table.",
        )
    term = term_of(role, said.term)
    if not said.term or len(said.term) > LONGEST or not said.term.isprintable():
        raise UsageError(
            "That is no term: it is empty, too long, or cannot be printed.", _allowed(role)
        )
    if not term and role in VOCABULARIES and not VOCABULARIES[role].is_open:
        raise UsageError(f"That is no term of {title}.", _allowed(role))
    return TermMap(role, said.value, term or said.term)


def is_usual(role: Role, text: str) -> bool:
    """Whether it is a term or a usual word for one, and so nobody's own, even where somebody bears
    it as a name."""
    return bool(term_of(role, text) or propose_term(role, text))


def _allowed(role: Role) -> str:
    if role not in VOCABULARIES:
        return "Give the word that is to leave."
    vocabulary = VOCABULARIES[role]
    known = ", ".join(term.text for term in vocabulary.terms)
    return f"Take one of: {known}{', or another agreed word' if vocabulary.is_open else ''}."
