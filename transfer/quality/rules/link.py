"""Images and clinical table belong together (EUCAIM's requirements, section 7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.ledger.clinical import clinical_files, has_readable_table
from transfer.ledger.connection import Ledger
from transfer.ledger.links import (
    DIFFERENT,
    FIRST_OF_ITS_ID,
    LINK_RULE,
    NOT_KEPT_BACK,
    SAME,
    alike_pairs,
    patients_like,
)
from transfer.ledger.order import read_order
from transfer.ledger.timepoints import STUDY_GOES
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    Found,
    LedgerRule,
    Level,
    Rule,
    Severity,
)
from transfer.quality.rules.tabled import NAMED_AT_MOST, bounded, linked_tables

_PAGE: Final = 2000


def _both_ways(ledger: Ledger, now: Circumstances) -> Iterator[Found]:
    if not has_readable_table(ledger):
        return
    asked = list(alike_pairs(ledger))
    # A table that could not be read may be the one with the rows.
    if all(not file.problem for file in clinical_files(ledger)):
        asked_about = {p for one in asked for p in patients_like(ledger, one.row)}
        yield from _without_row(ledger, asked_about)
    for file, _columns in linked_tables(ledger):
        yield from bounded(_without_images(ledger, file.row, {one.row for one in asked}), now)


def _without_row(ledger: Ledger, asked: set[int]) -> Iterator[Found]:
    after = 0
    while page := ledger.rows(
        "SELECT p.id FROM patient p WHERE p.id > ? AND NOT EXISTS"  # noqa: S608 - a literal of ours
        " (SELECT 1 FROM clinical_row r WHERE r.patient_id = p.id) AND EXISTS"
        f" (SELECT 1 FROM study s WHERE s.patient_id = p.id AND {STUDY_GOES})"
        " ORDER BY p.id LIMIT ?",
        after,
        _PAGE,
    ):
        for (patient,) in page:
            if patient not in asked:
                yield Found(
                    f"P{patient}",
                    Level.PATIENT,
                    Severity.BLOCK,
                    f"Patient P{patient} has images but no row in the clinical table.",
                    "Add the row, with the ID as in the images, or exclude the patient.",
                )
        after = page[-1][0]


def _without_images(ledger: Ledger, file: int, asked: set[int]) -> Iterator[Found]:
    after = 0
    while page := ledger.rows(
        "SELECT r.id, r.patient,"  # noqa: S608 - a literal of ours
        " (SELECT count(*) FROM clinical_row o WHERE o.patient = r.patient) FROM clinical_row r"
        f" WHERE r.file_id = ? AND r.patient_id IS NULL AND {FIRST_OF_ITS_ID} AND {NOT_KEPT_BACK}"
        " AND r.id > ? ORDER BY r.id LIMIT ?",
        file,
        after,
        _PAGE,
    ):
        for row, patient, n in page:
            # Of a row without an ID the minimum sets speak (CLP-01, CLN-01).
            if row in asked or not str(patient).strip():
                continue
            rows = f"Row {row} has" if n == 1 else f"Row {row} and {n - 1:,} more of its ID have"
            yield Found(
                f"R{row}",
                Level.TABLE,
                Severity.BLOCK,
                f"{rows} no images.",
                "Take it out of the table, keep it back, correct its PatientID, or add the images.",
                n,
            )
        after = page[-1][0]


def _alike(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    if not has_readable_table(ledger):
        return
    open_ones = {one.row for one in alike_pairs(ledger)}
    said = {str(key) for (key,) in ledger.rows("SELECT key FROM settled WHERE rule = ?", LINK_RULE)}
    for one in alike_pairs(ledger, unsettled_only=False):
        key = f"R{one.row}"
        if one.row not in open_ones and key not in said:
            continue
        if one.patients > 1:
            yield Found(
                key,
                Level.TABLE,
                Severity.BLOCK,
                f"The PatientID of row {one.row} looks like those of {one.patients} patients.",
                "Write it in the table as it is in the images.",
            )
        else:
            yield Found(
                key,
                Level.TABLE,
                Severity.ASK,
                f"The PatientID of row {one.row} and that of patient P{one.patient_row} look"
                " alike. Same patient?",
                example=f"P{one.patient_row}",
            )


def _image_only(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    if read_order(ledger).clinical is None:
        yield Found(
            "all",
            Level.DATASET,
            Severity.ASK,
            "There is no clinical data. Image-only datasets are accepted case by case.",
        )


def _twice(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for file, _columns in linked_tables(ledger):
        yield from _repeated(ledger, file.row)


_GROUPED: Final = f"""
  FROM clinical_row r WHERE file_id = ? AND trim(patient) <> '' AND {NOT_KEPT_BACK}
  GROUP BY ifnull('P' || patient_id, 'T' || patient), timepoint HAVING count(*) > 1
"""


def _repeated(ledger: Ledger, file: int) -> Iterator[Found]:
    groups = ledger.number(f"SELECT count(*) FROM (SELECT 1 {_GROUPED})", file)  # noqa: S608 - a literal of ours
    found = ledger.rows(
        f"SELECT min(id), max(id), count(*), timepoint {_GROUPED} ORDER BY min(id) LIMIT ?",
        file,
        NAMED_AT_MOST + 1,
    )
    for rank, (first, last, n, timepoint) in enumerate(found, 1):
        what = "timepoint of the same patient" if str(timepoint).strip() else "patient"
        others = "" if n == 2 else f", and {n - 2:,} between them,"
        message = f"Rows {first} and {last}{others} describe the same {what}."
        if rank > NAMED_AT_MOST:
            message, n = f"There are {groups - rank + 1:,} more: {message}", groups - rank + 1
        yield Found(f"R{last}", Level.TABLE, Severity.BLOCK, message, n=n, example=f"R{first}")


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="LNK-01",
        title="Images and table name the same patients",
        dimension=Dimension.CONSISTENT,
        remedy="Use one identifier in both.",
        look=_both_ways,
    ),
    LedgerRule(
        id=LINK_RULE,
        title="IDs that look alike",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.BLOCK, Severity.ASK),
        remedy="Answer same or different for each pair; the table itself stays as it is.",
        choices=(
            Choice(SAME, "The same patient: link the row to the images"),
            Choice(DIFFERENT, "Two patients: leave them apart"),
        ),
        look=_alike,
    ),
    LedgerRule(
        id="LNK-03",
        title="Clinical data",
        dimension=Dimension.COMPLETE,
        severities=(Severity.ASK,),
        remedy="Name the table, which can be done at any time: eucaim-transfer clinical NAME FILE."
        " Only where there is none: answer image-only and give a reason.",
        choices=(
            Choice("image-only", "Images alone, as agreed with the platform", needs_reason=True),
        ),
        look=_image_only,
    ),
    LedgerRule(
        id="UNQ-01",
        title="No patient twice in the table",
        dimension=Dimension.UNIQUE,
        remedy="Take one of them out, or give the rows different timepoints.",
        look=_twice,
    ),
)
