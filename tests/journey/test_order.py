"""The order of the steps (rules ORD-01 and ORD-02)."""

from __future__ import annotations

from tests.journey.standings import journey_at, put, step_at
from tests.legal.records import clear
from tests.tui.ledgers import fill, make_done, make_first_ledger, set_runner
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import set_step
from transfer.values import StepState
from transfer.workspace import Home, Workspace


def test_a_step_whose_predecessor_is_open_says_which_comes_first(
    home: Home, first: Workspace
) -> None:
    told = {s.step.number: s.comes_first for s in journey_at(home, first).standings}
    assert told == {
        4: "",
        5: "",
        6: "Step 5 comes first: Account and sign-in.",
        7: "Step 5 comes first: Account and sign-in.",
        8: "Step 5 comes first: Account and sign-in.",
        9: "Step 5 comes first: Account and sign-in.",
        10: "Step 5 comes first: Account and sign-in.",
    }


def test_a_step_that_waits_comes_first_as_well(home: Home, first: Workspace) -> None:
    put(first, "login", StepState.DONE)
    put(first, "ticket", StepState.WAITING, person="Ada")
    assert step_at(home, first, "tool").comes_first == (
        "Step 6 comes first: Ticket for the project."
    )


def test_clinical_data_are_locked_until_the_images_are_verified(
    home: Home, first: Workspace
) -> None:
    clinical = step_at(home, first, "clinical")
    assert (clinical.state, clinical.word) == (StepState.BLOCKED, "locked")
    assert clinical.detail.startswith("Only after the images are verified on the node. The table")


def test_clinical_data_are_open_once_the_images_are_verified(home: Home) -> None:
    clinical = step_at(home, make_done(home), "clinical")
    assert (clinical.state, clinical.word) == (StepState.TODO, "by hand")
    assert clinical.detail == "Not carried out by this version yet."
    assert clinical.command == (
        "eucaim-transfer step breast-2023 clinical --state done --by PERSON"
    )


def test_the_dataset_is_locked_until_the_clinical_data_are_settled(home: Home) -> None:
    workspace = make_done(home)
    clear(workspace)
    assert step_at(home, workspace, "dataset").is_locked
    put(workspace, "clinical", StepState.DONE, "Images alone.", person="Ada")
    assert step_at(home, workspace, "dataset").word == "by hand"


def test_the_images_are_not_locked_by_an_open_ticket(home: Home, first: Workspace) -> None:
    """The project may exist already; the journey tells, it does not refuse."""
    put(first, "login", StepState.DONE)
    images = step_at(home, first, "images")
    assert images.state is StepState.TODO
    assert images.comes_first == "Step 6 comes first: Ticket for the project."
    assert images.command == "eucaim-transfer scan lung-2024"


def _send_all(workspace: Workspace) -> None:
    fill(workspace, [("CT", 0, 0, 8, 0)])
    set_runner(workspace, pid=None, exit_code=0)
    with Ledger.open(workspace.ledger) as ledger:
        set_step(ledger, "login", StepState.DONE, "Signed in as ada.")
        set_step(ledger, "upload", StepState.DONE, "All 8 are there.")


def test_images_that_went_without_a_ticket_ask_for_a_word(home: Home) -> None:
    workspace = make_first_ledger(home, "lung-2024")
    _send_all(workspace)
    ticket = step_at(home, workspace, "ticket")
    assert ticket.state is StepState.TODO
    assert ticket.detail == "Images went although this step is open."
    assert ticket.command == (
        "eucaim-transfer ticket lung-2024 --not-needed --by PERSON --reason TEXT"
    )
    images = step_at(home, workspace, "images")
    assert images.state is StepState.DONE
    assert images.comes_first == ("Images went although step 6 is open: Ticket for the project.")


def test_what_a_ticket_already_says_of_itself_stands(home: Home) -> None:
    workspace = make_first_ledger(home, "lung-2024")
    _send_all(workspace)
    put(workspace, "ticket", StepState.TODO, "Ticket 4711 is answered: read it.")
    ticket = step_at(home, workspace, "ticket")
    assert ticket.detail == (
        "Ticket 4711 is answered: read it. Images went although this step is open."
    )
    assert ticket.command == "eucaim-transfer ticket lung-2024"
