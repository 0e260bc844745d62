"""Under which identifier the entry stands, and whether it was looked up (CAT-01, CAT-04)."""

from __future__ import annotations

import sqlite3

import pytest

from tests.catalogue.conftest import DATASET, bind
from transfer.catalogue.standing import CatalogueState, name_identifier, read_catalogue, take_seen
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.workspace import Workspace

ENTRY = f"https://catalogue.eucaim.cancerimage.eu/#/collection/{DATASET}"
OTHER = "6c1f0c56-3b70-4d0c-9d0e-3f0e4b1d2a3c"


def state_of(workspace: Workspace) -> CatalogueState:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return read_catalogue(ledger)


def seen(workspace: Workspace, address: str, person: str = "Ada Example") -> CatalogueState:
    with Ledger.open(workspace.ledger) as ledger:
        return take_seen(ledger, address, person)


def name(workspace: Workspace, identifier: str) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        name_identifier(ledger, identifier)


def test_an_entry_nobody_looked_up_is_not_seen(workspace: Workspace) -> None:
    bind(workspace)
    assert state_of(workspace).is_seen is False


def test_a_person_looked_the_entry_up(workspace: Workspace) -> None:
    bind(workspace)
    found = seen(workspace, ENTRY)
    assert found.is_seen is True
    assert found.document() == {
        "identifier": DATASET,
        "is_seen": True,
        "address": ENTRY,
        "seen_by": "Ada Example",
        "seen_at": found.document()["seen_at"],
    }
    assert state_of(workspace) == found


@pytest.mark.parametrize("person", ["", "  ", "the program", "n.n."])
def test_nobody_looked_it_up(workspace: Workspace, person: str) -> None:
    bind(workspace)
    with pytest.raises(UsageError, match=r"Who looked|names no person"):
        seen(workspace, ENTRY, person)
    assert state_of(workspace).is_seen is False


@pytest.mark.parametrize(
    "address",
    [
        "http://catalogue.eucaim.cancerimage.eu/#/collection/" + DATASET,
        "catalogue.eucaim.cancerimage.eu",
        "javascript:alert(1)",
        "https://user@catalogue.example/" + DATASET,
        "https://catalogue.example/\x1b[2J/" + DATASET,
        "https://catalogue.example/a b/" + DATASET,
    ],
)
def test_an_address_that_is_none_is_refused(workspace: Workspace, address: str) -> None:
    bind(workspace)
    with pytest.raises(UsageError, match="no web address"):
        seen(workspace, address)


@pytest.mark.parametrize("tail", [OTHER, "", f"{DATASET}0", f"x{DATASET}"])
def test_another_datasets_entry_is_not_this_ones(workspace: Workspace, tail: str) -> None:
    bind(workspace)
    with pytest.raises(StepBlocked, match="not the address of this dataset's entry"):
        seen(workspace, f"https://catalogue.eucaim.cancerimage.eu/#/collection/{tail}")
    assert state_of(workspace).is_seen is False


def test_an_entry_without_a_dataset_cannot_be_seen(workspace: Workspace) -> None:
    with pytest.raises(StepBlocked, match="not known yet under which identifier"):
        seen(workspace, ENTRY)


def test_the_entry_of_an_earlier_dataset_does_not_close_the_step(workspace: Workspace) -> None:
    bind(workspace)
    seen(workspace, ENTRY)
    bind(workspace, id_=OTHER)
    found = state_of(workspace)
    assert found.is_seen is False
    assert (found.identifier, found.other) == (OTHER, DATASET)


def test_images_that_were_verified_since_are_told(workspace: Workspace) -> None:
    bind(workspace)
    assert seen(workspace, ENTRY).has_changed is False
    with sqlite3.connect(workspace.ledger) as db:
        db.execute("UPDATE instance SET state = 'verified' WHERE state = 'ready'")
    found = state_of(workspace)
    assert (found.is_seen, found.has_changed) == (True, True)


def test_a_project_that_is_the_dataset_needs_a_persons_word_for_its_identifier(
    workspace: Workspace,
) -> None:
    bind(workspace, origin="destination", id_="LUNG")
    assert state_of(workspace).identifier == ""
    name(workspace, "health-ri:lung-2024")
    found = state_of(workspace)
    assert found.identifier == "health-ri:lung-2024"
    assert seen(workspace, f"{found.address}/").is_seen is True


def test_the_nodes_own_id_is_not_given_another_name(workspace: Workspace) -> None:
    bind(workspace)
    with pytest.raises(StepBlocked, match="by the id that the node gave it"):
        name(workspace, "lung-2024")


def test_an_identifier_under_which_the_entry_was_seen_is_never_changed(
    workspace: Workspace,
) -> None:
    bind(workspace, origin="destination", id_="LUNG")
    name(workspace, "first")
    name(workspace, "lung-2024")
    seen(workspace, "https://catalogue.eucaim.cancerimage.eu/#/collection/lung-2024")
    with pytest.raises(StepBlocked, match="cannot be changed later"):
        name(workspace, "lung-2025")
    assert state_of(workspace).identifier == "lung-2024"


@pytest.mark.parametrize("identifier", ["", "two words", "-x", "ä", "x" * 129, "a\nb"])
def test_what_cannot_be_an_identifier_is_refused(workspace: Workspace, identifier: str) -> None:
    with pytest.raises(UsageError, match="no identifier"):
        name(workspace, identifier)


def test_a_patients_id_is_no_identifier_of_a_dataset(workspace: Workspace) -> None:
    with pytest.raises(StepBlocked, match="would tell of a patient"):
        name(workspace, "ORIGINAL-3")


@pytest.mark.parametrize(
    "sql", ["UPDATE catalogue_seen SET person = 'x'", "DELETE FROM catalogue_seen"]
)
def test_what_was_seen_is_never_changed(workspace: Workspace, sql: str) -> None:
    bind(workspace)
    seen(workspace, ENTRY)
    with (
        sqlite3.connect(workspace.ledger) as db,
        pytest.raises(sqlite3.IntegrityError, match="not"),
    ):
        db.execute(sql)
