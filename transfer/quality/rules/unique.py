"""Whose images they are, and that nothing is there twice (EUCAIM's requirements, sections 1 and 7:
IMG-01, UNQ-02 to UNQ-06)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.quality.attributes import BLANK, is_empty
from transfer.quality.rule import (
    Circumstances,
    DeepRule,
    Dimension,
    Found,
    LedgerRule,
    Level,
    Rule,
    Severity,
)
from transfer.quality.wording import with_count
from transfer.sentences import listed

EQUAL_PIXELS: Final = "UNQ-05"

_LONGEST_ID: Final = 64
_PLACEHOLDERS: Final = (
    "0 anon anonym anonymous anonymized anonymised anonymisiert anonimo anonyme patient test dummy"
    " testpatient unbekannt inconnu sconosciuto desconocido noname noid id tbd nil"
)
_FILLERS: Final = frozenset("0x")
_REPEATED: Final = 4
_PAGE: Final = 2000
_NAMED_KEYS: Final = 5
_NAMED: Final = f"lower(trim(p.original_id)) NOT IN ({', '.join(map(repr, sorted(BLANK)))})"
# Series that have something left in the transfer.
_CHOSEN: Final = (
    "EXISTS (SELECT 1 FROM tally t WHERE t.series_id = e.id AND t.state <> 'excluded' AND t.n > 0)"
)


def is_placeholder(patient_id: str) -> bool:
    """Whether a Patient ID says nothing: one character over and over, or a word for nobody."""
    text = "".join(c for c in patient_id.lower() if c.isalnum())
    if text in _PLACEHOLDERS.split():
        return True
    # A cohort of a hundred has a patient 11; 1111 is what somebody typed to get past a field.
    is_repeated = len(set(text)) == 1 and len(text) > 1
    return not text or (is_repeated and (text[0] in _FILLERS or len(text) >= _REPEATED))


def _patient_ids(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    # Patients are few beside instances, and only odd ones are looked at further.
    last = 0
    while page := ledger.rows(
        "SELECT id, original_id FROM patient WHERE id > ? ORDER BY id LIMIT ?", last, _PAGE
    ):
        for row, text in page:
            if (said := _said_of_id(str(text))) is not None:
                yield from _of_studies(ledger, int(row), *said)
        last = int(page[-1][0])


def _said_of_id(text: str) -> tuple[Severity, str, str] | None:
    if is_empty(text):
        return (
            Severity.BLOCK,
            "Patient ID is missing in {n} instances of this study.",
            "Add it at the source, or exclude the study.",
        )
    if len(text) > _LONGEST_ID:
        return (
            Severity.BLOCK,
            f"Patient ID has more than {_LONGEST_ID} characters in {{n}} instances of this study.",
            "Correct it at the source, or exclude the study.",
        )
    if is_placeholder(text):
        return (
            Severity.WARN,
            "Patient ID is a placeholder in {n} instances of this study: different persons may"
            " have got the same one.",
            "Find out whose images they are. If more than one person's, give each an ID at the"
            " source, or exclude the study.",
        )
    return None


def _of_studies(
    ledger: Ledger, patient: int, severity: Severity, message: str, remedy: str
) -> Iterator[Found]:
    for study, n, example in ledger.rows(
        "SELECT of.id, of.n, (SELECT min(i.id) FROM instance i WHERE i.series_id = of.series"
        " AND i.state <> 'excluded') FROM (SELECT s.id, sum(t.n) AS n, min(e.id) AS series"
        " FROM study s JOIN series e ON e.study_id = s.id"
        " JOIN tally t ON t.series_id = e.id AND t.n > 0 AND t.state <> 'excluded'"
        " WHERE s.patient_id = ? GROUP BY s.id) of",
        patient,
    ):
        yield Found(
            f"S{study}",
            Level.STUDY,
            severity,
            with_count(message, int(n)),
            remedy,
            int(n),
            f"I{example}",
        )


def _same_bytes(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    n, first = _duplicates(ledger, "duplicate-identical")
    if n:
        yield Found(
            "all",
            Level.DATASET,
            Severity.WARN,
            with_count("{n} files with the same bytes as others; each instance is sent once.", n),
            n=n,
            example=f"F{first}",
        )


def _duplicates(ledger: Ledger, reason: str) -> tuple[int, int]:
    found = ledger.row(
        "SELECT count(*), min(id) FROM source_file WHERE verdict = 'duplicate'"
        " AND (reasons = ?1 OR reasons LIKE ?1 || ';%')",
        reason,
    )
    assert found is not None, "a count is always there"
    return int(found[0]), int(found[1] or 0)


def _other_bytes(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    last = b""
    while page := ledger.rows(
        "SELECT f.path, f.id, i.id, i.state FROM source_file f"
        " JOIN instance i ON i.file_id = f.twin_of WHERE f.verdict = 'duplicate' AND f.path > ?"
        " AND f.reasons LIKE 'duplicate-uid-other-content%' ORDER BY f.path LIMIT ?",
        last,
        _PAGE,
    ):
        for _, row, instance, state in page:
            if state != "excluded":
                yield Found(
                    f"F{row}",
                    Level.INSTANCE,
                    Severity.BLOCK,
                    f"This file has the SOP Instance UID of instance I{instance}, but other"
                    " content. Only that one would go.",
                    example=f"I{instance}",
                )
        last = page[-1][0]


def _two_patients(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    # Where the Patient ID is missing, IMG-01 says so.
    for study, patients in ledger.rows(
        "SELECT min(s.id), group_concat(DISTINCT 'P' || s.patient_id) FROM study s"  # noqa: S608 - a literal of ours
        " JOIN patient p ON p.id = s.patient_id"
        f" WHERE {_NAMED} AND EXISTS (SELECT 1 FROM series e WHERE e.study_id = s.id AND {_CHOSEN})"
        " GROUP BY s.study_uid HAVING count(*) > 1"
    ):
        keys = str(patients).split(",")
        yield Found(
            f"S{study}",
            Level.STUDY,
            Severity.BLOCK,
            f"This study belongs to {len(keys)} patients: {listed(keys, _NAMED_KEYS)}.",
            n=len(keys),
            example=keys[-1],
        )
    for series, studies, patients in ledger.rows(
        "SELECT min(e.id), group_concat('S' || s.id), count(DISTINCT s.patient_id) FROM series e"  # noqa: S608 - a literal of ours
        " JOIN study s ON s.id = e.study_id JOIN patient p ON p.id = s.patient_id"
        f" WHERE {_NAMED} AND {_CHOSEN}"
        " GROUP BY e.series_uid HAVING count(DISTINCT s.study_uid) > 1"
    ):
        keys = str(studies).split(",")
        is_one = int(patients) == 1
        yield Found(
            f"E{series}",
            Level.SERIES,
            Severity.WARN if is_one else Severity.BLOCK,
            f"This series lies in {len(keys)} studies{' of one patient' if is_one else ''}:"
            f" {listed(keys, _NAMED_KEYS)}.",
            n=len(keys),
            example=keys[-1],
        )


def _series_numbers(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for study, n, example in ledger.rows(
        "SELECT study_id, sum(n), min(example) FROM ("  # noqa: S608 - a literal of ours
        " SELECT e.study_id, count(*) AS n, max(e.id) AS example FROM series e"
        f" WHERE e.series_number <> '' AND {_CHOSEN} GROUP BY e.study_id, e.series_number"
        " HAVING count(*) > 1) GROUP BY study_id"
    ):
        yield Found(
            f"S{study}",
            Level.STUDY,
            Severity.WARN,
            f"Series Numbers repeat in this study: {n} series share theirs.",
            n=int(n),
            example=f"E{example}",
        )


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="IMG-01",
        title="Patient ID",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.WARN),
        serves_also=(Dimension.VALID,),
        remedy="Add it at the source, or exclude the study.",
        look=_patient_ids,
    ),
    LedgerRule(
        id="UNQ-02",
        title="The same file twice",
        dimension=Dimension.UNIQUE,
        severities=(Severity.WARN,),
        remedy="Nothing to do: one copy goes.",
        look=_same_bytes,
    ),
    LedgerRule(
        id="UNQ-03",
        title="One UID, two contents",
        dimension=Dimension.UNIQUE,
        serves_also=(Dimension.INTEGRITY,),
        remedy="Find out which one is right. If the one that goes is, exclude this file; else take"
        " the wrong one out of the source and scan again.",
        look=_other_bytes,
    ),
    LedgerRule(
        id="UNQ-04",
        title="One study, two patients",
        dimension=Dimension.UNIQUE,
        severities=(Severity.BLOCK, Severity.WARN),
        serves_also=(Dimension.CONSISTENT,),
        remedy="Find out whose it is and correct it at the source, or exclude what is wrong.",
        look=_two_patients,
    ),
    DeepRule(
        id=EQUAL_PIXELS,
        title="The same picture twice",
        dimension=Dimension.UNIQUE,
        severities=(Severity.WARN,),
        remedy="Look whether one of them was copied under new UIDs, perhaps for another person;"
        " if so, exclude it.",
    ),
    LedgerRule(
        id="UNQ-06",
        title="Series numbers",
        dimension=Dimension.UNIQUE,
        severities=(Severity.WARN,),
        remedy="Nothing has to be done: series are told apart by their UIDs. On XNAT one of them"
        " gets another scan label (5 becomes 5-CT1, for example).",
        look=_series_numbers,
    ),
)
