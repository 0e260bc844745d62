"""A transfer with a clinical table in which things are wrong, read and judged."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.clinical.ledgers import add_patient
from tests.tui.driving import FixedDayApp, KnownSource
from tests.tui.known import JOURNEY
from tests.tui.ledgers import come_to_images
from tests.tui.trees import HOSTILE, SURNAME
from transfer.clinical.phase import read_clinical
from transfer.journey.steps import Journey
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, write_order
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances
from transfer.workspace import Home, Workspace
from tui.app import TransferApp

NAME = "lung-2024"
TO_STEP_9 = ("end", "up", "enter")
HEADINGS = (
    "PatientID",
    "Population",
    "Sex",
    "Fecha de deteccion",
    "Diagnosis date",
    "Age at diagnosis",
    "Pathology confirmation",
    "Topography",
    "Pathology",
    "Imaging protocol",
    "Treatment",
    "Date of first treatment",
    "Comments",
)
SEX, AGE, COMMENTS = 2, 5, 12


def table_rows(patients: int) -> list[list[str]]:
    """One row a patient, HOSP-0001 and on: Ms X in row 6, an age of 159 in row 8, no date of
    diagnosis in row 10, hostile text in row 3, the patient's name in row 4; and last one of a
    patient whom the images do not know."""
    rows = []
    for n in range(1, patients + 1):
        rows.append(
            [
                f"HOSP-{n:04}",
                "Patient with Cancer",
                "X" if n == 5 else "Female" if n % 2 else "Male",
                f"2021-01-{10 + n % 9}",
                "" if n == 9 else f"2021-02-{10 + n % 9}",
                "159" if n == 7 else f"{50 + n % 30}.5",
                "Histology",
                "Lung",
                "8140/3",
                "CT chest",
                "Surgery",
                f"2021-03-{10 + n % 9}",
                {2: HOSTILE, 3: f"seen as {SURNAME}"}.get(n, ""),
            ]
        )
    rows.append([*rows[0]])
    rows[-1][0] = "ELSEWHERE-77"
    return rows


def table_text(rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS) -> str:
    """A table as CSV; none of these cells has a comma."""
    return "\n".join(",".join(row) for row in [headings, *rows]) + "\n"


def make_tabled(
    home: Home, folder: Path, text: str | None = None, *, patients: int = 12
) -> Workspace:
    """Patients of one study each, and their table; without a `text` the one of `table_rows`, with
    an empty one none at all."""
    folder.mkdir(exist_ok=True)
    table = folder / "lung_clinical.csv"
    content = table_text(table_rows(patients)) if text is None else text
    if content:
        table.write_text(content, encoding="utf-8")
    workspace = home.new_workspace(NAME)
    with Ledger.create(workspace.ledger) as ledger:
        write_order(
            ledger,
            Order(NAME, "upv", folder, "EUCAIM-LUNG|BATCH-1", clinical=table if content else None),
        )
        with ledger.transaction():
            for n in range(1, patients + 1):
                add_patient(ledger, f"HOSP-{n:04}", ["20210214"], "061Y")
            ledger.write("UPDATE patient SET original_name = ?", f"{SURNAME}^Ada")
        read_clinical(ledger)
        judge(ledger, Circumstances(today=dt.date(2026, 3, 14)))
    come_to_images(workspace)
    return workspace


def rename_table(workspace: Workspace) -> None:
    """Let the table lie where it lies on no machine, for pictures."""
    path = os.fsencode("/data/export/lung_clinical.csv")
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE transfer SET clinical = ?, source = ?", path, b"/data/export/lung")
        ledger.write("UPDATE clinical_file SET path = ?", path)


class ClinicalSource(KnownSource):
    """Step 9 is one that this program carries out."""

    def journey(self, node: str) -> Journey:
        steps = [
            replace(step, engine="clinical") if step.id == "clinical" else step
            for step in JOURNEY.steps
        ]
        return replace(JOURNEY, steps=tuple(steps))


def clinical_app(home: Home) -> TransferApp:
    """The app at the journey of that transfer."""
    return FixedDayApp(home, NAME, source=ClinicalSource(home))
