"""A table to which nothing is wrong stops nothing, whatever the cohort."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sandbox.synth.cohort import write_cohort
from tests.clinical.cohorts import negative, positive, random_row, write_rows
from tests.clinical.ledgers import ledger_of
from tests.quality.cohort import scanned
from transfer.clinical.phase import read_clinical
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.quality.clinical_rules import is_clinical
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances

TODAY = dt.date(2026, 6, 1)
BY_PROFILE = Circumstances(today=TODAY, method="eucaim 1.0")
AGE = 61


def heavy(ledger: Ledger) -> list[tuple[str, str, str]]:
    """Rule, key and message of what would stop the clinical step."""
    return [
        (f.rule, f.key, f.message)
        for f in read_findings(ledger, limit=10_000)
        if is_clinical(f.rule) and f.severity in ("block", "ask")
    ]


def clinical(ledger: Ledger) -> list[str]:
    return [
        f"{f.severity} {f.rule}: {f.message}"
        for f in read_findings(ledger, limit=10_000)
        if is_clinical(f.rule)
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_table_of_a_synthetic_cohort_passes_with_its_images(tmp_path: Path, seed: int) -> None:
    """As the demo has it, under EUCAIM's gate; the table has no regions, which is told."""
    cohort = tmp_path / "cohort"
    write_cohort(cohort, patients=4, seed=seed, scale="small", slices=0.05)
    source, home = cohort / "images", tmp_path / "home"
    with scanned(source, home, cohort / "clinical.csv") as ledger:
        judge(ledger, BY_PROFILE)

        assert ledger.number("SELECT count(patient_id) FROM clinical_row") == 4
        assert heavy(ledger) == []


def studies_of(chance: random.Random, patients: int) -> dict[str, list[str]]:
    first = dt.date(2018, 1, 1)
    days = {f"X{chance.randrange(10**6):06}-{n}": chance.randrange(2000) for n in range(patients)}
    return {
        patient: [
            (first + dt.timedelta(days=day + 97 * study)).strftime("%Y%m%d")
            for study in range(chance.randrange(1, 3))
        ]
        for patient, day in days.items()
    }


def by_patient(studies: Mapping[str, Sequence[str]], chance: random.Random) -> list[dict[str, str]]:
    """A row a patient, of both sets in one table."""
    rows = []
    for patient, dates in studies.items():
        study = dt.date.fromisoformat(f"{dates[0][:4]}-{dates[0][4:6]}-{dates[0][6:]}")
        if chance.random() < 0.3:
            row = negative(
                patient,
                Age=f"{AGE}.2",
                Date_of_imaging_acquisition=study.isoformat(),
                Population=chance.choice(("Negative screening", "Control group", "Screening")),
            )
        else:
            row = random_row(patient, study, AGE + 0.4, chance)
        rows.append(row)
    heading = dict.fromkeys(key for row in (positive(""), negative("")) for key in row)
    return [dict.fromkeys(heading, "") | row for row in rows]


def by_timepoint(
    studies: Mapping[str, Sequence[str]], chance: random.Random
) -> list[dict[str, str]]:
    """A row a timepoint, with relative days; what does not change stands in the first alone."""
    rows = []
    for patient, dates in studies.items():
        days = [dt.date.fromisoformat(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in dates]
        full = random_row(patient, days[0], AGE + 0.4, chance)
        diagnosed = dt.date.fromisoformat(full["Diagnosis date"])
        for number, day in enumerate(days, 1):
            row = full if number == 1 else dict.fromkeys(full, "") | {"PatientID": patient}
            rows.append(
                row
                | {
                    "Episode": "Diagnosis",
                    "Timepoint": str(number),
                    "Study date": day.isoformat(),
                    "Relative days": str((day - diagnosed).days),
                }
            )
    return rows


@pytest.mark.parametrize("shape", [by_patient, by_timepoint])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), patients=st.integers(1, 25))
def test_any_clean_cohort_passes(
    shape: Callable[[Mapping[str, Sequence[str]], random.Random], list[dict[str, str]]],
    seed: int,
    patients: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a cohort, not a secret
    studies = studies_of(chance, patients)
    with TemporaryDirectory() as folder:
        table = write_rows(Path(folder) / "thorax_clinical.csv", shape(studies, chance))
        with ledger_of(Path(folder), studies, clinical=table, deid="eucaim") as ledger:
            read_clinical(ledger)
            judge(ledger, BY_PROFILE)

            assert heavy(ledger) == []
            # Of several studies a patient it is advised to say their timepoints, and offsets of
            # years do not fit the ETL.
            assert [
                one
                for one in clinical(ledger)
                if not one.startswith(("warn TPT-02", "warn REL-06"))
            ] == []
