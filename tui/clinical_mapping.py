"""All that the screens of the mapping ask of the engine. Everything here blocks: in threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.clinical.columns import Role
from transfer.clinical.mapping import Unit
from transfer.clinical.values import Order
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held, kept_from_runners
from transfer.workspace import Home, Workspace

if TYPE_CHECKING:
    from transfer.clinical.board import BoardColumn, Confirmed, Missing
    from transfer.clinical.mapping_file import Loaded, Saved
    from transfer.clinical.proposing import Proposal
    from transfer.clinical.term_values import TermColumn

_SETS: Final = ("CLP", "CLN")


@dataclass(frozen=True, slots=True)
class Board:
    """Every column, and the attributes that none holds: those that EUCAIM asks for of what is in
    the table, and others. `is_held`: a runner is at work."""

    columns: tuple[BoardColumn, ...]
    missing: tuple[Missing, ...]
    not_asked: tuple[Missing, ...]
    is_held: bool


class Mappings:
    """The mappings of all transfers of a home. What changes one raises RunnerHeld while a runner is
    at work, and UsageError with a sentence where it is refused; nothing is judged anew."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def board(self, name: str) -> Board:
        """How every column is mapped."""
        from transfer.clinical.board import mapping_board, missing_attributes

        workspace = self._workspace(name)
        held = is_held(workspace.lock)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            missing, sets = missing_attributes(ledger), _sets_in_use(ledger)
            asked = [one for one in missing if one.declared or sets & {r[:3] for r in one.rules}]
            others = [one for one in missing if one not in asked]
            columns = tuple(mapping_board(ledger))
            return Board(columns, tuple(asked), tuple(others), held)

    def choose(self, name: str, column: BoardColumn, role: Role | None, person: str) -> None:
        """Say what a column holds; a role that was proposed is confirmed with its unit."""
        from transfer.clinical.board import confirm
        from transfer.clinical.choosing import choose_role

        proposal = _proposed(column, role)
        with self._changing(name) as ledger:
            if proposal is not None:
                confirm(ledger, column, proposal, person)
            else:
                choose_role(ledger, column.heading, role, person)

    def confirm_all(self, name: str, person: str) -> Confirmed:
        """Confirm every proposal of which there is no doubt."""
        from transfer.clinical.board import confirm_all

        with self._changing(name) as ledger:
            return confirm_all(ledger, person)

    def leave_out(self, name: str, heading: str, person: str, *, is_left_out: bool) -> None:
        """Say that a column does not leave, or that it does."""
        from transfer.clinical.choosing import leave_out

        with self._changing(name) as ledger:
            leave_out(ledger, heading, person, is_left_out=is_left_out)

    def take_back(self, name: str, heading: str) -> None:
        """Forget what was said of a column."""
        from transfer.clinical.choosing import take_back

        with self._changing(name) as ledger:
            take_back(ledger, heading)

    def order(self, name: str, heading: str, order: Order | None, person: str) -> None:
        """Say whether days or months come first."""
        from transfer.clinical.choosing import choose_order

        with self._changing(name) as ledger:
            choose_order(ledger, heading, order, person)

    def unit(self, name: str, heading: str, unit: Unit | None, person: str) -> None:
        """Say in what a column is counted."""
        from transfer.clinical.choosing import choose_unit

        with self._changing(name) as ledger:
            choose_unit(ledger, heading, unit, person)

    def declare(self, name: str, role: Role, by: tuple[str, str]) -> None:
        """Declare that the source does not hold an attribute."""
        from transfer.clinical.choosing import declare_missing

        with self._changing(name) as ledger:
            declare_missing(ledger, role, *by)

    def withdraw(self, name: str, role: Role) -> None:
        """Take that back."""
        from transfer.ledger.mapping import withdraw

        with self._changing(name) as ledger:
            withdraw(ledger, role)

    # Terms --------------------------------------------------------------------------------

    def terms(self, name: str, role: Role | None) -> list[TermColumn]:
        """The values of the columns of an attribute, or of all that are written in terms."""
        from transfer.clinical.term_values import term_columns

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return term_columns(ledger, role)

    def choose_term(self, name: str, role: Role, value: str, term: str, person: str) -> None:
        """Say which term a value means."""
        from transfer.clinical.term_values import choose_term

        with self._changing(name) as ledger:
            choose_term(ledger, role, value, term, person)

    def forget_term(self, name: str, role: Role, value: str) -> None:
        """Take that back."""
        from transfer.clinical.term_values import forget_term

        with self._changing(name) as ledger:
            forget_term(ledger, role, value)

    def confirm_terms(self, name: str, role: Role | None, person: str) -> int:
        """Confirm every term that is proposed; how many values."""
        from transfer.clinical.term_values import confirm_terms

        with self._changing(name) as ledger:
            return confirm_terms(ledger, role, person)

    # The file -----------------------------------------------------------------------------

    def save(self, name: str, path: Path) -> Saved:
        """Write the mapping into a file that another transfer can take.

        Raises:
            UsageError: it cannot be written.
        """
        from transfer.clinical.mapping_file import save_mapping

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return save_mapping(ledger, path)

    def load(self, name: str, path: Path, person: str) -> Loaded:
        """Take a mapping from a file.

        Raises:
            UsageError: it is no mapping, or cannot be read.
        """
        from transfer.clinical.mapping_file import load_mapping

        if not path.is_file():
            raise UsageError("There is no such file.", "Type its path anew.")
        with self._changing(name) as ledger:
            return load_mapping(ledger, path, person)

    @contextmanager
    def _changing(self, name: str) -> Iterator[Ledger]:
        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            yield ledger

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def _sets_in_use(ledger: Ledger) -> set[str]:
    """Which of EUCAIM's two minimum sets the table's rows belong to, by what was found when they
    were judged last: what lacks an attribute that its set asks for is found, declared or not."""
    found = {
        family
        for family in _SETS
        if ledger.number("SELECT EXISTS (SELECT 1 FROM finding WHERE rule GLOB ?)", f"{family}-*")
    }
    return found or set(_SETS)


def _proposed(column: BoardColumn, role: Role | None) -> Proposal | None:
    return next((one for one in column.proposals if one.role is role), None)
