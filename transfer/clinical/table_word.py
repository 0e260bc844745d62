"""Which table a transfer has, or by whose word it has none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from transfer.clinical.derive import derive
from transfer.clinical.notes import PROBLEMS
from transfer.clinical.phase import read_clinical
from transfer.clinical.reading import digest_of, read_table, table_files
from transfer.clinical.rows import TableProblem
from transfer.clinical.standing import IMAGE_ONLY, IMAGE_ONLY_RULE
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.clinical_items import begin_making, count_there, finish_making
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding
from transfer.ledger.order import read_order, set_clinical
from transfer.ledger.steps import set_step
from transfer.quality.answers import Said, checked, say
from transfer.quality.judging import rejudge
from transfer.values import StepState

_STEP: Final = "clinical"


def take_table(ledger: Ledger, path: Path) -> None:
    """Name a table for this transfer: a file, a workbook with `#SHEET` behind its name, or a
    folder. A word that there is none is taken back. It is read when the step runs next.

    Raises:
        UsageError: there is nothing there that can be read as a table.
    """
    path = Path(os.path.abspath(path))
    _refuse_unreadable(path)
    if read_order(ledger).clinical == path:
        return
    with ledger.transaction():
        ledger.write("DELETE FROM settled WHERE rule = ?", IMAGE_ONLY_RULE)
    set_clinical(ledger, path)
    set_step(ledger, _STEP, StepState.TODO, "A table was named that has not gone yet.")


def _refuse_unreadable(path: Path) -> None:
    try:
        for file in table_files(path):
            read_table(file, digest_of(file.path))
    except TableProblem as problem:
        raise UsageError(*PROBLEMS[problem.code]) from None
    except OSError as error:
        raise UsageError(
            f"The clinical table cannot be opened: {error.strerror or 'it is not known why'}.",
            "Give the path of a CSV, XLSX or JSON file that this account may read, or of the folder"
            " that holds it.",
        ) from error


def record_image_only(ledger: Ledger, person: str, reason: str) -> None:
    """Record that the dataset is of images alone. A table that is named is named no more, and what
    was read of it is forgotten.

    Raises:
        UsageError: no person, or no reason.
        StepBlocked: clinical data lie on the node already.
    """
    said = checked(Said(IMAGE_ONLY_RULE, IMAGE_ONLY, person.strip(), reason.strip()))
    if there := count_there(ledger):
        raise StepBlocked(
            f"Clinical data lie on the node already, in {there:,} place{'s' if there > 1 else ''},"
            " so that this dataset is not one of images alone.",
            "Have the node's administrator delete them first; this program deletes nothing there.",
        )
    if read_order(ledger).clinical is not None:
        set_clinical(ledger, None)
    read_clinical(ledger)
    begin_making(ledger)
    finish_making(ledger)
    judge_again(ledger)
    # Before the first judging nobody asks yet, and the word is given all the same.
    record_finding(
        ledger, Finding(IMAGE_ONLY_RULE, "ask", "dataset", "all", "There is no clinical data.", "")
    )
    say(ledger, said)
    set_step(ledger, _STEP, StepState.DONE, f"Images alone: {said.reason}", person=said.person)
    judge_again(ledger)


def judge_again(ledger: Ledger) -> None:
    """Judge as it was judged last; before the source was judged for the first time rows find their
    patients all the same."""
    if not rejudge(ledger):
        derive(ledger)
