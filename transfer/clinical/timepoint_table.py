"""The table of episodes and timepoints, read onto the board and written from it.

PatientID, StudyInstanceUID, Episode, Timepoint: the form that Lethe and the ETL take
(EUCAIM's requirements, section 11). Dates and descriptions help whoever fills it in; they stand in
the template alone and never in what leaves (TPT-03).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from transfer.clinical.columns import bare
from transfer.clinical.notes import PROBLEMS
from transfer.clinical.reading import TableFile, digest_of, read_table
from transfer.clinical.rows import Table, TableProblem
from transfer.clinical.values import whole
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import STUDY_COLUMNS
from transfer.ledger.placing import take_numbers
from transfer.ledger.timepoints import STUDY_GOES, STUDY_LEAVES, episode_named
from transfer.workspace import private_opener, sync_folder

COLUMNS: Final = ("PatientID", "StudyInstanceUID", "Episode", "Timepoint")
HELPING: Final = ("StudyDate", "StudyDescription")
_SPELT: Final = (
    ("patientid",),
    ("studyinstanceuid", "studyuid"),
    ("episode",),
    ("timepoint", "imagingtimepoint"),
)
_NAMED_AT_MOST: Final = 10
_PAGE: Final = 1000


class Faults:
    """What is wrong with a file, row by row; the first are named, all are counted."""

    def __init__(self) -> None:
        self.count = 0
        self.named: list[str] = []

    def add(self, row: int, what: str) -> None:
        self.count += 1
        if len(self.named) < _NAMED_AT_MOST:
            self.named.append(f"row {row}: {what}")

    def refuse(self) -> None:
        """Raises UsageError where there is any."""
        if not self.count:
            return
        more = self.count - len(self.named)
        named = "; ".join(self.named) + (f"; and {more} more" if more else "")
        raise UsageError(
            f"The table of timepoints was not taken over: {named}.",
            "Correct these rows and import it again; the board is as it was.",
        )


def import_timepoints(ledger: Ledger, path: Path) -> int:
    """Take a table over onto the board, all of it or nothing; how many studies.

    An empty Timepoint is given by date. Numbers must be those that follow from the dates: from 1,
    without gaps or repeats; where several studies are of one day the table decides.

    Raises:
        UsageError: it cannot be read, or rows of it cannot be taken; they are named by number.
    """
    try:
        table = read_table(TableFile(path), digest_of(path))
        places = _places(table.headings)
        with ledger.transaction():
            return _take(ledger, table, places)
    except TableProblem as problem:
        message, remedy = PROBLEMS[problem.code]
        raise UsageError(message.replace("clinical table", "table of timepoints"), remedy) from None
    except OSError as error:
        raise UsageError(
            f"The table of timepoints cannot be read: {error.strerror}.",
            "Check its name and its permissions.",
        ) from error


def _places(headings: Sequence[str]) -> list[int]:
    spelt = [bare(heading) for heading in headings]
    found = [next((spelt.index(word) for word in words if word in spelt), None) for words in _SPELT]
    if None in found:
        raise UsageError(
            f"The table of timepoints lacks a column: it needs {', '.join(COLUMNS)}.",
            "Write a table to fill in with: eucaim-transfer timepoints NAME --template FILE",
        )
    return [place for place in found if place is not None]


def _take(ledger: Ledger, table: Table, places: list[int]) -> int:
    ledger.write(
        "CREATE TEMP TABLE IF NOT EXISTS timepoint_import (study_id INTEGER PRIMARY KEY,"
        " patient_id INTEGER NOT NULL, row INTEGER NOT NULL, number INTEGER)"
    )
    ledger.write("DELETE FROM timepoint_import")
    faults = Faults()
    done = 0
    for row in table.rows:
        cells = [row.cells[place].strip() if place < len(row.cells) else "" for place in places]
        done += _take_row(ledger, row.number, cells, faults)
    faults.refuse()
    patient = 0
    while page := ledger.rows(
        "SELECT DISTINCT patient_id FROM timepoint_import WHERE patient_id > ?"
        " ORDER BY patient_id LIMIT ?",
        patient,
        _PAGE,
    ):
        for (patient,) in page:
            _take_numbers(ledger, patient, faults)
    faults.refuse()
    return done


def _take_row(ledger: Ledger, row: int, cells: list[str], faults: Faults) -> bool:
    patient_id, study_uid, episode_text, number_text = cells
    found = ledger.row(
        "SELECT s.id, s.patient_id, p.original_id FROM study s JOIN patient p"
        " ON p.id = s.patient_id WHERE s.study_uid = ? AND p.original_id = ?",
        study_uid,
        patient_id,
    )
    number = whole(number_text) if number_text else None
    if found is None:
        faults.add(row, "PatientID and StudyInstanceUID are those of no study here")
    elif number_text and (number is None or number < 1):
        faults.add(row, "the timepoint is not a whole number from 1")
    elif ledger.number("SELECT 1 FROM timepoint_import WHERE study_id = ?", found[0]):
        faults.add(row, "its study stands in the table twice")
    else:
        try:
            episode = episode_named(episode_text)
        except UsageError as error:
            faults.add(row, f"the episode is not one of them. {error.remedy.rstrip('.')}")
            return False
        ledger.write("INSERT INTO timepoint_import VALUES (?, ?, ?, ?)", *found[:2], row, number)
        ledger.write(
            "INSERT INTO timepoint (study_id, episode) VALUES (?, ?)"
            " ON CONFLICT (study_id) DO UPDATE SET episode = excluded.episode, place = NULL",
            found[0],
            episode,
        )
        return True
    return False


def _take_numbers(ledger: Ledger, patient: int, faults: Faults) -> None:
    wanted = {
        study: (row, number)
        for study, row, number in ledger.rows(
            "SELECT study_id, row, number FROM timepoint_import WHERE patient_id = ?", patient
        )
    }
    numbers = take_numbers(ledger, patient, {s: n for s, (_, n) in wanted.items() if n is not None})
    for study, (row, number) in sorted(wanted.items(), key=lambda one: one[1][0]):
        if number is not None and numbers.get(study) != number:
            due = numbers.get(study)
            by_date = f"by date it is {due}" if due else "the dates do not allow it"
            faults.add(row, f"timepoint {number}, but {by_date}")


def export_timepoints(ledger: Ledger, path: Path, *, as_it_leaves: bool) -> int:
    """Write the board for Lethe or the ETL, for its owner alone; how many studies.

    With `as_it_leaves` the studies that leave, under the names by which the node knows them and
    their patients; else all of the dataset under the original ones.

    Raises:
        UsageError: the board is not complete, the file exists, or a study has no new name yet.
    """
    which = STUDY_LEAVES if as_it_leaves else STUDY_GOES
    lacking = ledger.number(
        "SELECT count(*) FROM study s LEFT JOIN timepoint tp ON tp.study_id = s.id"  # noqa: S608 - a literal of ours
        f" WHERE tp.number IS NULL AND {which}"
    )
    if lacking:
        raise UsageError(
            f"Studies without an episode or a number: {lacking:,}; nothing was written.",
            "See them with: eucaim-transfer timepoints NAME",
        )
    return write_table(path, COLUMNS, _rows(ledger, which, as_it_leaves=as_it_leaves))


def write_template(ledger: Ledger, path: Path) -> int:
    """Write a table to be filled in: every study, with its date and description; originals, for
    its owner alone. How many studies.

    Raises:
        UsageError: the file exists, or cannot be written.
    """
    rows = ((*row, date, description) for row, date, description in _originals(ledger))
    return write_table(path, COLUMNS + HELPING, rows)


def _rows(ledger: Ledger, which: str, *, as_it_leaves: bool) -> Iterator[tuple[str, ...]]:
    for patient in _pages(ledger):
        for columns in ledger.rows(
            f"SELECT {STUDY_COLUMNS}, tp.episode, tp.number FROM study s"  # noqa: S608 - literals of ours
            " JOIN patient p ON p.id = s.patient_id JOIN timepoint tp ON tp.study_id = s.id"
            f" WHERE s.patient_id = ? AND {which} ORDER BY tp.number",
            patient,
        ):
            study_uid, out_study, patient_id, pseudonym, episode, number = columns
            if as_it_leaves:
                named = ledger.names.study(study_uid, out_study, patient_id, pseudonym)
                study_uid, patient_id = named.study_uid, named.patient_id
            yield patient_id, study_uid, episode, str(number)


def _originals(ledger: Ledger) -> Iterator[tuple[tuple[str, ...], str, str]]:
    for patient in _pages(ledger):
        for patient_id, study_uid, episode, number, date, description in ledger.rows(
            "SELECT p.original_id, s.study_uid, ifnull(tp.episode, ''),"  # noqa: S608 - a literal of ours
            " ifnull(tp.number, ''), s.study_date, s.description FROM study s"
            " JOIN patient p ON p.id = s.patient_id LEFT JOIN timepoint tp ON tp.study_id = s.id"
            f" WHERE s.patient_id = ? AND {STUDY_GOES} ORDER BY s.study_date, s.id",
            patient,
        ):
            yield (patient_id, study_uid, episode, str(number)), date, description


def _pages(ledger: Ledger) -> Iterator[int]:
    after = 0
    while page := ledger.rows(
        "SELECT id FROM patient WHERE id > ? ORDER BY id LIMIT ?", after, _PAGE
    ):
        yield from (int(patient) for (patient,) in page)
        after = page[-1][0]


def write_table(path: Path, heading: Sequence[str], rows: Iterator[tuple[str, ...]]) -> int:
    """Write a new table for its owner alone, whole or not at all (RFC 4180, UTF-8); how many rows.

    Raises:
        UsageError: the file exists, or cannot be written.
    """
    count = 0
    try:
        with open(path, "x", encoding="utf-8", newline="", opener=private_opener) as file:
            try:
                writer = csv.writer(file, lineterminator="\r\n")
                writer.writerow(heading)
                for row in rows:
                    writer.writerow(row)
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        sync_folder(path.absolute().parent)
    except FileExistsError:
        raise UsageError(
            "The file to write exists already; nothing was written.",
            "Name another file, or move that one away first.",
        ) from None
    except OSError as error:
        raise UsageError(
            f"The table of timepoints cannot be written: {error.strerror}.",
            "Name a file in a folder that you may write to.",
        ) from error
    return count
