"""The account's record in the home and the transfer's own: the newer one counts."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest

from tests.journey.standings import put, step_at
from tests.tui.ledgers import fill, make_first_ledger, set_runner
from transfer.accounts import (
    Account,
    asked_for,
    ran_out,
    read_account,
    signed_in,
    signed_out,
    taken_back,
)
from transfer.errors import UsageError
from transfer.journey.account import account_standing
from transfer.journey.steps import JourneyStep
from transfer.ledger.steps import StepRecord
from transfer.node import Identity, Right
from transfer.values import StepState
from transfer.workspace import Home, Workspace

STEP = JourneyStep("account", 5, "Account and sign-in", "", "", "login")
EARLIER, LATER = "2026-03-12T08:00:00.000Z", "2026-03-13T08:00:00.000Z"


def test_two_transfers_to_one_node_share_the_account(home: Home, first: Workspace) -> None:
    second = make_first_ledger(home, "lung-2025")
    signed_in(home, "upv", Identity("ada"))
    for workspace in (first, second):
        account = step_at(home, workspace, "account")
        assert (account.state, account.detail) == (StepState.DONE, "Signed in as ada.")


def test_a_newer_sign_in_of_the_runner_counts() -> None:
    found = account_standing(
        STEP,
        StepRecord("login", StepState.DONE, "Signed in as ada.", changed_at_utc=LATER),
        Account("upv", StepState.WAITING, "The sign-in has run out.", at_utc=EARLIER),
        wants_sign_in="",
    )
    assert (found.state, found.detail) == (StepState.DONE, "Signed in as ada.")


def test_a_newer_sign_out_counts() -> None:
    found = account_standing(
        STEP,
        StepRecord("login", StepState.DONE, "Signed in as ada.", changed_at_utc=EARLIER),
        Account("upv", StepState.TODO, "Signed out.", at_utc=LATER),
        wants_sign_in="",
    )
    assert (found.state, found.detail) == (StepState.TODO, "Signed out.")


def test_a_right_that_is_missing_is_told_with_its_remedy(home: Home, first: Workspace) -> None:
    rights = (
        Right("upload images to LUNG", True),
        Right("create datasets", False, "Ask for the role Dataset manager.", "role"),
    )
    signed_in(home, "upv", Identity("ada", rights=rights))
    account = step_at(home, first, "account")
    assert account.state is StepState.DONE
    assert account.detail == "Signed in as ada. The account may not create datasets."
    assert account.next == "Ask for the role Dataset manager."


def _wait_for_sign_in(workspace: Workspace) -> None:
    fill(workspace, [("CT", 60, 0, 60, 0)])
    set_runner(workspace, pid=None, exit_code=5, message="The sign-in has run out.")
    put(workspace, "upload", StepState.WAITING, "The sign-in has run out.")


def test_a_run_that_found_nobody_signed_in_makes_the_account_the_step_to_do(
    home: Home, first: Workspace
) -> None:
    put(first, "login", StepState.DONE, "Signed in as ada.")
    _wait_for_sign_in(first)
    account = step_at(home, first, "account")
    assert (account.state, account.waits_for_others) == (StepState.WAITING, False)
    assert account.detail == "The sign-in has run out; the transfer waits for it."
    assert account.command == "eucaim-transfer login upv"
    assert step_at(home, first, "images").word == "waiting"


def test_after_signing_in_again_the_upload_can_go_on(home: Home, first: Workspace) -> None:
    _wait_for_sign_in(first)
    signed_in(home, "upv", Identity("ada"))
    assert step_at(home, first, "account").state is StepState.DONE
    images = step_at(home, first, "images")
    assert (images.state, images.word) == (StepState.TODO, "to do")
    assert images.command == "eucaim-transfer upload lung-2024"


def test_what_was_asked_for_keeps_person_proof_and_day(home: Home) -> None:
    asked_for(home, "upv", "Ada", "Asked for.", evidence="mail of 12 March", since_utc=EARLIER)
    account = read_account(home, "upv")
    assert account.is_asked_for
    assert (account.person, account.evidence) == ("Ada", "mail of 12 March")
    assert account.since_utc == EARLIER


def test_asking_after_a_sign_in_ran_out_begins_a_new_waiting(home: Home) -> None:
    ran_out(home, "upv", "The sign-in has run out.")
    before = datetime.now(UTC)
    account = asked_for(home, "upv", "Ada", "Asked for.")
    assert datetime.fromisoformat(account.since_utc) >= before.replace(microsecond=0)
    assert account.is_asked_for


def test_what_was_not_asked_for_after_all_waits_no_more(home: Home) -> None:
    asked_for(home, "upv", "Ada", "Asked for.", evidence="a mail")
    account = taken_back(home, "upv", "Ada")
    assert (account.state, account.evidence) == (StepState.TODO, "")


def test_signing_out_forgets_whose_word_it_was(home: Home) -> None:
    asked_for(home, "upv", "Ada", "Asked for.")
    signed_out(home, "upv")
    assert read_account(home, "upv").person == ""


def test_where_nothing_can_be_kept_a_sign_in_stands_and_a_persons_word_is_refused(
    home: Home,
) -> None:
    """A file stands where the folder of the accounts belongs."""
    home.root.mkdir(exist_ok=True)
    (home.root / "accounts").write_bytes(b"")
    signed_in(home, "upv", Identity("ada"))
    assert read_account(home, "upv") == Account("upv")
    with pytest.raises(UsageError, match="A folder that is needed cannot be made"):
        asked_for(home, "upv", "Ada", "Asked for.")


def test_what_several_record_at_one_moment_is_lost_by_none(home: Home) -> None:
    """A person asks for the account while a run, and the doctor, find nobody signed in."""
    together = Barrier(6)

    def person() -> None:
        together.wait(10)
        asked_for(home, "upv", "Ada", "Asked for.", since_utc="2026-03-01T00:00:00.000Z")

    def run() -> None:
        together.wait(10)
        for _ in range(20):
            ran_out(home, "upv", "The sign-in has run out.")

    threads = [Thread(target=work) for work in (person, *[run] * 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    account = read_account(home, "upv")
    assert (account.person, account.since_utc) == ("Ada", "2026-03-01T00:00:00.000Z")
