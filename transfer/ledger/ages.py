"""Ages and relative days of studies, computed from original dates before any date is changed.

Source: EUCAIM's requirements, AGE-05 and REL-03.
"""

# ruff: noqa: S608 - what is put together here are names of ours; every value is a parameter

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from transfer.ledger.connection import Ledger
from transfer.ledger.said import said_of
from transfer.ledger.timepoints import STUDY_GOES
from transfer.quality.attributes import Attribute

_WINDOW: Final = 2000


class StudyAge(NamedTuple):
    """Age at a study in years; `source` is `table` or `header`."""

    study: int
    years: float
    source: str


class StudyDay(NamedTuple):
    """Whole days of a study from the baseline; `source` says from which, and how it is known:
    `diagnosis`, `day 0` or `first study` by dates, or `table`, as given there."""

    study: int
    days: int
    source: str


class Said(NamedTuple):
    """What headers of a study say of an attribute: the text, how many say it, and one of them."""

    text: str
    n: int
    example: int


class PatientStudies(NamedTuple):
    """The studies of one patient that belong to the dataset: row, date as written, UID."""

    patient: int
    studies: tuple[tuple[int, str, str], ...]


def said_of_studies(
    ledger: Ledger, attribute: Attribute, *, of_source: bool = False
) -> Iterator[tuple[int, list[Said]]]:
    """Of each study that belongs to the dataset what its headers say of an attribute, as they
    leave where that was made already, unless the source is asked for."""
    traits = "traits_id" if of_source else "ifnull(out_traits_id, traits_id)"
    of_each = said_of("e.study_id BETWEEN ?2 AND ?3")
    last = ledger.number("SELECT max(id) FROM study")
    for low in range(1, last + 1, _WINDOW):
        # Headers that say the same are counted before the document is looked into.
        rows = ledger.rows(
            "SELECT study, ifnull(json_extract(t.document, ?1), ''), sum(n), min(example) FROM"
            f" (SELECT study_id AS study, {traits} AS traits, sum(n) AS n,"
            f" min(example) AS example FROM ({of_each}) WHERE NOT is_excluded GROUP BY 1, 2)"
            " LEFT JOIN traits t ON t.id = traits GROUP BY 1, 2 ORDER BY 1, 3 DESC",
            f'$."{attribute.tag}"',
            low,
            low + _WINDOW - 1,
        )
        of: dict[int, list[Said]] = {}
        for study, text, n, example in rows:
            of.setdefault(study, []).append(Said(str(text), n, example))
        yield from of.items()


def studies_of_patients(ledger: Ledger) -> Iterator[PatientStudies]:
    """Every patient with studies in the dataset, by row; studies by date."""
    last = ledger.number("SELECT max(id) FROM patient")
    for low in range(1, last + 1, _WINDOW):
        of: dict[int, list[tuple[int, str, str]]] = {}
        for patient, study, date, uid in ledger.rows(
            "SELECT s.patient_id, s.id, s.study_date, s.study_uid FROM study s"
            f" WHERE s.patient_id BETWEEN ? AND ? AND {STUDY_GOES}"
            " ORDER BY s.patient_id, s.study_date, s.id",
            low,
            low + _WINDOW - 1,
        ):
            of.setdefault(patient, []).append((study, date, uid))
        for patient, studies in of.items():
            yield PatientStudies(patient, tuple(studies))


def replace_ages_and_days(ledger: Ledger, computed: Iterable[StudyAge | StudyDay]) -> None:
    """Record these as all ages and relative days that are known; of what is given twice of a study
    the later one counts.

    They are put aside first: to compute them takes a while, in which others write.
    """
    going = iter(computed)
    tables = {StudyAge: "study_age", StudyDay: "study_day"}
    for table in tables.values():
        ledger.write(f"CREATE TEMP TABLE new_{table} AS SELECT * FROM {table} LIMIT 0")
    try:
        while page := list(islice(going, _WINDOW)):
            for kind, table in tables.items():
                rows = [tuple(one) for one in page if isinstance(one, kind)]
                ledger.write_many(f"INSERT INTO new_{table} VALUES (?, ?, ?)", rows)
        with ledger.transaction():
            for table in tables.values():
                ledger.write(f"DELETE FROM {table}")
                ledger.write(
                    f"INSERT OR REPLACE INTO {table} SELECT * FROM new_{table} ORDER BY rowid"
                )
    finally:
        for table in tables.values():
            ledger.write(f"DROP TABLE new_{table}")
