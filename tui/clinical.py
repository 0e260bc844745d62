"""All that the page of step 9 asks of the engine. Everything here blocks: call in threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.clinical.notes import PROBLEMS
from transfer.clinical.reading import SUFFIXES, is_table
from transfer.clinical.standing import ClinicalState, read_clinical_state
from transfer.errors import UsageError
from transfer.ledger.clinical import ClinicalFile, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import group_findings
from transfer.ledger.holder import is_held, kept_from_runners
from transfer.ledger.links import NOT_KEPT_BACK
from transfer.ledger.order import Order, read_order
from transfer.ledger.timepoints import STUDY_GOES
from transfer.workspace import Home, Workspace
from tui.findings import Group, group_told
from tui.folders import Folder, look_into

_PATIENTS: Final = (
    "SELECT count(*) FROM patient p WHERE EXISTS (SELECT 1 FROM study s"  # noqa: S608 - ours
    f" WHERE s.patient_id = p.id AND {STUDY_GOES})"
)
_WITH_ROWS: Final = (
    f"{_PATIENTS} AND EXISTS (SELECT 1 FROM clinical_row r WHERE r.patient_id = p.id)"  # noqa: S608 - ours
)
_LOOSE_ROWS: Final = (
    f"SELECT count(*) FROM clinical_row r WHERE r.patient_id IS NULL AND {NOT_KEPT_BACK}"  # noqa: S608 - ours
)

if TYPE_CHECKING:
    from transfer.clinical.workbook_sheets import Sheet


@dataclass(frozen=True, slots=True)
class ClinicalLook:
    """One look at the clinical data of a transfer. `loose_rows` have no patient of the images and
    are not kept back; `patients` have rows, of `patients_of_images` whose images go."""

    order: Order
    tables: tuple[ClinicalFile, ...]
    columns: int
    known_columns: int
    rows: int
    loose_rows: int
    patients: int
    patients_of_images: int
    kept_back: int
    groups: tuple[Group, ...]
    state: ClinicalState
    was_judged: bool
    is_held: bool

    @property
    def path(self) -> Path | None:
        """What the order names as clinical data."""
        return self.order.clinical

    @property
    def problem(self) -> tuple[str, str] | None:
        """Why a table could not be read, and what to do; None where all were."""
        code = next((file.problem for file in self.tables if file.problem), "")
        return PROBLEMS.get(code, ("The clinical table cannot be read.", "")) if code else None

    @property
    def is_read(self) -> bool:
        """Whether what is named now has been read to its end."""
        return bool(self.tables) and all(f.sha256 and not f.problem for f in self.tables)

    @property
    def in_the_way(self) -> tuple[Group, ...]:
        """The rules on clinical data that stop or ask."""
        return tuple(group for group in self.groups if group.stands_in_the_way)


class Clinical:
    """The clinical data of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def look(self, name: str) -> ClinicalLook:
        """How it stands."""
        from transfer.quality.clinical_rules import is_clinical

        workspace = self._workspace(name)
        held = is_held(workspace.lock)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            order = read_order(ledger)
            tables = _ordered(order, clinical_files(ledger))
            n = ledger.number
            return ClinicalLook(
                order,
                tables,
                n("SELECT count(*) FROM clinical_column"),
                n("SELECT count(*) FROM clinical_column WHERE role <> ''"),
                sum(file.data_rows for file in tables),
                n(_LOOSE_ROWS),
                n(_WITH_ROWS),
                n(_PATIENTS),
                n(
                    "SELECT count(*) FROM clinical_row r"
                    " JOIN clinical_kept_back k ON k.patient = r.patient"
                ),
                tuple(
                    group_told(ledger, of)
                    for of in group_findings(ledger)
                    if of.standing == "open" and is_clinical(of.rule)
                ),
                read_clinical_state(ledger, order),
                bool(n("SELECT EXISTS (SELECT 1 FROM setting WHERE name = 'circumstances')")),
                held,
            )

    def take(self, name: str, path: Path) -> None:
        """Name another table for this transfer, read it, and judge everything again.

        Raises:
            RunnerHeld: a runner is at work.
            UsageError: there is nothing there that could be read.
        """
        from transfer.clinical.table_word import take_table

        with self._changing(name) as ledger:
            take_table(ledger, path)
            _read_and_judge(ledger)

    def read_again(self, name: str) -> None:
        """Look at the tables again, and read what has changed. Raises: RunnerHeld."""
        with self._changing(name) as ledger:
            _read_and_judge(ledger)

    def images_alone(self, name: str, by: tuple[str, str]) -> None:
        """Record that there are no clinical data: who says so, and why. A table that is named is
        named no more.

        Raises:
            RunnerHeld: a runner is at work.
            StepBlocked: clinical data lie on the node already.
        """
        from transfer.clinical.table_word import record_image_only

        with self._changing(name) as ledger:
            record_image_only(ledger, *by)

    def look_into(self, path: Path, offset: int) -> Folder:
        """A folder's subfolders, a page of them, and its tables."""
        return look_into(path, offset, suffixes=SUFFIXES, is_wanted=is_table)

    def start_folder(self, name: str) -> Path:
        """Where the walk to the table begins: where the last one was, else with the images, or
        above them where only there is a table."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            order = read_order(ledger)
        if order.clinical is not None:
            path = _file_of(order.clinical)
            return path if path.is_dir() else path.parent
        beside = order.source if order.source.is_dir() else order.source.parent
        if not self.look_into(beside, 0).wanted and self.look_into(beside.parent, 0).wanted:
            return beside.parent
        return beside

    def sheets(self, path: Path) -> list[Sheet]:
        """The sheets of a workbook; none where it is no workbook.

        Raises:
            UsageError: it cannot be opened.
        """
        from transfer.clinical.rows import TableProblem
        from transfer.clinical.workbook_sheets import is_workbook, sheets_of

        try:
            return sheets_of(path) if is_workbook(path) else []
        except TableProblem as problem:
            raise UsageError(*PROBLEMS[problem.code]) from None
        except OSError as error:
            raise UsageError(
                f"The file cannot be read: {error.strerror}.",
                "Give this account read access to it, or choose another one.",
            ) from None

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


def _read_and_judge(ledger: Ledger) -> None:
    from transfer.clinical.phase import read_clinical
    from transfer.clinical.table_word import judge_again

    read_clinical(ledger)
    judge_again(ledger)


def _file_of(path: Path) -> Path:
    """The file of a path that may name a sheet behind it."""
    if path.exists() or "#" not in path.name:
        return path
    return path.with_name(path.name.partition("#")[0])


def _ordered(order: Order, files: list[ClinicalFile]) -> tuple[ClinicalFile, ...]:
    """What was read of what is named now; an earlier table's rows are forgotten when tables are
    read next."""
    if order.clinical is None:
        return ()
    named = {os.fsencode(order.clinical), os.fsencode(_file_of(order.clinical))}
    folder = os.fsencode(order.clinical)
    return tuple(f for f in files if f.path in named or os.path.dirname(f.path) == folder)
