"""Step 10 in the journey: as the node told of it last, behind the gate, until it is catalogued."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.journey.standings import SENT, journey_at, put
from tests.legal.records import clear
from tests.tui.known import JOURNEY
from tests.tui.ledgers import make_done
from transfer.errors import UsageError
from transfer.journey.recording import Said, record_by_hand, states_by_hand
from transfer.journey.standing import Standing
from transfer.journey.steps import Journey
from transfer.ledger.catalogue import record_seen
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import Creation, Trouble, add_creation, keep_dataset, keep_trouble
from transfer.publication.values import Dataset, Stage
from transfer.values import StepState
from transfer.workspace import Home, Workspace


@pytest.fixture
def journey() -> Journey:
    """Whose step 10 the program carries out."""
    steps = [replace(s, engine="publish") if s.id == "dataset" else s for s in JOURNEY.steps]
    return replace(JOURNEY, steps=steps)


@pytest.fixture
def arrived(home: Home) -> Workspace:
    workspace = make_done(home)
    put(workspace, "clinical", StepState.DONE, "Images alone.", person="Ada")
    clear(workspace)
    return workspace


def keep(workspace: Workspace, stage: Stage, **more: object) -> None:
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        dataset = replace(Dataset("d1", "Lungs", stage, studies=3, subjects=3), **more)  # type: ignore[arg-type]
        keep_dataset(ledger, dataset, "picked-up", SENT)


def of(home: Home, workspace: Workspace, journey: Journey, hours: int = 0) -> Standing:
    found = journey_at(home, workspace, timedelta(hours=hours), journey).of("dataset")
    assert found is not None
    return found


def test_before_there_is_a_dataset_the_guide_is_next(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    step = of(home, arrived, journey)
    assert (step.state, step.figure) == (StepState.TODO, "no dataset yet")
    assert step.command == "eucaim-transfer dataset breast-2023 --guide"


@pytest.mark.parametrize(
    ("stage", "state", "figure", "command"),
    [
        (Stage.CREATING, StepState.RUNNING, "being made", "dataset breast-2023 --follow"),
        (
            Stage.FAILED,
            StepState.BLOCKED,
            "not made",
            "dataset breast-2023 --delete --confirm breast-2023",
        ),
        (Stage.DRAFT, StepState.TODO, "draft, 3 studies", "publish breast-2023"),
        (Stage.RELEASED, StepState.WAITING, "waits for the platform", "dataset breast-2023"),
        (Stage.PUBLISHED, StepState.WAITING, "waits for the catalogue", "catalogue breast-2023"),
        (Stage.INVALIDATED, StepState.BLOCKED, "not to be used", "dataset breast-2023"),
    ],
)
def test_each_stage_has_its_state_and_its_next_move(
    home: Home,
    arrived: Workspace,
    journey: Journey,
    stage: Stage,
    state: StepState,
    figure: str,
    command: str,
) -> None:
    keep(arrived, stage)
    step = of(home, arrived, journey)
    assert (step.state, step.figure) == (state, figure)
    assert step.command == f"eucaim-transfer {command}"


def test_without_the_legal_record_a_draft_stays_locked(home: Home, journey: Journey) -> None:
    workspace = make_done(home)
    put(workspace, "clinical", StepState.DONE)
    keep(workspace, Stage.DRAFT)
    step = of(home, workspace, journey)
    assert (step.word, step.command) == ("locked", "eucaim-transfer legal breast-2023")


def test_it_is_done_once_it_is_published_and_its_entry_was_looked_up(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    keep(arrived, Stage.PUBLISHED, pids={"doi": "10.5281/zenodo.42"})
    with Ledger.open(arrived.ledger) as ledger:
        record_seen(ledger, "d1", "https://catalogue.example/#/collection/d1", "Ada")
    step = of(home, arrived, journey)
    assert (step.state, step.evidence, step.command) == (StepState.DONE, "10.5281/zenodo.42", "")


def test_an_entry_that_was_seen_before_it_is_published_does_not_end_it(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    keep(arrived, Stage.RELEASED)
    with Ledger.open(arrived.ledger) as ledger:
        record_seen(ledger, "d1", "https://catalogue.example/#/collection/d1", "Ada")
    assert of(home, arrived, journey).state is StepState.WAITING


def test_a_platform_that_takes_days_is_told_with_since_when(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    keep(arrived, Stage.RELEASED)
    step = of(home, arrived, journey, hours=72)
    assert (step.since_utc, step.waited_h, step.waits_for_others) == (SENT, 72, True)
    assert step.reminder_short == "no answer for 72 h"
    assert of(home, arrived, journey, hours=47).reminder == ""


def test_a_lost_role_blocks_it_with_the_remedy(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    keep(arrived, Stage.DRAFT)
    trouble = Trouble("publish", 5, "The account lacks the role admin_datasets.", "Ask for it.")
    with Ledger.open(arrived.ledger) as ledger:
        keep_trouble(ledger, trouble, SENT)
    step = of(home, arrived, journey)
    assert (step.state, step.detail) == (
        StepState.BLOCKED,
        "The account lacks the role admin_datasets. Ask for it.",
    )


def test_a_creation_that_nobody_knows_of_is_told(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    attempt = Creation(0, "Lungs", "", 3, 3, frozenset(), "asked", "", "", "Ada", SENT, "")
    with Ledger.open(arrived.ledger) as ledger, ledger.transaction():
        add_creation(ledger, attempt)
    step = of(home, arrived, journey)
    assert (step.state, step.figure) == (StepState.BLOCKED, "creation not answered")
    assert step.command == "eucaim-transfer dataset breast-2023"


def test_once_there_is_a_dataset_nobodys_word_settles_it(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    keep(arrived, Stage.RELEASED)
    assert states_by_hand(of(home, arrived, journey)) == ()
    with (
        Ledger.open(arrived.ledger) as ledger,
        pytest.raises(UsageError, match="settled by this program itself"),
    ):
        record_by_hand(home, ledger, of(home, arrived, journey), Said(StepState.DONE, "Ada"))


def test_where_the_program_knows_of_none_a_person_can_record_it_behind_the_gate(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    with Ledger.open(arrived.ledger) as ledger:
        record_by_hand(home, ledger, of(home, arrived, journey), Said(StepState.DONE, "Ada"))
    assert of(home, arrived, journey).state is StepState.DONE
    keep(arrived, Stage.DRAFT)
    assert of(home, arrived, journey).state is StepState.TODO


def test_a_word_of_an_earlier_version_still_counts(
    home: Home, arrived: Workspace, journey: Journey
) -> None:
    put(arrived, "dataset", StepState.DONE, "Published by hand.", person="Ada")
    step = of(home, arrived, journey)
    assert (step.state, step.person) == (StepState.DONE, "Ada")
