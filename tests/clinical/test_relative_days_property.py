"""For any cohort, any date policy and any method: relative days equal the originals to the day, and
images, tables and the table of studies carry one pseudonym."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clinical.leaving import (
    METHODS,
    answered,
    csv_of,
    header,
    leaving,
    text_of,
)
from transfer.clinical.outgoing.columns import How
from transfer.clinical.outgoing.dates import DatePolicy
from transfer.clinical.outgoing.proof import prove, prove_subject
from transfer.clinical.outgoing.table import Outgoing, open_outgoing
from transfer.clinical.outputs.studies import HEADING, write_studies
from transfer.deid.methods import MethodSpec, build_method
from transfer.deid.model import Moment, Rewritten

FORMS = {
    "iso": "%Y-%m-%d",
    "day-first": "%d/%m/%Y",
    "month-first": "%m/%d/%Y",
    "dotted": "%d.%m.%Y",
    "compact": "%Y%m%d",
    "named": "%d-%b-%Y",
}
DAYS = st.dates(dt.date(1985, 1, 1), dt.date(2024, 12, 31))
WAYS = [
    (name, policy)
    for name in METHODS
    for policy in DatePolicy
    if name == "as-is" or policy is not DatePolicy.AS_IS
]


@dataclass(frozen=True)
class Patient:
    """One patient: the days of the studies, and of what the table tells."""

    patient_id: str
    studies: tuple[dt.date, ...]
    diagnosis: dt.date | None
    treatment: dt.date | None
    others: tuple[dt.date | None, ...]

    @property
    def day_0(self) -> dt.date:
        """As the requirements have it, told once more: a table without diagnosis counts from its
        first row of images where it has relative days, and else from the first study."""
        return self.diagnosis or min(self.studies)


@dataclass(frozen=True)
class Cohort:
    """Patients and how their table is written: a row a patient or a study, with relative days or
    without, dates in one of the usual forms."""

    patients: tuple[Patient, ...]
    is_vertical: bool
    has_days: bool
    form: str

    @property
    def images(self) -> dict[str, list[str]]:
        return {p.patient_id: [f"{day:%Y%m%d}" for day in p.studies] for p in self.patients}

    def rows(self) -> Iterator[tuple[Patient, int]]:
        """The patient of each row, and which study it is about."""
        for patient in self.patients:
            yield from (
                (patient, n) for n in range(len(patient.studies) if self.is_vertical else 1)
            )

    def table(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text)
        days = ["Relative day"] if self.has_days else []
        writer.writerow(
            ["PatientID", "DiagnosisDate", *days, "Scan date", "Treatment date", "Visit date", "T"]
        )
        for patient, n in self.rows():
            scanned = sorted(patient.studies)[n]
            writer.writerow(
                [
                    patient.patient_id,
                    self.written(patient.diagnosis),
                    *([str((scanned - patient.day_0).days)] if self.has_days else []),
                    self.written(scanned),
                    self.written(patient.treatment),
                    self.written(patient.others[n % len(patient.others)]),
                    "II",
                ]
            )
        return text.getvalue()

    def written(self, day: dt.date | None) -> str:
        return "" if day is None else day.strftime(FORMS[self.form])


@st.composite
def cohorts(draw: st.DrawFn) -> Cohort:
    ids = draw(
        st.lists(
            st.from_regex(r"[A-Z]{2}-[0-9]{4,6}", fullmatch=True),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    patients = [
        Patient(
            patient_id,
            tuple(draw(st.lists(DAYS, min_size=1, max_size=3, unique=True))),
            draw(st.none() | DAYS),
            draw(st.none() | DAYS),
            tuple(draw(st.lists(st.none() | DAYS, min_size=1, max_size=3))),
        )
        for patient_id in ids
    ]
    return Cohort(
        tuple(patients),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from(sorted(FORMS))),
    )


def from_images(by: MethodSpec | None, cohort: Cohort) -> dict[str, str]:
    """The pseudonym of each patient, as the header of a first image leaves with it."""
    if by is None:
        return {p.patient_id: p.patient_id for p in cohort.patients}
    method = build_method(by)
    names = {}
    for number, patient in enumerate(cohort.patients):
        made = method.apply(
            header(patient.patient_id, f"1.2.3.{number}", "20190312"),
            Moment(dt.datetime(2026, 1, 1)),  # noqa: DTZ001
        )
        assert isinstance(made, Rewritten)
        names[patient.patient_id] = text_of(made.header.dataset, 0x00100020)
    return names


# Each example makes ledgers, which wait for the disk.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("name", "policy"), WAYS)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(cohort=cohorts())
def test_relative_days_are_the_originals_and_one_pseudonym_stands_everywhere(
    name: str, policy: DatePolicy, cohort: Cohort
) -> None:
    by = METHODS[name]
    names = from_images(by, cohort)
    with (
        tempfile.TemporaryDirectory() as folder,
        leaving(Path(folder), cohort.images, cohort.table(), by) as (ledger, how),
    ):
        answered(
            ledger, "REL-07", "R1", cohort.form if cohort.form in ("month-first",) else "day-first"
        )
        out = open_outgoing(ledger, how, policy)
        text = csv_of(out)
        assert out.problems() == ()
        holds_in_table(cohort, out, text, names)
        prove(out, out.tables[0], io.BytesIO(text.encode()))
        for patient, _, subject in out.subjects():
            prove_subject(out, patient, subject)
        assert csv_of(open_outgoing(ledger, how, policy)) == text
        write_studies(ledger, Path(folder) / "studies.csv")
        holds_in_studies(cohort, Path(folder) / "studies.csv", names)


def holds_in_table(cohort: Cohort, out: Outgoing, text: str, names: dict[str, str]) -> None:
    """Each cell against what was drawn, which the program never saw but as text."""
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    wanted = list(cohort.rows())
    assert len(rows) == len(wanted)
    days = 1 if cohort.has_days else 0
    for (patient, n), row in zip(wanted, rows, strict=True):
        scanned = sorted(patient.studies)[n]
        original = {
            1: patient.diagnosis,
            2 + days: scanned,
            3 + days: patient.treatment,
            4 + days: patient.others[n % len(patient.others)],
        }
        for place, (column, cell) in enumerate(zip(out.tables[0].columns, row, strict=True)):
            day = original.get(column.place)
            if column.place == 0:
                assert cell == names[patient.patient_id]
            elif column.heading == "Relative day":
                assert int(cell) == (scanned - patient.day_0).days
            elif column.how is How.RELATIVE:
                assert cell == ("" if day is None else str((day - patient.day_0).days)), heading[
                    place
                ]
            elif column.how is How.MONTH:
                if days_can_be_computed(cohort, patient):
                    day = None
                assert cell == ("" if day is None else day.replace(day=1).isoformat())
            elif column.how is How.DATE:
                assert cell == ("" if day is None else day.isoformat())


def days_can_be_computed(cohort: Cohort, patient: Patient) -> bool:
    """Whether one day alone fits the months of all dates of a patient and the days between them:
    each other day is tried for day 0."""
    rows = [n for of, n in cohort.rows() if of is patient]
    said = [patient.diagnosis, patient.treatment, *patient.studies]
    said += [patient.others[n % len(patient.others)] for n in rows]
    dates = [day for day in said if day is not None]
    shifts = (dt.timedelta(days) for days in range(-31, 32))
    fitting = [
        shift
        for shift in shifts
        if all((day + shift).replace(day=1) == day.replace(day=1) for day in dates)
    ]
    return len(fitting) == 1


def holds_in_studies(cohort: Cohort, path: Path, names: dict[str, str]) -> None:
    """The table of studies: the same names, and days from the same day 0."""
    heading, *rows = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""))
    assert tuple(heading) == HEADING
    told = sorted((row[0], int(row[4])) for row in rows)
    assert told == sorted(
        (names[patient.patient_id], (day - patient.day_0).days)
        for patient in cohort.patients
        for day in patient.studies
    )
