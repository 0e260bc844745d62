"""Nothing passes the gate but what it let pass itself, at the moment it was asked (LEG-04)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.legal.records import clear, declared, whole
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries
from transfer.legal.entries import Declaration
from transfer.legal.gate import (
    Action,
    Cleared,
    cleared,
    refuse_unless_cleared,
    refuse_unless_confirmed,
)
from transfer.legal.recording import withdraw_entry
from transfer.workspace import Workspace

NAME = "lung-2024"
LOCKED = (
    "Publishing is locked: legal clearance is not recorded."
    " Publishing is locked: DTA signature of the institution's legal representative missing."
    " Publishing is locked: DTA signature of EUCAIM's Scientific Director missing."
)


@pytest.fixture
def clear_ledger(workspace: Workspace, ledger: Ledger) -> Ledger:
    clear(workspace)
    return ledger


@pytest.mark.parametrize("action", list(Action))
def test_each_action_is_locked_without_a_record(ledger: Ledger, action: Action) -> None:
    with pytest.raises(StepBlocked) as refused:
        refuse_unless_cleared(ledger, action)
    assert refused.value.what == LOCKED
    assert refused.value.exit_code == 3
    assert "eucaim-transfer legal NAME --record FILE.toml" in refused.value.remedy


@pytest.mark.parametrize("action", list(Action))
def test_a_confirmation_alone_opens_nothing(ledger: Ledger, action: Action) -> None:
    with pytest.raises(StepBlocked, match="legal clearance is not recorded"):
        cleared(ledger, action, confirm=NAME)


@pytest.mark.parametrize("action", list(Action))
def test_a_whole_record_and_the_name_open_it(clear_ledger: Ledger, action: Action) -> None:
    leave = cleared(clear_ledger, action, confirm=NAME)
    assert (leave.action, leave.transfer, leave.node) == (action, NAME, "upv")
    assert len(leave.record_sha256) == 64


def test_an_action_that_nobody_knows_is_not_let_pass(clear_ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="'delete' is not a valid Action"):
        refuse_unless_cleared(clear_ledger, "delete")  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", [None, ""])
def test_without_a_typed_name_nothing_passes(clear_ledger: Ledger, typed: str | None) -> None:
    with pytest.raises(UsageError, match="its name has to be typed") as refused:
        cleared(clear_ledger, Action.RELEASE, confirm=typed)
    assert refused.value.remedy.endswith("--confirm lung-2024")


@pytest.mark.parametrize(
    "typed", ["LUNG-2024", "lung-2024 ", " lung-2024", "lung-202", "lung-20244", "lung\u20102024"]
)
def test_the_name_is_compared_to_the_letter(typed: str) -> None:
    with pytest.raises(UsageError, match="The name that was typed is another one"):
        refuse_unless_confirmed(NAME, typed)


def test_the_name_of_the_dataset_can_be_asked_for_instead(clear_ledger: Ledger) -> None:
    cleared(clear_ledger, Action.PUBLISH, name="Lung CT", confirm="Lung CT")
    with pytest.raises(UsageError, match="another one"):
        cleared(clear_ledger, Action.PUBLISH, name="Lung CT", confirm=NAME)


def test_a_record_that_another_process_withdrew_counts_no_more_at_once(
    clear_ledger: Ledger, workspace: Workspace
) -> None:
    cleared(clear_ledger, Action.RELEASE, confirm=NAME)
    with Ledger.open(workspace.ledger) as other:
        withdraw_entry(other, "clearance", "Ada", "It was for another project")
    with pytest.raises(StepBlocked, match=r"^Publishing is locked: legal clearance is not record"):
        cleared(clear_ledger, Action.RELEASE, confirm=NAME)


def test_the_gate_reads_with_a_reading_connection_too(
    clear_ledger: Ledger, workspace: Workspace
) -> None:
    with Ledger.open(workspace.ledger, read_only=True) as reader:
        assert cleared(reader, Action.PUBLISH, confirm=NAME).transfer == NAME


def test_a_sandbox_record_does_not_open_a_node_that_is_none_now(ledger: Ledger) -> None:
    """The profile may point elsewhere since the record was taken."""
    add_entries(ledger, [replace(entry, is_sandbox=True) for entry in whole()])
    cleared(ledger, Action.RELEASE, confirm=NAME, is_sandbox_node=True)
    with pytest.raises(StepBlocked) as refused:
        cleared(ledger, Action.RELEASE, confirm=NAME)
    assert refused.value.what == LOCKED


def test_the_leave_serves_for_its_own_action_alone(clear_ledger: Ledger) -> None:
    leave = cleared(clear_ledger, Action.RELEASE, confirm=NAME)
    with pytest.raises(StepBlocked, match="not for this action"):
        leave.spend(Action.PUBLISH, node="upv")
    with pytest.raises(StepBlocked, match="not for this action"):
        leave.spend(Action.RELEASE, node="health-ri")
    leave.spend(Action.RELEASE, node="upv")


def test_the_leave_serves_once(clear_ledger: Ledger) -> None:
    leave = cleared(clear_ledger, Action.ACCESSIBILITY, confirm=NAME)
    leave.spend(Action.ACCESSIBILITY, node="upv")
    with pytest.raises(StepBlocked, match="not for this action"):
        leave.spend(Action.ACCESSIBILITY, node="upv")


def test_a_leave_that_was_kept_serves_no_more_once_the_record_is_withdrawn(
    clear_ledger: Ledger,
) -> None:
    leave = cleared(clear_ledger, Action.RELEASE, confirm=NAME)
    withdraw_entry(clear_ledger, "clearance", "Grace Hopper", "Too early")
    with pytest.raises(StepBlocked, match="legal clearance is not recorded"):
        leave.spend(Action.RELEASE, node="upv")


def test_a_leave_is_for_the_record_that_was_judged(clear_ledger: Ledger) -> None:
    leave = cleared(clear_ledger, Action.RELEASE, confirm=NAME)
    add_entries(clear_ledger, [declared(Declaration.CLEARANCE, ticket="HLP 4712")])
    with pytest.raises(StepBlocked, match="changed at this very moment"):
        leave.spend(Action.RELEASE, node="upv")


def test_a_leave_is_spent_in_any_thread(clear_ledger: Ledger) -> None:
    leave = cleared(clear_ledger, Action.ACCESSIBILITY, confirm=NAME)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(leave.spend, Action.ACCESSIBILITY, node="upv").result()


def test_only_the_gate_makes_one() -> None:
    with pytest.raises(TypeError, match="only the gate makes a Cleared"):
        Cleared(object(), Action.RELEASE, NAME, "upv", "0" * 64, lambda: "0" * 64)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_one_is_neither_copied_nor_pickled(
    clear_ledger: Ledger, way: Callable[[object], Any]
) -> None:
    leave = cleared(clear_ledger, Action.RELEASE, confirm=NAME)
    with pytest.raises(TypeError, match="a Cleared is not copied"):
        way(leave)


@pytest.mark.parametrize("name", ["action", "node", "_is_spent", "_judged_again", "transfer"])
def test_one_is_not_changed(clear_ledger: Ledger, name: str) -> None:
    leave = cleared(clear_ledger, Action.RELEASE, confirm=NAME)
    with pytest.raises(AttributeError, match="a Cleared is not changed"):
        setattr(leave, name, "upv")
    with pytest.raises(AttributeError, match="a Cleared is not changed"):
        delattr(leave, name)


def test_one_has_no_kinds() -> None:
    with pytest.raises(TypeError, match="a Cleared has no kinds"):
        type("Mine", (Cleared,), {})


def test_another_record_has_another_digest(clear_ledger: Ledger) -> None:
    before = cleared(clear_ledger, Action.RELEASE, confirm=NAME).record_sha256
    assert cleared(clear_ledger, Action.PUBLISH, confirm=NAME).record_sha256 == before
    add_entries(clear_ledger, [declared(Declaration.CLEARANCE, ticket="HLP 4712")])
    assert cleared(clear_ledger, Action.RELEASE, confirm=NAME).record_sha256 != before
