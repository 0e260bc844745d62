"""How far each step is: out of the ledger, the account's record and the runner."""

from __future__ import annotations

from tests.journey.standings import journey_at, put, step_at
from tests.tui.ledgers import (
    fill_more,
    held,
    make_done,
    make_failed,
    make_running,
    set_runner,
)
from transfer.journey.steps import Journey, JourneyStep
from transfer.status import read_status
from transfer.values import StepState
from transfer.workspace import Home, Workspace


def test_a_first_transfer_begins_with_the_account(home: Home, first: Workspace) -> None:
    journey = journey_at(home, first)
    assert [s.state.value for s in journey.standings] == [
        "todo", "todo", "todo", "todo", "todo", "blocked", "blocked",
    ]  # fmt: skip
    assert journey.to_do is not None
    assert journey.to_do.step.id == "account"
    assert journey.to_do.next == "Register, ask for the account, then sign in."
    assert journey.to_do.command == "eucaim-transfer login upv"


def test_each_step_names_its_next_action_with_the_command(home: Home, first: Workspace) -> None:
    told = {s.step.id: (s.next, s.command) for s in journey_at(home, first).standings}
    assert told == {
        "deidentify": (
            "Nothing is changed; look at what the headers hold.",
            "eucaim-transfer review lung-2024",
        ),
        "account": (
            "Register, ask for the account, then sign in.",
            "eucaim-transfer login upv",
        ),
        "ticket": ("Compose the ticket, and send it.", "eucaim-transfer ticket lung-2024"),
        "tool": ("Check this machine and the node.", "eucaim-transfer doctor lung-2024"),
        "images": (
            "Read the folder; nothing is sent by that.",
            "eucaim-transfer scan lung-2024",
        ),
        "clinical": ("", ""),
        "dataset": ("", ""),
    }


def test_a_step_that_is_done_has_no_next_action(home: Home) -> None:
    images = step_at(home, make_done(home), "images")
    assert (images.state, images.word) == (StepState.DONE, "done")
    assert (images.next, images.command) == ("", "")
    assert images.detail == "All 12 SOP Instances are on the node, each one listed by it."


def test_who_did_a_step_and_what_proves_it_are_kept(home: Home, first: Workspace) -> None:
    put(first, "ticket", StepState.DONE, "Answered.", person="Ada", evidence="HLP 4711")
    ticket = step_at(home, first, "ticket")
    assert (ticket.person, ticket.evidence) == ("Ada", "HLP 4711")
    assert ticket.since_utc.endswith("Z")


def test_a_running_upload_is_where_the_journey_is(home: Home) -> None:
    workspace = make_running(home)
    put(workspace, "doctor", StepState.TODO)
    with held(workspace):
        journey = journey_at(home, workspace)
    assert journey.to_do is not None
    assert (journey.to_do.step.id, journey.to_do.word) == ("images", "running")
    assert journey.to_do.command == "eucaim-transfer status lung-2024 --watch"


def test_an_upload_whose_runner_was_killed_is_running_no_more(home: Home) -> None:
    """The ledger's last word is `running`; the lock knows better."""
    workspace = make_running(home)
    put(workspace, "upload", StepState.RUNNING)
    images = step_at(home, workspace, "images")
    assert (images.state, images.word) == (StepState.TODO, "stopped")
    assert images.detail == "Stopped before everything was sent. Nothing is lost."
    assert images.command == "eucaim-transfer upload lung-2024"


def test_a_de_identification_that_was_killed_is_running_no_more(
    home: Home, first: Workspace
) -> None:
    put(first, "deidentify", StepState.RUNNING, "By eucaim.")
    assert step_at(home, first, "deidentify").state is StepState.TODO


def test_failed_images_say_how_to_go_on(home: Home) -> None:
    workspace = make_failed(home)
    put(workspace, "upload", StepState.BLOCKED, "3 of 100 instances did not arrive.")
    images = step_at(home, workspace, "images")
    assert (images.state, images.word) == (StepState.BLOCKED, "failed")
    assert images.next == "See which and why."


def test_what_was_added_after_the_end_has_still_to_go(home: Home) -> None:
    workspace = make_done(home)
    assert not read_status(workspace).is_more_to_go
    fill_more(workspace, 1)
    images = step_at(home, workspace, "images")
    assert (images.state, images.detail) == (
        StepState.TODO,
        "More was chosen, which has not gone yet.",
    )


def test_a_node_without_sign_in_has_nothing_to_do_there(home: Home, first: Workspace) -> None:
    journey = Journey(
        "Node own",
        (
            JourneyStep(
                "account", 5, "Account", "", "", "login", settled="This node asks for no sign-in."
            ),
            JourneyStep("ticket", 6, "Ticket", "", "", "ticket"),
        ),
    )
    state = journey_at(home, first, journey=journey)
    assert state.standings[0].state is StepState.DONE
    assert state.standings[0].detail == "This node asks for no sign-in."
    assert state.to_do is not None
    assert state.to_do.step.id == "ticket"


def test_all_done_leaves_nothing_to_do(home: Home) -> None:
    workspace = make_done(home)
    put(workspace, "clinical", StepState.DONE, person="Ada")
    put(workspace, "dataset", StepState.DONE, person="Ada")
    assert journey_at(home, workspace).to_do is None


def test_something_that_does_not_leave_comes_before_all_else(home: Home, first: Workspace) -> None:
    put(first, "deidentify", StepState.BLOCKED, "1 instance may not leave.")
    set_runner(first, pid=None, exit_code=3, message="1 instance may not leave.")
    to_do = journey_at(home, first).to_do
    assert to_do is not None
    assert (to_do.step.id, to_do.command) == ("deidentify", "eucaim-transfer review lung-2024")


def test_the_document_has_every_key_for_every_step(home: Home, first: Workspace) -> None:
    journey = journey_at(home, first)
    document = read_status(first).document(journey)
    assert document["next"] == "account"
    assert len(document["steps"]) == 7
    assert {frozenset(step) for step in document["steps"]} == {
        frozenset({
            "id", "number", "title", "state", "detail", "person", "at", "since", "evidence",
            "next", "command", "reminder", "comes_first", "link",
        })
    }  # fmt: skip
    assert document["clinical"]["state"] == "blocked"
    assert document["publication"] == {
        "state": "blocked", "stage": None, "dataset": None, "name": "", "version": "",
        "visibility": "", "studies": None, "subjects": None, "pids": {}, "link": "",
        "since": None, "seen_at": None, "catalogue": False,
    }  # fmt: skip
