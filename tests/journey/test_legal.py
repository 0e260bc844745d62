"""Step 10 is behind the gate (LEG-01 to LEG-04)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.journey.standings import journey_at, put, step_at
from tests.legal.records import clear, declared, whole
from tests.tui.known import JOURNEY
from tests.tui.ledgers import make_done
from transfer.errors import StepBlocked
from transfer.journey.recording import Said, record_by_hand, states_by_hand
from transfer.journey.standing import Standing
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries
from transfer.legal.entries import Declaration
from transfer.legal.recording import withdraw_entry
from transfer.values import StepState
from transfer.workspace import Home, Workspace


@pytest.fixture
def arrived(home: Home) -> Workspace:
    """A transfer with nothing before step 10 that is open."""
    workspace = make_done(home)
    put(workspace, "clinical", StepState.DONE, "Images alone.", person="Ada")
    return workspace


def dataset(home: Home, workspace: Workspace, *, is_sandbox: bool = False) -> Standing:
    journey = replace(JOURNEY, is_sandbox=lambda: is_sandbox)
    standing = journey_at(home, workspace, journey=journey).of("dataset")
    assert standing is not None, "the journey has it"
    return standing


def test_without_a_record_it_is_locked_and_says_why_and_what_to_do(
    home: Home, arrived: Workspace
) -> None:
    step = dataset(home, arrived)
    assert (step.state, step.word, step.figure) == (
        StepState.BLOCKED,
        "locked",
        "legal record open",
    )
    assert step.detail == (
        "Publishing is locked: legal clearance is not recorded. 2 more things are missing."
    )
    assert step.next == "See what is missing, and record it."
    assert step.command == "eucaim-transfer legal breast-2023"


def test_the_last_gap_stands_alone(home: Home, arrived: Workspace) -> None:
    with Ledger.open(arrived.ledger) as ledger:
        add_entries(ledger, whole()[:2])
    assert dataset(home, arrived).detail == (
        "Publishing is locked: DTA signature of EUCAIM's Scientific Director missing."
    )


def test_a_whole_record_opens_it(home: Home, arrived: Workspace) -> None:
    clear(arrived)
    step = dataset(home, arrived)
    assert (step.state, step.word, step.is_gated) == (StepState.TODO, "by hand", False)


def test_it_is_told_early_for_clearance_takes_long(home: Home, first: Workspace) -> None:
    assert step_at(home, first, "dataset").detail == (
        "Only after the images, and the clinical data or a word that there are none."
        " Publishing is locked: legal clearance is not recorded. 2 more things are missing."
    )


def test_the_legal_record_is_what_to_do_next_once_all_else_is_done(
    home: Home, arrived: Workspace
) -> None:
    put(arrived, "ticket", StepState.WAITING, person="Ada")
    to_do = journey_at(home, arrived).to_do
    assert to_do is not None
    assert to_do.command == "eucaim-transfer legal breast-2023"


@pytest.mark.parametrize("recorded", [None, StepState.WAITING, StepState.TODO])
def test_nobodys_word_makes_it_done(
    home: Home, arrived: Workspace, recorded: StepState | None
) -> None:
    if recorded is not None:
        put(arrived, "dataset", recorded, person="Ada")
    step = dataset(home, arrived)
    assert StepState.DONE not in states_by_hand(step)
    with (
        Ledger.open(arrived.ledger) as ledger,
        pytest.raises(StepBlocked, match="The legal record is not whole"),
    ):
        record_by_hand(home, ledger, step, Said(StepState.DONE, "Ada"))


def test_that_others_are_waited_for_can_be_recorded(home: Home, arrived: Workspace) -> None:
    with Ledger.open(arrived.ledger) as ledger:
        record_by_hand(home, ledger, dataset(home, arrived), Said(StepState.WAITING, "Ada"))
    assert dataset(home, arrived).state is StepState.WAITING


def test_what_was_done_says_so_when_a_declaration_is_withdrawn(
    home: Home, arrived: Workspace
) -> None:
    clear(arrived)
    put(arrived, "dataset", StepState.DONE, "Published.", person="Ada")
    with Ledger.open(arrived.ledger) as ledger:
        withdraw_entry(ledger, "clearance", "Grace", "Too early")
    step = dataset(home, arrived)
    assert (step.state, step.detail) == (
        StepState.DONE,
        "Published. The legal record of it is not whole.",
    )


def test_a_sandbox_record_opens_it_on_a_sandbox_alone(home: Home, arrived: Workspace) -> None:
    with Ledger.open(arrived.ledger) as ledger:
        add_entries(ledger, [declared(what, is_sandbox=True) for what in Declaration])
    assert dataset(home, arrived, is_sandbox=True).word == "by hand"
    assert dataset(home, arrived).word == "locked"
