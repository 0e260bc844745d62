"""The columns of all tables as a person maps them: what each holds, and how that is known.

Proposals and forms come of a sample, at most 1,000 rows spread over each table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.choosing import choose_role, choose_roles
from transfer.clinical.columns import Role, column_told, telling
from transfer.clinical.likeness import likeness
from transfer.clinical.mapping import ColumnMap, Declared, Unit, chosen_of, words_of
from transfer.clinical.proposing import Proposal, Sample, clear_choice, proposals
from transfer.clinical.terms import VOCABULARIES, meaning
from transfer.clinical.units import suspicious_unit
from transfer.clinical.values import form_of
from transfer.ledger.clinical import (
    ClinicalColumn,
    ClinicalFile,
    clinical_columns,
    clinical_files,
    table_width,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping
from transfer.quality.attributes import is_empty

SAMPLED_AT_MOST: Final = 1000
_FORMS: Final = 3
_LOOKED_UP: Final = 50


class State(StrEnum):
    """How it is known what a column holds. `LIKELY`: it is not, but something is proposed."""

    SURE = "sure"
    LIKELY = "likely"
    CONFIRMED = "confirmed"
    NONE = "none"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One column. `heading` is as it is written, of the table and untrusted; `told` is what may
    stand in any message. `proposals` are there while the heading is not known and nobody said
    anything, the best first.

    `forms` are how the values of the sample are written, with how many each, the most frequent
    first; `sampled` is how many rows were looked at. `doubt` are units in which the values would
    make sense where they make none in the one in force. `unmapped` counts different values of the
    sample that have no term. `telling` is which identifiers such a heading holds, empty for none.
    """

    file: int
    table: str
    place: int
    heading: str = field(repr=False)
    told: str
    role: Role | None
    state: State
    proposals: tuple[Proposal, ...]
    forms: tuple[tuple[str, int], ...]
    sampled: int
    order: str
    unit: Unit | None
    doubt: tuple[Unit, ...]
    unmapped: int
    telling: str

    @property
    def title(self) -> str:
        """The attribute's name; empty where the column holds none."""
        return ATTRIBUTES[self.role].title if self.role is not None else ""

    @property
    def is_term(self) -> bool:
        """Whether its values are terms."""
        return self.role is not None and ATTRIBUTES[self.role].form is Form.TERM

    @property
    def choice(self) -> Proposal | None:
        """The proposal that is confirmed together with those of other columns, if any."""
        return clear_choice(self.proposals)


@dataclass(frozen=True, slots=True)
class Missing:
    """An attribute of EUCAIM's minimum sets that no column holds. `rules` ask for it."""

    role: Role
    title: str
    rules: tuple[str, ...]
    is_declarable: bool
    declared: Declared | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many columns were confirmed at once, and how many are to be asked about one by one, for
    more than one column or attribute comes into question."""

    done: int
    asked: int


def mapping_board(ledger: Ledger) -> list[BoardColumn]:
    """Every column of every table that was read, from left to right."""
    return [
        column
        for file in clinical_files(ledger)
        if not file.problem
        for column in _of_table(ledger, file)
    ]


def missing_attributes(ledger: Ledger) -> list[Missing]:
    """What EUCAIM asks for and no column holds, as EUCAIM lists it; what was declared, too."""
    held = {
        column.role
        for file in clinical_files(ledger)
        for column in clinical_columns(ledger, file.row)
    }
    declared = {one.role: one for one in read_mapping(ledger).declared}
    return [
        Missing(
            role,
            attribute.title,
            tuple(filter(None, (attribute.positive, attribute.negative))),
            attribute.is_declarable,
            declared.get(role),
        )
        for role, attribute in ATTRIBUTES.items()
        if (attribute.positive or attribute.negative) and (role not in held or role in declared)
    ]


def confirm(ledger: Ledger, column: BoardColumn, proposal: Proposal, person: str) -> None:
    """Confirm a proposal of a column. Raises as `choose_role`."""
    choose_role(ledger, column.heading, proposal.role, person, proposal.unit)


def confirm_all(ledger: Ledger, person: str) -> Confirmed:
    """Confirm every proposal of which there is no doubt."""
    columns = [column for column in mapping_board(ledger) if column.proposals]
    chosen = [
        (column.heading, column.choice.role, column.choice.unit)
        for column in columns
        if column.choice is not None
    ]
    done = choose_roles(ledger, chosen, person)
    return Confirmed(done, len(columns) - done)


def _of_table(ledger: Ledger, file: ClinicalFile) -> list[BoardColumn]:
    columns = clinical_columns(ledger, file.row)
    headings = [column.heading for column in columns]
    mapping = read_mapping(ledger)
    said = words_of(mapping, headings)
    roles = {column.place: Role(column.role) for column in columns if column.role}
    cells = _sampled(ledger, file)
    values = {
        place: [text for row in cells if not is_empty(text := row[place].strip())]
        for place in range(len(columns))
    }
    unknown = {
        place: _sample(ledger, values[place])
        for place in values
        if place not in said and roles.get(place) in (None, Role.OTHER_DATE)
    }
    proposed = proposals(headings, roles, chosen_of(said), unknown)
    terms = {role: mapping.terms_of(role) for role in VOCABULARIES}
    return [
        _column(
            file,
            column,
            said.get(column.place),
            proposed.get(column.place, ()),
            values[column.place],
            len(cells),
            terms,
        )
        for column in columns
    ]


def _column(
    file: ClinicalFile,
    column: ClinicalColumn,
    said: ColumnMap | None,
    proposed: tuple[Proposal, ...],
    values: Sequence[str],
    sampled: int,
    terms: Mapping[Role, Mapping[str, str]],
) -> BoardColumn:
    role = Role(column.role) if column.role else None
    unit = said.unit if said is not None else None
    forms = Counter(map(form_of, values))
    if sampled > len(values):
        forms["empty"] = sampled - len(values)
    return BoardColumn(
        file=file.row,
        table=file.key,
        place=column.place,
        heading=column.heading,
        told=column_told(column.place, column.heading),
        role=role,
        state=_state(said, role, proposed),
        proposals=proposed,
        forms=tuple(forms.most_common(_FORMS)),
        sampled=sampled,
        order=column.date_order,
        unit=unit,
        doubt=suspicious_unit(role, values) if role is not None and unit is None else (),
        unmapped=_unmapped(role, values, terms),
        telling=telling(column.heading),
    )


def _unmapped(
    role: Role | None, values: Sequence[str], terms: Mapping[Role, Mapping[str, str]]
) -> int:
    if role is None or role not in terms:
        return 0
    return sum(not meaning(terms[role], role, value) for value in set(values))


def _state(said: ColumnMap | None, role: Role | None, proposed: Sequence[Proposal]) -> State:
    if said is not None:
        return State.LEFT_OUT if said.is_left_out else State.CONFIRMED
    if proposed:
        return State.LIKELY
    return State.NONE if role is None else State.SURE


def _sampled(ledger: Ledger, file: ClinicalFile) -> list[list[str]]:
    """Rows with a value for each heading, spread over the table."""
    width = table_width(ledger, file.row)
    first, last = ledger.row(
        "SELECT min(id), max(id) FROM clinical_row WHERE file_id = ?", file.row
    ) or (None, None)
    if first is None:
        return []
    step = max(1, (last - first + 1) // SAMPLED_AT_MOST)
    rows = ledger.rows(
        "SELECT cells FROM clinical_row WHERE file_id = ?1 AND width = ?2 AND id IN"
        " (WITH RECURSIVE n (id) AS (SELECT ?3 UNION ALL SELECT id + ?4 FROM n WHERE id < ?5)"
        " SELECT id FROM n) LIMIT ?6",
        file.row,
        width,
        first,
        step,
        last,
        SAMPLED_AT_MOST,
    )
    return [[str(cell) for cell in json.loads(document)] for (document,) in rows]


def _sample(ledger: Ledger, values: Sequence[str]) -> Sample:
    looked = values[:_LOOKED_UP]
    patients = sum(_is_patient(ledger, text) for text in looked)
    studies = sum(_is_study(ledger, text) for text in looked)
    share = len(values) / max(1, len(looked))
    return Sample(values, round(patients * share), round(studies * share))


def _is_patient(ledger: Ledger, text: str) -> bool:
    return bool(
        ledger.number(
            "SELECT EXISTS (SELECT 1 FROM patient WHERE original_id = ?1 AND ?1 <> '')"
            " OR EXISTS (SELECT 1 FROM patient_likeness WHERE likeness = ?2 AND ?2 <> '')",
            text,
            likeness(text),
        )
    )


def _is_study(ledger: Ledger, text: str) -> bool:
    return bool(ledger.number("SELECT EXISTS (SELECT 1 FROM study WHERE study_uid = ?)", text))
