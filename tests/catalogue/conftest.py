"""A transfer of which some was verified, as the catalogue's entry counts it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.tui.ledgers import fill, make_home, make_ledger
from transfer.catalogue.fields import fill_in
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import Origin, keep_dataset
from transfer.publication.values import Dataset, Stage
from transfer.workspace import Home, Workspace

DATASET = "0f3a2b44-9f0e-4c5e-8d53-0c8f6a5c1b2d"
NEEDED = {
    "title": ("Lung screening of the north",),
    "description": ("Low-dose CT of a screening programme.",),
    "publisher": ("University Hospital of the North",),
    "contact": ("Office for research data",),
    "access": ("RESTRICTED",),
}
_TAGS = {
    "date": 0x00080022,
    "modality": 0x00080060,
    "manufacturer": 0x00080070,
    "sex": 0x00100040,
    "age": 0x00101010,
    "body_part": 0x00180015,
    "moved": 0x00280303,
    "sop_class": 0x00080016,
}


def say_of(
    workspace: Workspace, patient: int, said: Mapping[str, str], *, leaves: bool = False
) -> None:
    """What the headers of a patient's instances say; with `leaves` as they left."""
    document = json.dumps({str(_TAGS[key]): text for key, text in sorted(said.items())})
    column = "out_traits_id" if leaves else "traits_id"
    # Closed here: one that is closed when nobody looks takes its files from under a copy.
    with closing(sqlite3.connect(workspace.ledger)) as db, db:
        db.execute("INSERT OR IGNORE INTO traits (document) VALUES (?)", (document,))
        db.execute(
            f"UPDATE instance SET {column} = (SELECT id FROM traits WHERE document = ?)"  # noqa: S608 - a literal of ours
            " WHERE series_id IN (SELECT e.id FROM series e JOIN study s ON s.id = e.study_id"
            " WHERE s.patient_id = ?)",
            (document, patient),
        )


def bind(
    workspace: Workspace,
    *,
    studies: int | None = None,
    subjects: int | None = None,
    origin: Origin = "picked-up",
    id_: str = DATASET,
    stage: Stage = Stage.PUBLISHED,
) -> None:
    """The dataset as the node told of it."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        dataset = Dataset(
            id_,
            "Lung",
            stage,
            version="1.0",
            studies=studies,
            subjects=subjects,
            link=f"https://node.example/datasets/{id_}",
            pids={"doi": "10.5281/zenodo.1"},
        )
        keep_dataset(ledger, dataset, origin, "2026-03-12T08:00:00.000Z")


def fill_in_needed(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        fill_in(ledger, NEEDED)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The transfer of `workspace`, made once: tests work on copies."""
    home = make_home(tmp_path_factory.mktemp("catalogue"))
    found = make_ledger(home, "lung")
    fill(found, [("CT", 0, 0, 2, 0)] * 6 + [("CT", 1, 0, 2, 0), ("MR", 3, 0, 0, 0)])
    for patient in range(1, 8):
        said = {
            "date": "20240102",
            "modality": "CT",
            "manufacturer": "ACME",
            "sex": "F" if patient < 7 else "M",
            "age": f"{40 + 5 * patient:03}Y",
            "body_part": "CHEST",
        }
        say_of(found, patient, said)
    say_of(found, 8, {"modality": "MR", "sex": "O", "age": "099Y", "manufacturer": "OTHER"})
    return home.root


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Home:
    shutil.copytree(made, tmp_path / "home")
    return Home.at(tmp_path / "home")


@pytest.fixture
def workspace(home: Home) -> Workspace:
    """Eight patients with one Study each: seven CT verified, one of them with an instance that is
    not, and one MR of which nothing was verified."""
    return home.workspace("lung")
