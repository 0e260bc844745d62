"""Where the transfer de-identifies, subjects are told by their pseudonyms, and originals stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publication.conftest import Opened
from tests.publication.made import MadeNode
from tests.publication.test_creating import NAMED, study
from transfer.deid.keys.seal import PATIENT_ID, STUDY_UID, Seal
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.publication.values import NewDataset
from transfer.workspace import Workspace

PSEUDONYMS = ("EUC-0001", "EUC-0002", "EUC-0003")


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    seal = Seal("a key of the test")
    with Ledger.open(workspace.ledger) as found:
        with found.transaction():
            found.write("UPDATE transfer SET deid = 'eucaim'")
            for row, pseudonym in enumerate(PSEUDONYMS, 1):
                closed = seal.close(pseudonym, PATIENT_ID)
                found.write("UPDATE patient SET pseudonym = ? WHERE id = ?", closed, row)
                out = seal.close(f"2.25.{row}", STUDY_UID)
                found.write("UPDATE study SET out_study_uid = ? WHERE id = ?", out, row)
        found.names = Names(seal)
        yield found


@pytest.fixture
def node(node: MadeNode) -> MadeNode:
    node.held = tuple((subject, "CT") for subject in PSEUDONYMS)
    return node


def index_of(folder: Path, *studies: dict[str, object]) -> Path:
    path = folder / "index.json"
    path.write_text(json.dumps(studies))
    return path


async def test_missing_subjects_are_named_by_pseudonym(opened: Opened, node: MadeNode) -> None:
    node.held = node.held[:1]
    node.export()
    look = await opened().pick_up(None)
    assert look.difference is not None
    assert list(look.difference.missing) == ["EUC-0002", "EUC-0003"]


async def test_an_index_of_pseudonyms_goes(opened: Opened, node: MadeNode, tmp_path: Path) -> None:
    index = index_of(tmp_path, *(study(one, n) for n, one in enumerate(PSEUDONYMS)))
    look = await opened().create(NewDataset(NAMED, index))
    assert look.difference is not None
    assert (look.difference.asked_subjects, look.difference.is_fault) == (3, False)


async def test_an_index_of_original_patients_stays_here(
    opened: Opened, node: MadeNode, tmp_path: Path
) -> None:
    index = index_of(tmp_path, study("EUC-0001", 1), study("ORIGINAL-2", 2))
    with pytest.raises(StepBlocked, match="1 entry of the files name subjects who are none") as no:
        await opened().create(NewDataset(NAMED, index))
    assert "ORIGINAL-2" not in no.value.what
    assert node.times("create") == 0


async def test_an_original_anywhere_else_in_the_files_stays_here(
    opened: Opened, node: MadeNode, tmp_path: Path
) -> None:
    told = study("EUC-0001", 1) | {"studyName": "CT of original-2"}
    with pytest.raises(StepBlocked, match="The files tell of patients: patient ID") as refused:
        await opened().create(NewDataset(NAMED, index_of(tmp_path, told)))
    assert "original-2" not in refused.value.what
    fine = index_of(tmp_path, study("EUC-0001", 1))
    clinical = tmp_path / "c.csv"
    clinical.write_text("subject,remark\r\nEUC-0001,sister of Surname3 Given\r\n")
    with pytest.raises(StepBlocked, match="The files tell of patients: name"):
        await opened().create(NewDataset(NAMED, fine, clinical))
    assert node.times("create") == 0


async def test_without_the_key_nobody_is_taken_for_known(
    opened: Opened, node: MadeNode, ledger: Ledger, tmp_path: Path
) -> None:
    ledger.names = Names()
    index = index_of(tmp_path, study("EUC-0001", 1))
    with pytest.raises(UsageError, match="its key was not opened"):
        await opened().create(NewDataset(NAMED, index))
    assert node.times("create") == 0
    node.export()
    look = await opened().pick_up(None)
    assert look.difference is not None
    assert (look.difference.missing_count, look.difference.is_fault) == (None, False)
    assert node.times("studies") == 0
