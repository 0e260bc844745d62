"""A damaged ledger put back from its copy, or made anew, with what persons gave."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.damaging import empty, lose, put_foreign, ruin_header, ruin_instances
from tests.legal.records import declared
from transfer.errors import LedgerDamaged, RunnerHeld, StepBlocked, UsageError
from transfer.ledger.backup import backup_of, keep_backup
from transfer.ledger.batches import lease_next
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import Holder, asks_first
from transfer.ledger.legal import add_entries, legal_history
from transfer.ledger.order import Word, last_word, read_order, record_word
from transfer.ledger.regained import is_seen, is_unseen, refuse_unseen
from transfer.ledger.retention import begin_removal
from transfer.ledger.selection import add_rule, selection_rules
from transfer.ledger.waivers import release, released
from transfer.legal.entries import Declaration
from transfer.recovering.look import look_at
from transfer.recovering.rebuild import rebuild
from transfer.recovering.restore import restore
from transfer.workspace import Home, Workspace


def _keep(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        keep_backup(ledger)


@pytest.mark.parametrize("harm", [ruin_header, ruin_instances, empty, lose, put_foreign])
def test_words_and_legal_entries_since_the_copy_are_in_the_ledger_that_is_put_back(
    workspace: Workspace, harm: object
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("counted", "1", "Ada", "before"))
        keep_backup(ledger)
        record_word(ledger, Word("counted", "2", "Grace", "after"))
        add_entries(ledger, [declared(Declaration.CLEARANCE)])
    assert callable(harm)
    harm(workspace.ledger)
    found = restore(workspace)
    assert (found.words, found.legal, found.is_chosen) == (1, 1, False)
    with Ledger.open(workspace.ledger) as ledger:
        assert ledger.rows("SELECT person FROM word ORDER BY id") == [("Ada",), ("Grace",)]
        assert [entry.person for entry in legal_history(ledger)] == ["Clara Juris"]
        assert asks_first(ledger)
    assert look_at(workspace).is_sound


def test_a_transfer_whose_ledger_is_lost_is_still_listed(home: Home, workspace: Workspace) -> None:
    _keep(workspace)
    lose(workspace.ledger)
    assert home.names() == ["lung"]
    with pytest.raises(LedgerDamaged, match="missing"):
        Ledger.open(home.workspace("lung").ledger)


def test_what_was_chosen_since_the_copy_keeps_everything_back_until_a_person_has_looked(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        keep_backup(ledger)
        add_rule(ledger, "exclude", "key", "P1", person="Ada", reason="withdrew")
    ruin_header(workspace.ledger)
    assert restore(workspace).is_chosen
    with Ledger.open(workspace.ledger) as ledger:
        assert selection_rules(ledger) == []
        with pytest.raises(StepBlocked, match="Nothing goes until a person has looked"):
            refuse_unseen(ledger)
        is_seen(ledger)
        refuse_unseen(ledger)


def test_a_word_on_a_patient_whom_the_copy_does_not_know_is_never_anothers(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        keep_backup(ledger)
        release(ledger, "DID-03", 2, "0010,4000", "Ada", "agreed")
        release(ledger, "DID-03", 3, "0010,4000", "Ada", "agreed")
    ruin_header(workspace.ledger)
    found = restore(workspace)
    assert (found.words, found.again) == (1, 1)
    with Ledger.open(workspace.ledger) as ledger:
        assert released(ledger, "DID-03") == {2: frozenset({"0010,4000"})}


def test_a_damaged_copy_is_not_put_back(workspace: Workspace) -> None:
    _keep(workspace)
    ruin_header(workspace.ledger)
    backup = backup_of(workspace.ledger)
    backup.write_bytes(backup.read_bytes()[:8192])
    before = workspace.ledger.read_bytes()
    with pytest.raises(UsageError, match="no copy of this transfer's ledger that is whole"):
        restore(workspace)
    assert workspace.ledger.read_bytes() == before


def test_nobody_puts_a_ledger_back_under_a_living_runner(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        keep_backup(ledger)
        holder = Holder.take(workspace.lock, ledger, "send")
        with pytest.raises(RunnerHeld, match="works on this transfer"):
            restore(workspace)
        holder.drop()


def test_a_ledger_made_anew_has_the_order_the_legal_record_and_words_but_none_on_rows(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        made_at = read_order(ledger).created_at_utc
        record_word(ledger, Word("counted", "1", "Ada", "counted there"))
        release(ledger, "DID-03", 2, "0010,4000", "Ada", "agreed")
        add_entries(ledger, [declared(Declaration.CLEARANCE)])
    ruin_instances(workspace.ledger)
    made = rebuild(workspace)
    assert made.again == {
        "words": 1,
        "answers": 0,
        "selection": 0,
        "mends": 0,
        "timepoints": 0,
    }
    with Ledger.open(workspace.ledger) as ledger:
        assert read_order(ledger).created_at_utc == made_at
        assert ledger.number("SELECT count(*) FROM instance") == 0
        word = last_word(ledger, "counted")
        assert word is not None
        assert word.person == "Ada"
        assert released(ledger, "DID-03") == {}
        assert [entry.what for entry in legal_history(ledger)] == ["clearance"]
        assert asks_first(ledger)
        assert not is_unseen(ledger)


def test_a_rule_that_names_rows_is_not_taken_over_and_nothing_goes_without_a_look(
    workspace: Workspace,
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        add_rule(ledger, "exclude", "modality", "MR", person="Ada", reason="CT alone")
        add_rule(ledger, "exclude", "key", "P1", person="Ada", reason="withdrew")
    ruin_instances(workspace.ledger)
    made = rebuild(workspace)
    assert made.again["selection"] == 1
    with Ledger.open(workspace.ledger) as ledger:
        assert [(r.subject, r.value) for r in selection_rules(ledger)] == [("modality", "MR")]
        assert is_unseen(ledger)


def test_a_ledger_is_not_made_anew_of_what_was_purged(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        begin_removal(ledger, "0" * 64)
    with pytest.raises(StepBlocked, match="originals of this transfer are removed"):
        rebuild(workspace)


def test_without_any_order_left_the_way_out_is_a_new_transfer(workspace: Workspace) -> None:
    ruin_header(workspace.ledger)
    with pytest.raises(UsageError, match="what was ordered"):
        rebuild(workspace)
    assert not list(workspace.folder.glob("*.part*"))


def test_an_older_ledger_that_somebody_put_back_is_known_by_the_requests_that_were_made(
    workspace: Workspace, tmp_path: Path
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        holder = Holder.take(workspace.lock, ledger, "send")
        with ledger.transaction():
            ledger.write("INSERT INTO batch (state) VALUES ('planned')")
        older = tmp_path / "older.sqlite"
        ledger.copy_to(older)
        assert lease_next(ledger) is not None
        holder.release(ledger, 130)
    lose(workspace.ledger)
    shutil.copy(older, workspace.ledger)
    with Ledger.open(workspace.ledger) as ledger:
        Holder.take(workspace.lock, ledger, "send").drop()
        assert asks_first(ledger)


def test_a_ledger_that_knows_every_request_is_not_doubted(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        holder = Holder.take(workspace.lock, ledger, "send")
        with ledger.transaction():
            ledger.write("INSERT INTO batch (state) VALUES ('planned')")
        assert lease_next(ledger) is not None
        holder.drop()
        Holder.take(workspace.lock, ledger, "send").drop()
        assert not asks_first(ledger)
