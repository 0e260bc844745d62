"""Files as a whole: well-formed UIDs, whole files, other formats, directories (EUCAIM's
requirements, section 1: IMG-07, IMG-10, IMG-11, IMG-12)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.quality.attributes import ILL_FORMED_UIDS
from transfer.quality.left_out import Owner, rejected, rejected_with_reasons
from transfer.quality.rule import Circumstances, Dimension, Found, LedgerRule, Level, Rule, Severity
from transfer.quality.wording import with_count
from transfer.scan.reasons import Reason, explain, worst_first

_ILL_FORMED: Final = frozenset((Reason.BAD_SOP_UID, Reason.BAD_STUDY_UID, Reason.BAD_SERIES_UID))
_OF_UIDS: Final = _ILL_FORMED | {Reason.META_UID_DIFFERS}
# What the program puts right by itself, says elsewhere, or what other rules speak of.
_UNIMPORTANT: Final = _OF_UIDS | {
    Reason.NO_PREAMBLE,
    Reason.NO_GROUP_LENGTH,
    Reason.NO_PATIENT_ID,
    Reason.NO_MODALITY,
}
# Nothing says that an image is there; the scan itself stays open until they can be read.
_UNKNOWN: Final = frozenset(
    (
        *("unreadable-folder", "unreadable-file", "broken-link", Reason.SPECIAL_FILE),
        *(Reason.ARCHIVE_COMPRESSED, Reason.ARCHIVED_ARCHIVE, Reason.ARCHIVED_NOT_READ),
    )
)
_BAD_UID: Final = "A UID is not well-formed in {n} instances; the node may refuse them."
_OTHER_UID: Final = (
    "File meta information and data set name different SOP Instance UIDs in {n} files."
)
_MAKES_UIDS_ANEW: Final = "De-identify with a profile that replaces UIDs"


def _uids(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    leaving = {found.key: found for found in _uids_that_leave(ledger)}
    yield from leaving.values()
    for found in _uids_of_instances(ledger):
        if found.key not in leaving:
            yield found
    for row, reasons in rejected_with_reasons(ledger, Owner.UID):
        yield Found(
            f"F{row}",
            Level.INSTANCE,
            Severity.BLOCK,
            explain(next(r for r in worst_first(reasons) if r.endswith("uid"))).partition(". ")[0]
            + ".",
            "Export the file again from the archive, or exclude it.",
        )


def _uids_of_instances(ledger: Ledger) -> Iterator[Found]:
    rows = ledger.rows(
        # A file says so once it was scanned; what was made of it since says whether it still does.
        "SELECT i.series_id, f.reasons, i.out_traits_id IS NOT NULL, count(*), min(i.id)"
        " FROM source_file f CROSS JOIN instance i ON i.file_id = f.id"
        " WHERE f.reasons <> '' AND f.verdict = 'instance' AND i.state <> 'excluded'"
        " AND (f.reasons LIKE '%invalid-%' OR f.reasons LIKE '%file-meta-sop-uid-differs%')"
        " GROUP BY 1, 2, 3 ORDER BY 1"
    )
    for series, found in groupby(rows, key=lambda row: int(row[0])):
        mine = list(found)
        standing = [row for row in mine if not row[2]] or mine
        n = sum(int(row[3]) for row in standing)
        is_ill_formed = any(_ILL_FORMED & set(str(row[1]).split(";")) for row in standing)
        yield Found(
            f"E{series}",
            Level.SERIES,
            Severity.BLOCK,
            with_count(_BAD_UID if is_ill_formed else _OTHER_UID, n),
            f"{_MAKES_UIDS_ANEW}, correct them at the source, or exclude the series."
            if is_ill_formed
            else "Have the file meta information put right in what is sent, or exclude the series;"
            " de-identification puts it right too.",
            n,
            f"I{min(int(row[4]) for row in standing)}",
            is_mended=all(row[2] for row in standing),
        )


def _uids_that_leave(ledger: Ledger) -> Iterator[Found]:
    tag = f'%"{ILL_FORMED_UIDS.tag}":%'
    documents = "SELECT id FROM traits WHERE document LIKE ?"
    if ledger.row(documents, tag) is None:
        return
    for series, n, example in ledger.rows(
        "SELECT series_id, count(*), min(id) FROM instance WHERE state <> 'excluded'"  # noqa: S608 - a literal of ours
        f" AND out_traits_id IN ({documents}) GROUP BY 1",
        tag,
    ):
        yield Found(
            f"E{series}",
            Level.SERIES,
            Severity.BLOCK,
            with_count("A UID of {n} instances would leave ill-formed; the node may refuse it.", n),
            f"{_MAKES_UIDS_ANEW}, correct them at the source, or exclude the series.",
            n,
            f"I{example}",
        )


def _wholeness(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for row, reasons in rejected_with_reasons(ledger, Owner.FILE):
        worst = worst_first(reasons)[0]
        what, _dot, remedy = explain(worst).partition(". ")
        yield Found(
            f"F{row}",
            Level.INSTANCE,
            Severity.WARN if worst in _UNKNOWN else Severity.BLOCK,
            f"{what}.",
            remedy if worst in _UNKNOWN else f"{remedy} Or exclude the file.",
        )
    yield from _doubts(ledger)


def _doubts(ledger: Ledger) -> Iterator[Found]:
    rows = ledger.rows(
        "SELECT i.series_id, f.reasons, count(*), min(i.id)"
        " FROM source_file f CROSS JOIN instance i ON i.file_id = f.id"
        " WHERE f.reasons <> '' AND f.verdict = 'instance' AND i.state <> 'excluded'"
        " GROUP BY 1, 2 ORDER BY 1"
    )
    for series, found in groupby(rows, key=lambda row: int(row[0])):
        doubted = [
            (reasons, int(n), int(example))
            for _, text, n, example in found
            if (reasons := set(str(text).split(";")) - _UNIMPORTANT)
        ]
        if not doubted:
            continue
        n = sum(count for _, count, _ in doubted)
        worst = worst_first(reason for reasons, _, _ in doubted for reason in reasons)[0]
        what, _dot, remedy = explain(worst).partition(". ")
        yield Found(
            f"E{series}",
            Level.SERIES,
            Severity.WARN,
            f"{with_count('{n} instances', n)} should be looked at. {what}.",
            remedy or "Look at them in a viewer.",
            n,
            f"I{min(example for _, _, example in doubted)}",
        )


def _formats(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    n, first = 0, 0
    for row in rejected(ledger, Owner.FORMAT):
        n, first = n + 1, first or row
    if n:
        yield Found(
            "all",
            Level.DATASET,
            Severity.WARN,
            with_count("Neither DICOM nor NIfTI, and not sent: {n} images or models.", n),
            n=n,
            example=f"F{first}",
        )


def _directories(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    if not ledger.number(
        "SELECT sum(n) FROM file_tally WHERE verdict = 'rejected' AND kind = 'dicomdir'"
    ):
        return
    rows = list(rejected(ledger, Owner.DIRECTORY))
    if rows:
        yield Found(
            "all",
            Level.DATASET,
            Severity.INFO,
            with_count("DICOMDIR holds patient data and is left out: {n} files.", len(rows)),
            n=len(rows),
            example=f"F{rows[0]}",
        )


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="IMG-07",
        title="Study, series and instance UID",
        dimension=Dimension.VALID,
        remedy=f"{_MAKES_UIDS_ANEW}, correct them at the source, or exclude them.",
        look=_uids,
        on_source_only=False,
        reads=(ILL_FORMED_UIDS,),
    ),
    LedgerRule(
        id="IMG-10",
        title="Whole files",
        dimension=Dimension.INTEGRITY,
        severities=(Severity.BLOCK, Severity.WARN),
        remedy="Export the file again from the archive, or exclude it.",
        look=_wholeness,
    ),
    LedgerRule(
        id="IMG-11",
        title="Other formats",
        dimension=Dimension.VALID,
        severities=(Severity.WARN,),
        remedy="Export them as DICOM or convert them to NIfTI, if they belong to the dataset; other"
        " formats go only by agreement with the node.",
        look=_formats,
    ),
    LedgerRule(
        id="IMG-12",
        title="Directory records",
        dimension=Dimension.PRIVATE,
        severities=(Severity.INFO,),
        remedy="Nothing to do: the images that they name are found without them.",
        look=_directories,
    ),
)
