"""What is known of the variables of a dataset as they leave: for the draft of the CDM template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.clinical.attributes import Form
from transfer.clinical.columns import Role
from transfer.clinical.outgoing.columns import OutgoingColumn
from transfer.clinical.outgoing.dates import DatePolicy
from transfer.clinical.outgoing.table import Outgoing
from transfer.clinical.terms import VOCABULARIES, is_icd_o, term_of
from transfer.clinical.values import number, written_date
from transfer.ledger.connection import Ledger
from transfer.ledger.timepoints import EPISODES, STUDY_LEAVES
from transfer.quality.attributes import is_empty

_MOST_VALUES: Final = 200
_MOST_OF_OTHERS: Final = 50
_LONGEST: Final = 100
_CUSTOM: Final = "custom"
_ICD_O: Final = "ICD-O-3"


@dataclass(slots=True)
class _Seen:
    """How often a value was met, and whether of more than one patient."""

    patient: int
    n: int = 0
    is_shared: bool = False


@dataclass(slots=True)
class Variable:
    """A variable as it leaves. `episodes` are those in whose rows it is filled."""

    heading: str
    role: Role | None
    form: Form
    policy: DatePolicy
    episodes: set[str] = field(default_factory=set)
    has_numbers: bool = False
    has_decimals: bool = False
    is_open: bool = False
    _seen: dict[str, _Seen] = field(default_factory=dict)

    @property
    def is_term(self) -> bool:
        return self.form is Form.TERM

    @property
    def has_values(self) -> bool:
        """Whether its values are told: terms, and what else has few values that many share."""
        return self.is_term or (self.form is Form.TEXT and self.role is None)

    def see(self, text: str, patient: int, episode: str) -> None:
        """Take in one cell."""
        text = text.strip()
        if is_empty(text):
            return
        self.episodes.add(episode)
        if not self.has_values or (not self.is_term and _is_measured(text)):
            self.has_numbers = self.has_numbers or number(text) is not None
            self.has_decimals = self.has_decimals or "." in text
            return
        most = _MOST_VALUES if self.is_term else _MOST_OF_OTHERS
        if text not in self._seen and (len(self._seen) >= most or len(text) > _LONGEST):
            # Free text, or as good as that.
            self.is_open = True
        if self.is_open:
            return
        seen = self._seen.setdefault(text, _Seen(patient))
        seen.n += 1
        seen.is_shared = seen.is_shared or seen.patient != patient

    def values(self) -> list[str]:
        """Its distinct values in order; of a variable without an attribute only those that more
        than one patient has, for the others may be anything. None where there are too many."""
        if self.is_open:
            return []
        return sorted(text for text, seen in self._seen.items() if self.is_term or seen.is_shared)

    def coded(self) -> list[str]:
        """The same, with the code or EUCAIM's term behind a comma where one is known."""
        return [",".join(filter(None, (text, self._code(text)))) for text in self.values()]

    def _code(self, text: str) -> str:
        if self.role is None:
            return ""
        if is_icd_o(self.role, text):
            return text
        known = term_of(self.role, text)
        terms = VOCABULARIES[self.role].terms if self.role in VOCABULARIES else ()
        return next((t.code or t.text for t in terms if t.text == known and t.is_eucaim), "")

    def standard(self) -> str:
        """The standard of its values; empty where it has none to be told."""
        values = self.values()
        if not values:
            return ""
        role = self.role
        is_coded = role is not None and all(is_icd_o(role, text) for text in values)
        return _ICD_O if is_coded else _CUSTOM

    def example(self) -> str:
        """How a value is spelt; never one that only one patient has."""
        shared = [(-seen.n, text) for text, seen in self._seen.items() if seen.is_shared]
        if self._seen:
            return min(shared)[1] if shared and not self.is_open else ""
        if self.form is Form.DATE:
            return "YYYY-MM-DD" if self.policy is DatePolicy.AS_IS else "YYYY-MM-01"
        examples = {Form.DAYS: ("-12", "-12.5"), Form.YEARS: ("45", "45.5")}
        whole, decimal = examples.get(self.form, ("12", "12.5"))
        return (decimal if self.has_decimals else whole) if self.has_numbers else ""


def _is_measured(text: str) -> bool:
    """Whether a value is a number or a date, and no word for something."""
    written = written_date(text)
    return number(text) is not None or written.date is not None or written.is_open


def variables_of(out: Outgoing) -> list[Variable]:
    """All variables of all tables, PatientID first; one row after the other is looked at."""
    found: dict[str, Variable] = {}
    for table in out.tables:
        of = [found.setdefault(c.heading.casefold(), _variable(c, out)) for c in table.columns]
        place = next((n for n, c in enumerate(table.columns) if c.role is Role.EPISODE), None)
        for row in out.rows(table):
            episode = "" if place is None else term_of(Role.EPISODE, row.cells[place])
            for variable, text in zip(of, row.cells, strict=True):
                variable.see(text, row.patient_row, episode)
    return sorted(found.values(), key=lambda v: v.role is not Role.PATIENT)


def _variable(column: OutgoingColumn, out: Outgoing) -> Variable:
    return Variable(column.heading, column.role, column.form, out.policy)


def episodes_of(ledger: Ledger, variables: list[Variable]) -> list[str]:
    """The episodes of the dataset besides Diagnosis, of board and tables, in time order: by the
    first number that a study of it has."""
    first = dict(_first_numbers(ledger))
    told = {episode for variable in variables for episode in variable.episodes if episode}
    wanted = (first.keys() | told) - {"Diagnosis"}
    last = max(first.values(), default=0) + 1
    return sorted(wanted, key=lambda e: (first.get(e, last), EPISODES.index(e)))


def _first_numbers(ledger: Ledger) -> Iterator[tuple[str, int]]:
    for episode, first in ledger.rows(
        "SELECT tp.episode, min(ifnull(tp.number, 1)) FROM timepoint tp"  # noqa: S608 - a literal of ours
        f" JOIN study s ON s.id = tp.study_id WHERE {STUDY_LEAVES} GROUP BY tp.episode"
    ):
        yield str(episode), int(first)
