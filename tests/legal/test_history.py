"""The record is superseded, never overwritten."""

from __future__ import annotations

import sqlite3

import pytest

from tests.legal.records import NOW, clear, declared, whole
from transfer.errors import LedgerDamaged, StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries, current_entries, legal_history
from transfer.legal.entries import Declaration, LegalEntry, State
from transfer.legal.record_file import Record
from transfer.legal.recording import sandbox_record, take_record, withdraw_entry
from transfer.legal.standing import read_legal
from transfer.workspace import Workspace

CLEARANCE = Declaration.CLEARANCE


def test_a_later_entry_counts_and_the_earlier_one_is_kept(ledger: Ledger) -> None:
    add_entries(ledger, whole())
    add_entries(ledger, [declared(CLEARANCE, day="2026-04-01")])
    assert current_entries(ledger)[CLEARANCE].day == "2026-04-01"
    kept = [entry.day for entry in legal_history(ledger) if entry.what == CLEARANCE]
    assert kept == ["2026-03-12", "2026-04-01"]


def test_a_later_entry_counts_as_a_whole(ledger: Ledger) -> None:
    """Parts of two records are not put together to one that nobody entered."""
    add_entries(ledger, whole())
    add_entries(ledger, [declared(CLEARANCE, sha256="")])
    gaps = read_legal(ledger, is_sandbox_node=False).gaps
    assert [gap.rule for gap in gaps] == ["LEG-03"]


def test_the_same_record_twice_is_one(ledger: Ledger) -> None:
    assert len(add_entries(ledger, whole())) == 3
    assert add_entries(ledger, whole()) == []
    assert len(legal_history(ledger)) == 3


@pytest.mark.parametrize("sql", ["UPDATE legal SET person = 'Eve'", "DELETE FROM legal"])
def test_the_schema_itself_refuses_to_change_or_remove_an_entry(
    ledger: Ledger, workspace: Workspace, sql: str
) -> None:
    clear(workspace)
    with pytest.raises(LedgerDamaged), ledger.transaction():
        ledger.write(sql)
    with (
        sqlite3.connect(workspace.ledger) as other,
        pytest.raises(sqlite3.IntegrityError, match="superseded"),
    ):
        other.execute(sql)
    assert [entry.person for entry in legal_history(ledger)] == [
        "Clara Juris",
        "Ines Legal",
        "Luis Science",
    ]


def test_an_entry_is_there_to_its_end_or_not_at_all(ledger: Ledger) -> None:
    """Three entries of one record, and the third cannot be kept."""
    broken = declared(Declaration.EUCAIM, person=None)
    with pytest.raises(LedgerDamaged):
        add_entries(ledger, [*whole()[:2], broken])
    assert legal_history(ledger) == []


def test_the_ledger_is_written_through_to_the_disk(ledger: Ledger) -> None:
    with ledger.transaction(durable=False):
        assert ledger.number("PRAGMA synchronous") == 1
    add_entries(ledger, whole())
    assert ledger.number("PRAGMA synchronous") == 2


def test_the_history_of_the_transfer_names_no_person(ledger: Ledger) -> None:
    add_entries(ledger, whole())
    told = [text for (text,) in ledger.rows("SELECT text FROM event WHERE kind = 'legal'")]
    assert told == [
        "Clearance by EUCAIM's legal team: there.",
        "DTA signature of the institution's legal representative: there.",
        "DTA signature of EUCAIM's Scientific Director: there.",
    ]


def test_what_is_withdrawn_counts_no_more_and_is_kept_with_person_and_reason(
    ledger: Ledger,
) -> None:
    add_entries(ledger, whole())
    withdraw_entry(ledger, "clearance", "Grace Hopper", "Signed for another project")
    found = current_entries(ledger)["clearance"]
    assert (found.state, found.entered_by, found.reason) == (
        State.WITHDRAWN,
        "Grace Hopper",
        "Signed for another project",
    )
    assert [e.state for e in legal_history(ledger) if e.what == "clearance"] == [
        State.THERE,
        State.WITHDRAWN,
    ]


def test_what_was_withdrawn_can_be_recorded_anew(ledger: Ledger) -> None:
    add_entries(ledger, whole())
    withdraw_entry(ledger, "clearance", "Grace Hopper", "Too early")
    add_entries(ledger, whole())
    assert read_legal(ledger, is_sandbox_node=False).is_whole
    assert len(legal_history(ledger)) == 5


@pytest.mark.parametrize(
    ("what", "person", "reason", "told"),
    [
        ("everything", "Grace", "Why not", "nothing of that name"),
        ("clearance", "", "Why not", "needs a person and a reason"),
        ("clearance", "Grace", " ", "needs a person and a reason"),
        ("clearance", "eucaim-transfer", "Why not", "names no person"),
        ("clearance", "Grace\x1b[2J", "Why not", "a control character"),
        ("clearance", "Grace", "x" * 501, "is longer than 500 characters"),
        ("dpia", "Grace", "Why not", "Nothing is recorded that could be withdrawn"),
    ],
)
def test_a_withdrawal_that_says_too_little_changes_nothing(
    ledger: Ledger, what: str, person: str, reason: str, told: str
) -> None:
    add_entries(ledger, whole())
    with pytest.raises(UsageError, match=told):
        withdraw_entry(ledger, what, person, reason)
    assert read_legal(ledger, is_sandbox_node=False).is_whole


def test_what_is_withdrawn_cannot_be_withdrawn_twice(ledger: Ledger) -> None:
    add_entries(ledger, whole())
    withdraw_entry(ledger, "clearance", "Grace", "Too early")
    with pytest.raises(UsageError, match="Nothing is recorded"):
        withdraw_entry(ledger, "clearance", "Grace", "Too early")


def test_the_sandbox_record_is_whole_and_says_what_it_is(ledger: Ledger) -> None:
    take_record(ledger, sandbox_record(NOW), is_sandbox_node=True)
    standing = read_legal(ledger, is_sandbox_node=True)
    assert standing.is_whole
    assert standing.missing_papers == []
    assert len(standing.entries) == 17
    assert {entry.is_sandbox for entry in standing.entries.values()} == {True}
    assert {e.person.split()[0] for e in standing.entries.values() if e.person} == {"Sandbox"}


def test_the_sandbox_record_is_refused_elsewhere_and_nothing_of_it_is_kept(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="the node is no sandbox: nothing was recorded"):
        take_record(ledger, sandbox_record(NOW), is_sandbox_node=False)
    assert legal_history(ledger) == []


def test_a_reason_that_tells_of_a_patient_is_not_kept(ledger: Ledger) -> None:
    """The history outlives the originals: a purge cannot take it out."""
    clear_entries = add_entries(ledger, whole())
    ledger.write("INSERT INTO patient (original_id, original_name) VALUES ('NHC-1907246', '')")
    with pytest.raises(StepBlocked) as refused:
        withdraw_entry(ledger, "clearance", "Grace Hopper", "nhc 1907246 withdrew")
    assert "1907246" not in str(refused.value)
    paper = LegalEntry(
        "application-form", State.NOT_APPLICABLE, reason="Of NHC-1907246", entered_by="Ada"
    )
    with pytest.raises(StepBlocked):
        take_record(ledger, Record((paper,)), is_sandbox_node=False)
    assert len(legal_history(ledger)) == len(clear_entries)
