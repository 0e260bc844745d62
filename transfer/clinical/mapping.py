"""What persons said about a table: which column holds what, how it is written, what it lacks.

Kept by heading, not by place, so that the next export of the same source needs no second answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as ByPlace
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from transfer.clinical.columns import Role
from transfer.clinical.values import DateOrder, Order


class Unit(StrEnum):
    """In what a column of ages or of relative days is counted."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A person's word on one column. `role` is None where it holds no attribute of EUCAIM;
    `is_left_out`: it does not leave."""

    heading: str
    role: Role | None = None
    order: Order | None = None
    unit: Unit | None = None
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class TermMap:
    """What one value of the source means: the term that leaves in its place."""

    role: Role
    value: str
    term: str


@dataclass(frozen=True, slots=True)
class Declared:
    """The source does not hold this attribute, for the whole dataset (CLP-90)."""

    role: Role
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """All of it."""

    columns: tuple[ColumnMap, ...] = ()
    terms: tuple[TermMap, ...] = ()
    declared: tuple[Declared, ...] = ()

    def column(self, heading: str) -> ColumnMap | None:
        """What was said of the column of this heading."""
        return next((c for c in self.columns if c.heading == heading), None)

    def terms_of(self, role: Role) -> dict[str, str]:
        """Value to term, of one attribute."""
        return {t.value: t.term for t in self.terms if t.role is role}

    def declares(self, role: Role) -> bool:
        """Whether the source was declared not to hold it."""
        return any(d.role is role for d in self.declared)


def words_of(mapping: Mapping, headings: Sequence[str]) -> dict[int, ColumnMap]:
    """What was said of the columns of one table, by place from 0."""
    by_heading = {said.heading: said for said in mapping.columns}
    return {n: by_heading[h] for n, h in enumerate(headings) if h in by_heading}


def chosen_of(said: ByPlace[int, ColumnMap]) -> dict[int, Role | None]:
    """The attribute of each column that a person spoke of, for `roles_of`. Where two columns of one
    table were given the same, neither has it: which one is meant nobody can tell."""
    claims: Counter[Role | None] = Counter(
        one.role for one in said.values() if one.role is not Role.OTHER_DATE
    )
    return {n: None if claims[one.role] > 1 else one.role for n, one in said.items()}


def order_in_force(said: ColumnMap | None, seen: DateOrder) -> str:
    """In which order dates of a column are read: as a person said, else as they prove."""
    return said.order.value if said is not None and said.order is not None else seen.proven
