"""The clinical table as a table (EUCAIM's requirements, section 12)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transfer.clinical.columns import Role, is_patient_heading
from transfer.clinical.notes import CONVERTED, PROBLEMS, WORKBOOK
from transfer.ledger.clinical import clinical_columns, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.quality.rule import Circumstances, Dimension, Found, LedgerRule, Level, Rule, Severity
from transfer.quality.rules.tabled import bounded, linked_tables, told
from transfer.sentences import count

_SHEETS: Final = ("which-sheet", "no-such-sheet", "formula-without-value")
_KEYS: Final = ("repeated-key",)


def _problems(
    ledger: Ledger, codes: tuple[str, ...] | None, not_codes: tuple[str, ...] = ()
) -> Iterator[Found]:
    """Tables that could not be read, for one of these reasons."""
    for file in clinical_files(ledger):
        is_ours = file.problem in codes if codes is not None else file.problem not in not_codes
        if file.problem and is_ours:
            message, remedy = PROBLEMS[file.problem]
            yield Found(file.key, Level.TABLE, Severity.BLOCK, message, remedy)


def _first_column(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    yield from _problems(ledger, None, _SHEETS + _KEYS)
    for file in clinical_files(ledger):
        columns = clinical_columns(ledger, file.row)
        if file.problem or not columns:
            continue
        first = columns[0].heading
        mapped = next((c for c in columns if c.role == Role.PATIENT), None)
        if mapped is not None and (mapped.place or not is_patient_heading(first)):
            yield Found(
                file.key,
                Level.TABLE,
                Severity.INFO,
                f"By a person's word {told(mapped)} holds the Patient ID. In what leaves it comes"
                " first, headed PatientID.",
                "Nothing to do.",
            )
        elif mapped is None:
            yield Found(
                file.key,
                Level.TABLE,
                Severity.BLOCK,
                "The first column of the clinical table is not PatientID, so its rows belong to"
                " nobody.",
                _where_to_look(first, [c.heading for c in columns[1:]]),
            )
        elif first != "PatientID":
            yield Found(
                file.key,
                Level.TABLE,
                Severity.INFO,
                "The heading PatientID is spelt with other case, blanks or signs and is corrected"
                " in what leaves.",
            )


def _where_to_look(first: str, others: list[str]) -> str:
    if any(map(is_patient_heading, others)):
        return "Move the column PatientID to the front."
    if not first.strip():
        return "Take out the first column, which has no heading, and head the next one PatientID."
    return (
        "Put the column with the IDs of the images first, and head it PatientID; or say which it"
        " is: eucaim-transfer clinical NAME --map COLUMN=patient"
    )


def _dialects(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for file in clinical_files(ledger):
        said = [CONVERTED[note] for note in file.notes if note in CONVERTED]
        if said and not file.problem:
            yield Found(
                file.key,
                Level.TABLE,
                Severity.INFO,
                f"The clinical table was recognised and is converted: {'; '.join(said)}.",
            )


def _widths(ledger: Ledger, now: Circumstances) -> Iterator[Found]:
    for file, columns in linked_tables(ledger):
        yield from bounded(_of_another_width(ledger, file.row, len(columns)), now)


def _of_another_width(ledger: Ledger, file: int, width: int) -> Iterator[Found]:
    after = 0
    while page := ledger.rows(
        "SELECT id, width FROM clinical_row WHERE file_id = ? AND width <> ? AND id > ?"
        " ORDER BY id LIMIT 1000",
        file,
        width,
        after,
    ):
        for row, has in page:
            yield Found(
                f"R{row}",
                Level.TABLE,
                Severity.BLOCK,
                f"Row {row} has {count(has, 'value')} where the heading has {width}.",
            )
        after = page[-1][0]


def _headings(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    yield from _problems(ledger, _KEYS)
    for file in clinical_files(ledger):
        columns = clinical_columns(ledger, file.row)
        if file.problem:
            continue
        # Of the first column TAB-01 speaks.
        spelt = Counter(c.heading.strip().casefold() for c in columns if c.heading.strip())
        faults = {
            "no heading": [c for c in columns[1:] if not c.heading.strip()],
            "blanks around the heading": [
                c for c in columns[1:] if c.heading.strip() and c.heading != c.heading.strip()
            ],
            "the same heading": [c for c in columns if spelt[c.heading.strip().casefold()] > 1],
        }
        said = [
            f"{fault} in column {', '.join(str(c.place + 1) for c in found[:10])}"
            for fault, found in faults.items()
            if found
        ]
        if said:
            yield Found(
                file.key,
                Level.TABLE,
                Severity.BLOCK,
                f"Headings of the clinical table are not clear: {'; '.join(said)}.",
                n=sum(map(len, faults.values())),
            )


def _dataset_names(ledger: Ledger) -> set[str]:
    """By which ID the dataset is known so far: the transfer's name, and the parts of its
    destination."""
    order = read_order(ledger)
    return {part.casefold() for part in (order.name, *order.destination.split("|")) if part.strip()}


def _file_names(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    names = _dataset_names(ledger)
    for file in clinical_files(ledger):
        name = Path(os.fsdecode(file.path)).name.casefold()
        if not file.problem and not any(name.startswith(f"{known}_") for known in names):
            yield Found(
                file.key,
                Level.TABLE,
                Severity.WARN,
                "The name of the clinical table does not begin with the ID of the dataset and _,"
                " which the ETL needs.",
            )


def _folders(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for file in clinical_files(ledger):
        if file.strangers and not file.problem:
            yield Found(
                file.key,
                Level.TABLE,
                Severity.WARN,
                "Beside the clinical table there is the same of other datasets, by name:"
                f" {count(file.strangers, 'table')}.",
                n=file.strangers,
            )


def _workbooks(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    yield from _problems(ledger, _SHEETS)
    for file in clinical_files(ledger):
        said = [WORKBOOK[note] for note in file.notes if note in WORKBOOK]
        # Dates as dates alone is what everybody expects.
        if said and file.notes != ("dates",) and not file.problem:
            yield Found(file.key, Level.TABLE, Severity.INFO, f"Of the workbook {'; '.join(said)}.")


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="TAB-01",
        title="PatientID comes first",
        dimension=Dimension.VALID,
        severities=(Severity.BLOCK, Severity.INFO),
        remedy="Put the column with the IDs of the images first, and head it PatientID.",
        look=_first_column,
    ),
    LedgerRule(
        id="TAB-02",
        title="Separator, decimal sign and encoding",
        dimension=Dimension.VALID,
        severities=(Severity.INFO,),
        remedy="Nothing to do.",
        look=_dialects,
    ),
    LedgerRule(
        id="TAB-03",
        title="As many values as headings",
        dimension=Dimension.VALID,
        remedy="Look for a separator too many, or a value with one in it that is not quoted.",
        look=_widths,
    ),
    LedgerRule(
        id="TAB-04",
        title="Clear headings",
        dimension=Dimension.VALID,
        remedy="Give each column a heading of its own, without blanks around it.",
        look=_headings,
    ),
    LedgerRule(
        id="TAB-06",
        title="Name of the table",
        dimension=Dimension.VALID,
        severities=(Severity.WARN,),
        remedy="Before it goes to the ETL, put the dataset's ID and _ in front of its name.",
        look=_file_names,
    ),
    LedgerRule(
        id="TAB-07",
        title="One folder a dataset",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.WARN,),
        remedy="Keep the tables of each dataset in a folder of its own.",
        look=_folders,
    ),
    LedgerRule(
        id="TAB-09",
        title="Workbooks",
        dimension=Dimension.VALID,
        severities=(Severity.BLOCK, Severity.INFO),
        remedy="Look whether the right sheet was read.",
        look=_workbooks,
    ),
)
